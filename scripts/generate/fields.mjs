/** Fields, written `title:text:200` or `due_at:timestamptz?`, and what each type is in the code. */
import { camel, checkFieldName } from './names.mjs';
import { Refusal } from './refusal.mjs';

/** More would not fit into a body of 100 kB. */
const TEXT = { default: 1_000, most: 20_000 };

export const TYPES = ['text', 'integer', 'boolean', 'timestamptz', 'uuid'];

/**
 * Of a type: its column, its type in TypeScript, the decorators of requests and of answers, what its rules are (a constant
 * of the DTO), values for the tests, and bad ones with the code of the error.
 */
const KINDS = {
  text: {
    column: ({ max }) => (max === undefined ? 'text' : `varchar(${max})`),
    type: 'string',
    rules: ({ max = TEXT.default, nullable }) =>
      nullable
        ? `{ max: ${grouped(max)}, documented: { nullable: true } }`
        : `{ min: 1, max: ${grouped(max)}, blank: 'refused' } as const`,
    request: ({ rulesName }) => `@Text(${rulesName})`,
    answer: ({ rulesName, nullable }) => `@ApiText(${rulesName}.max${nullable ? ', { nullable: true }' : ''})`,
    samples: ({ max = TEXT.default }) => ['milk', 'bread'].map((text) => `'${text.slice(0, max)}'`),
    bad: ({ max = TEXT.default, nullable }) => [
      ['a number', '7', 'wrong_type'],
      ['too long a text', `'x'.repeat(${grouped(max + 1)})`, 'too_long'],
      ...(nullable ? [] : [['a blank text', `' '`, 'blank']]),
    ],
    nullCode: 'wrong_type',
  },
  integer: {
    column: () => 'integer',
    type: 'number',
    rules: ({ nullable }) => `{ min: -MAX_INTEGER, max: MAX_INTEGER${nullable ? ', nullable: true' : ''} }`,
    request: ({ rulesName }) => `@Integer(${rulesName})`,
    answer: ({ rulesName, nullable }) =>
      `@ApiProperty({ type: 'integer', minimum: ${rulesName}.min, maximum: ${rulesName}.max${nullable ? ', nullable: true' : ''} })`,
    samples: () => ['1', '2'],
    bad: () => [
      ['a text', `'7'`, 'out_of_range'],
      ['a fraction', '1.5', 'out_of_range'],
      ['too large a number', '2_147_483_648', 'out_of_range'],
    ],
    nullCode: 'out_of_range',
  },
  boolean: {
    column: () => 'boolean',
    type: 'boolean',
    request: ({ nullable }) => `@Flag(${nullable ? '{ nullable: true }' : ''})`,
    answer: ({ nullable }) => (nullable ? `@ApiProperty({ type: 'boolean', nullable: true })` : ''),
    samples: () => ['true', 'false'],
    bad: () => [['a text', `'true'`, 'wrong_type']],
    nullCode: 'wrong_type',
  },
  timestamptz: {
    column: () => 'timestamptz(3)',
    type: 'string',
    request: ({ nullable }) => `@Timestamp(${nullable ? '{ nullable: true }' : ''})`,
    answer: ({ nullable }) => `@ApiTime(${nullable ? '{ nullable: true }' : ''})`,
    samples: () => [`'2026-01-31T08:09:10.123Z'`, `'2027-01-31T08:09:10.000Z'`],
    bad: () => [['a day', `'2026-01-31'`, 'wrong_format']],
    nullCode: 'wrong_format',
  },
  uuid: {
    column: () => 'uuid',
    type: 'string',
    request: ({ nullable }) => `@Uuid(${nullable ? '{ nullable: true }' : ''})`,
    answer: ({ nullable }) => `@ApiUuid(${nullable ? '{ nullable: true }' : ''})`,
    samples: () => [`'00000000-0000-4000-8000-000000000001'`, `'00000000-0000-4000-8000-000000000002'`],
    bad: () => [['a text', `'x'`, 'wrong_format']],
    nullCode: 'wrong_format',
  },
};

/** @param texts such as `title:text:200` */
export function fieldsOf(texts) {
  const fields = texts.map(parse);
  const twice = fields.find(({ name }, index) => fields.findIndex((field) => field.name === name) !== index);
  if (twice) throw new Refusal(`The field "${twice.name}" is there twice.`);
  return fields;
}

function parse(text) {
  const [, name, type, max, optional] = /^([^:]*):([^:?]*)(?::(\d{1,9}))?(\?)?$/.exec(text) ?? [];
  if (name === undefined)
    throw new Refusal(`"${text}" is no field. It is a name and a type: title:text:200, body:text? or done:boolean.`);
  checkFieldName(name);
  if (!TYPES.includes(type)) throw new Refusal(`"${type}" is no type of a field. These are: ${TYPES.join(', ')}.`);
  if (max !== undefined && type !== 'text') throw new Refusal(`Only a text has a length: ${name}:${type}`);
  if (max !== undefined && !(max >= 1 && max <= TEXT.most))
    throw new Refusal(`The length of "${name}" must be from 1 to ${TEXT.most} characters.`);
  return field({ name, type, max: max === undefined ? undefined : Number(max), nullable: optional === '?' });
}

function field({ name, type, max, nullable }) {
  const kind = KINDS[type];
  const known = { name, type, max, nullable, camel: camel(name), rulesName: name.toUpperCase() };
  return {
    ...known,
    column: kind.column(known),
    tsType: kind.type + (nullable ? ' | null' : ''),
    /** It may be left out of a new one. */
    isOptional: nullable || type === 'boolean',
    isFilter: type === 'boolean',
    rules: kind.rules?.(known),
    request: kind.request(known),
    answer: kind.answer(known),
    samples: kind.samples(known),
    bad: [...kind.bad(known), ...(nullable ? [] : [['null', 'null', kind.nullCode]])],
  };
}

/** @param migrations texts, in their order @returns the fields of a table that this generator made and added to, or undefined */
export function fieldsOfTable(table, migrations) {
  const all = migrations.join('\n');
  const [, made] = new RegExp(`CREATE TABLE ${table} \\(\\n([^;]*?)\\n *\\);`).exec(all) ?? [];
  if (made === undefined) return undefined;
  const added = [...all.matchAll(new RegExp(`ALTER TABLE ${table} ADD COLUMN ([^\`;']*)`, 'g'))].map(
    ([, line]) => line,
  );
  return [...made.split('\n'), ...added].flatMap((line) => fieldOfColumn(line) ?? []);
}

function fieldOfColumn(line) {
  const column =
    /^\s*(\w+) (text|varchar\((\d+)\)|integer|boolean|timestamptz\(3\)|uuid)( NOT NULL)?(?: DEFAULT false)?,?\s*$/;
  const [, name, written, max, required] = column.exec(line) ?? [];
  if (name === undefined) return undefined;
  const type = written.startsWith('varchar') ? 'text' : written.replace('(3)', '');
  return field({ name, type, max: max === undefined ? undefined : Number(max), nullable: required === undefined });
}

export function columnOf({ name, column, nullable, type }) {
  return `${name} ${column}${nullable ? '' : ' NOT NULL'}${type === 'boolean' && !nullable ? ' DEFAULT false' : ''}`;
}

/** As people write numbers in code: 1_000. */
export function grouped(number) {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, '_');
}
