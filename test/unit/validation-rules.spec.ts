import { ValidateBy } from 'class-validator';

import { validator } from '../../src/http/input/class-validator.js';

const Refused = (name: string, groups: string[] = []): PropertyDecorator =>
  ValidateBy({ name, validator: { validate: () => false } }, { groups });

class Base {
  @Refused('inherited')
  inherited = 1;

  @Refused('replaced')
  own = 1;
}

class Derived extends Base {
  @Refused('own')
  declare own: number;

  @Refused('created', ['create'])
  @Refused('updated', ['update'])
  grouped = 1;
}

const refusalsOf = (groups?: string[]): string[] =>
  validator
    .validateSync(new Derived(), groups && { groups })
    .flatMap(({ constraints }) => Object.keys(constraints ?? {}))
    .sort();

it('rules of a class are gathered again for each choice of groups', () => {
  expect(refusalsOf(['create'])).toEqual(['created']);
  expect(refusalsOf(['update'])).toEqual(['updated']);
});

it('rules are those of the class and of the classes that it extends, each time', () => {
  const all = refusalsOf();
  expect(all).toEqual(expect.arrayContaining(['own', 'inherited']));
  expect(refusalsOf()).toEqual(all);
});
