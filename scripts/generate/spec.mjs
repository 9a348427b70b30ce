/** The test of a noun: each behaviour of its routes, with values of its fields. */

export function specOf({ many, one, One }, fields) {
  const required = fields.filter(({ isOptional }) => !isOptional);
  const optional = fields.filter(({ isOptional }) => isOptional);
  const nullable = fields.filter((field) => field.nullable);
  const filters = fields.filter(({ isFilter }) => isFilter);
  const [first, second] = fields;
  return `import { type Create${One}Request, type ${One}Response, unwrap, type Update${One}Request } from 'roost-client';

import { TestApp } from '../support/app.js';
import { collect } from '../support/client.js';
import { person, type Person } from '../support/people.js';
import { expectRefused } from '../support/sessions.js';

type Caller = Pick<Person, 'client'>;

const LEAST: Create${One}Request = { ${required.map(sample).join(', ')} };
const WHOLE: Create${One}Request = { ${fields.map(sample).join(', ')} };
const CHANGED = { ${fields.map(changed).join(', ')} } satisfies Update${One}Request;
const MISSING = 2_147_483_647;

describe('${many}', () => {
  let app: TestApp;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [alice, bob] = [await person(app, 'alice'), await person(app, 'bob')];
  });

  afterAll(() => app.stop());

  const create = ({ client }: Caller, body = WHOLE): Promise<${One}Response> => unwrap(client.post('/${many}', { body }));

  const read = ({ client }: Caller, ${one}_id: number) => client.get('/${many}/{${one}_id}', { path: { ${one}_id } });

  const change = ({ client }: Caller, ${one}_id: number, body: Update${One}Request) =>
    client.put('/${many}/{${one}_id}', { path: { ${one}_id }, body });

  const remove = ({ client }: Caller, ${one}_id: number) => client.delete('/${many}/{${one}_id}', { path: { ${one}_id } });

  it('are refused without a token', async () => {
    const { id } = await create(alice);
    for (const answer of [
      await app.client.get('/${many}'),
      await app.client.post('/${many}', { body: WHOLE }),
      await read(app, id),
      await change(app, id, CHANGED),
      await remove(app, id),
    ])
      expectRefused(answer, 'authentication_required');
  });

  it('are given back as they were written', async () => {
    const answer = await alice.client.post('/${many}', { body: WHOLE });
    const made = await unwrap(answer);
    expect(answer.status).toBe(201);
    expect(made).toEqual({
      id: expect.any(Number),
      user_id: alice.id,
      ...WHOLE,
      created_at: expect.any(String),
      updated_at: made.created_at,
    });
    expect(await unwrap(read(alice, made.id))).toEqual(made);
  });

  it('are made once with an Idempotency-Key', async () => {
    const headers = { 'Idempotency-Key': 'a-key-of-the-tests-for-${many}' };
    const made = await unwrap(alice.client.post('/${many}', { body: WHOLE, headers }));
    expect(await unwrap(alice.client.post('/${many}', { body: WHOLE, headers }))).toEqual(made);
  });
${
  optional.length === 0
    ? ''
    : `
  it('need only what is required', async () => {
    expect(await create(alice, LEAST)).toMatchObject({ ...LEAST, ${optional.map(({ name, nullable: isNull }) => `${name}: ${isNull ? 'null' : 'false'}`).join(', ')} });
  });
`
}
  it.each([
${[...required.map(missing), ...fields.flatMap(badly)].map((row) => `    [${row}],`).join('\n')}
    ['a field that there is not', { not_there: 1 }, '#/not_there', 'unknown_field'],
    ['a chosen id', { id: 7 }, '#/id', 'unknown_field'],
  ])('are refused with %s, and the field is named', async (_, bad, pointer, code) => {
    const { id } = await create(alice);
    const answers = [await alice.api.post('/${many}', { ...LEAST, ...bad })];
    if (code !== 'required') answers.push(await alice.api.put(\`/${many}/\${id}\`, bad));
    for (const { status, body } of answers) {
      expect(status).toBe(422);
      expect(body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
    }
  });

  it.each(Object.entries(CHANGED))('change in %s alone when it is given alone', async (name, value) => {
    const made = await create(alice);
    const now = await unwrap(change(alice, made.id, { [name]: value } as Update${One}Request));
    expect(now).toEqual({ ...made, [name]: value, updated_at: now.updated_at });
    expect(now.updated_at >= made.updated_at).toBe(true);
  });

  it('stay as they are when nothing is given', async () => {
    const made = await create(alice);
    expect(await unwrap(change(alice, made.id, {}))).toEqual(made);
  });
${
  nullable.length === 0
    ? ''
    : `
  it.each([${nullable.map(({ name }) => `'${name}'`).join(', ')}] as const)('are cleared of %s by null', async (name) => {
    const { id } = await create(alice);
    expect((await unwrap(change(alice, id, { [name]: null } as Update${One}Request)))[name]).toBeNull();
  });
`
}${
    second === undefined
      ? ''
      : `
  it('keep two changes of different fields that are made at once', async () => {
    const { id } = await create(alice);
    const both = { ${first.name}: CHANGED.${first.name}, ${second.name}: CHANGED.${second.name} };
    await Promise.all([
      change(alice, id, { ${first.name}: both.${first.name} }),
      change(alice, id, { ${second.name}: both.${second.name} }),
    ]);
    expect(await unwrap(read(alice, id))).toMatchObject(both);
  });
`
  }
  it('are private to their owner', async () => {
    const made = await create(alice);
    for (const answer of [
      await read(bob, made.id),
      await change(bob, made.id, CHANGED),
      await change(bob, made.id, {}),
      await remove(bob, made.id),
    ])
      expectRefused(answer, '${one}_forbidden', 403);
    expect(await unwrap(read(alice, made.id))).toEqual(made);
  });

  it('are 404 where there are none', async () => {
    for (const answer of [
      await read(alice, MISSING),
      await change(alice, MISSING, CHANGED),
      await remove(alice, MISSING),
      await alice.api.get('/${many}/1e3'),
    ])
      expectRefused(answer, '${one}_not_found', 404);
  });

  it('are deleted once, also by two at once', async () => {
    const { id } = await create(alice);
    const answers = await Promise.all([remove(alice, id), remove(alice, id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect((await read(alice, id)).status).toBe(404);
  });

  it('are listed from the newest on, and the pages add up to all of the own ones', async () => {
    const carol = await person(app, 'carol');
    const made: ${One}Response[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift(await create(carol));
    await create(bob);
    const pages = await collect(carol.client.pages('/${many}', { query: { limit: 2 } }));
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(made);
  });
${filters
  .map(
    ({ name }) => `
  it('are filtered by ${name}', async () => {
    const { client, api } = await person(app, 'dave');
    const [yes, no] = [await create({ client }, { ...WHOLE, ${name}: true }), await create({ client }, { ...WHOLE, ${name}: false })];
    expect(await unwrap(client.get('/${many}', { query: { ${name}: true } }))).toEqual([yes]);
    expect(await unwrap(client.get('/${many}', { query: { ${name}: false } }))).toEqual([no]);
    expect((await api.get('/${many}?${name}=yes')).status).toBe(422);
  });
`,
  )
  .join('')}
  it('take a cursor only from the person it was made for', async () => {
    for (let n = 0; n < 2; n += 1) await create(bob);
    const { response } = await bob.client.get('/${many}', { query: { limit: 1 } });
    const cursor = /cursor=([\\w-]+)/.exec(response.headers.get('link') ?? '')?.[1] ?? '';
    const next = ({ client }: Caller) => client.get('/${many}', { query: { cursor } });
    expect((await next(bob)).status).toBe(200);
    expectRefused(await next(alice), 'validation_failed', 422);
  });

  it('are in the export of their owner', async () => {
    const erin = await person(app, 'erin');
    const made = await create(erin);
    expect((await unwrap(erin.client.get('/users/me/export'))).${many}).toEqual([made]);
  });

  it('are 401 and not 500 when the account of a valid token is gone', async () => {
    const ghost = await person(app, 'ghost');
    await create(ghost);
    await app.pool.query('DELETE FROM users WHERE id = $1', [ghost.id]);
    expectRefused(await ghost.client.post('/${many}', { body: WHOLE }), 'invalid_token');
    expect((await app.pool.query('SELECT FROM ${many} WHERE user_id = $1', [ghost.id])).rowCount).toBe(0);
  });
});
`;

  function sample({ name, samples: [value] }) {
    return `${name}: ${value}`;
  }

  function changed({ name, samples: [, value] }) {
    return `${name}: ${value}`;
  }

  function missing({ name }) {
    return `'no ${name}', { ${name}: undefined }, '#/${name}', 'required'`;
  }

  function badly({ name, bad }) {
    return bad.map(([what, value, code]) => `'${what} for ${name}', { ${name}: ${value} }, '#/${name}', '${code}'`);
  }
}
