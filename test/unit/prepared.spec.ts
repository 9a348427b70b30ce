import { preparedName } from '../../src/database/prepared.js';

it('names a statement by its text, anew in each generation', () => {
  const [first, second] = [0, 1].map((generation) => preparedName('SELECT $1', [1], generation));
  expect(first).toMatch(/^roost_[\w-]{43}_0$/);
  expect(second).toBe(first?.replace(/0$/, '1'));
});

it.each([
  ['a page', 'SELECT $1 ORDER BY id LIMIT $2', [1, 2]],
  ['one without parameters', 'SELECT 1', []],
  ['one without values', 'SELECT 1', undefined],
  ['a long one', `SELECT $1 ${' '.repeat(10_000)}`, [1]],
])('sends %s as it is', (_, text, values) => {
  expect(preparedName(text, values)).toBeUndefined();
});

it('keeps its names for others, however many pages there are', () => {
  for (let number = 0; number < 500; number += 1) preparedName(`SELECT $1, ${number} ORDER BY id LIMIT 5`, [1]);
  expect(preparedName('SELECT $1, 500', [1])).toBeDefined();
});
