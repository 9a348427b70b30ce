/** Values for a schema of openapi.json: well-formed, on the border of what is allowed, and broken. */
import fc from 'fast-check';

/** A value that an earlier answer gave. Plain data, so that a sequence can be printed. @param kind see LEARNED */
const known = (kind) => fc.nat({ max: 9 }).map((pick) => ({ $known: kind, pick }));

/** The name of a parameter or field, and what earlier answers give for it. */
const LEARNED = {
  task_id: 'task',
  post_id: 'post',
  id: 'script',
  user_id: 'user',
  actor: 'user',
  subject: 'user',
  session_id: 'session',
  username: 'username',
  email: 'email',
  cursor: 'cursor',
  after: 'cursor',
  token: 'token',
  code: 'code',
  refresh_token: 'refresh',
  password: 'password',
  current_password: 'own password',
};

/** What is no text that PostgreSQL can hold, or looks like something to an interpreter. */
const ODD_TEXTS = [
  '',
  ' ',
  '\t\r\n',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udfff',
  '\ufeff',
  '\u202etxt',
  '\u2028',
  '👩‍👩‍👧‍👦',
  'e\u0301',
  'İ@x.org',
  "' OR 1=1 --",
  '"; DROP',
  '%',
  '_%\\',
  '%s%n',
  '{{7*7}}${7*7}<%= 7 %>',
  '<script>alert(1)</script>',
  '../../../etc/passwd',
  '\r\nX-Injected: 1',
  '__proto__',
  'constructor',
  'null',
  'true',
  '1e3',
  'NaN',
];

const ODD_NUMBERS = [0, -1, -0, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 2 ** 63, 1e21, 1e308, 5e-324];

const BROKEN = fc.oneof(
  fc.constantFrom(null, true, false, [], {}, [[]], [null], { $: 1 }, { constructor: { prototype: 1 } }, ...ODD_NUMBERS),
  fc.constantFrom(...ODD_TEXTS),
  fc.array(fc.constantFrom('x', 1, null), { maxLength: 5 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** What normalises, encodes or trims them may take time that grows with their square. */
const DEAR_TEXTS = [
  `x${' '.repeat(90_000)}x`,
  `a${'\u0301'.repeat(20_000)}${'\u0323'.repeat(20_000)}`,
  `a@${Array.from({ length: 30_000 }, (_, n) => String.fromCharCode(0x4e00 + (n % 20_000))).join('')}`,
];

const NEVER_WELL_FORMED = fc.constantFrom(...ODD_TEXTS, 'x'.repeat(10_000), ...DEAR_TEXTS);

const text = (minLength, maxLength) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 40) }) },
    {
      weight: 1,
      arbitrary: fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 40) }),
    },
    { weight: 1, arbitrary: fc.constantFrom('x', '😀').map((unit) => unit.repeat(Math.max(1, maxLength))) },
    { weight: 1, arbitrary: fc.constantFrom('x', '😀').map((unit) => unit.repeat(maxLength + 1)) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_TEXTS, ...DEAR_TEXTS) },
  );

const FORMATS = {
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid({ version: 4 }).map((id) => id.toUpperCase()),
    fc.constant('0'.repeat(36)),
  ),
  email: fc.oneof(
    fc.nat({ max: 999 }).map((number) => `fuzz_${number}@example.org`),
    fc.emailAddress({ size: 'small' }),
    fc.constantFrom(
      'a@b',
      `${'a'.repeat(64)}@example.org`,
      `a@${'b'.repeat(250)}.org`,
      'ä@example.org',
      'a@münchen.de',
    ),
  ),
  password: fc.oneof(
    fc.string({ minLength: 8, maxLength: 72 }),
    fc.constantFrom(
      'password',
      'correct horse battery',
      '😀'.repeat(18),
      '😀'.repeat(19),
      'é'.repeat(36),
      'x'.repeat(73),
    ),
  ),
  'date-time': fc.oneof(
    fc
      .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString()),
    fc.constantFrom('9999-12-31T23:59:60Z', '2021-02-31T00:00:00Z', '0000-01-01T00:00:00Z', '2020-W01', 'infinity'),
  ),
};

/** @param {any} schema of a parameter or field @param {Record<string, any>} schemas of the document */
function fitting(schema, schemas) {
  if (schema.$ref) return fitting(schemas[schema.$ref.split('/').pop()], schemas);
  if (schema.oneOf) return fc.oneof(...schema.oneOf.map((each) => fitting(each, schemas)));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const [type] = [schema.type].flat();
  if (type === 'object') return objectOf(schema, schemas);
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer' || type === 'number')
    return fc.oneof(
      fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000 }),
      fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 1_000),
    );
  if (schema.format in FORMATS) return FORMATS[schema.format];
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
  return text(schema.minLength ?? 0, Math.min(schema.maxLength ?? 50, 8_000));
}

function objectOf({ properties = {}, required = [] }, schemas) {
  const fields = Object.entries(properties).map(([name, schema]) =>
    fc
      .option(valueOf(name, schema, schemas), { nil: undefined, freq: required.includes(name) ? 30 : 2 })
      .map((value) => [name, value]),
  );
  return fc.tuple(...fields).map((pairs) => Object.fromEntries(pairs.filter(([, value]) => value !== undefined)));
}

/** @param {string} name of the parameter or field */
export function valueOf(name, schema, schemas) {
  const kind = LEARNED[name];
  return fc.oneof(
    { weight: kind ? 14 : 0, arbitrary: kind ? known(kind) : fc.constant(null) },
    { weight: kind ? 3 : 14, arbitrary: fitting(schema, schemas) },
    { weight: 1, arbitrary: NEVER_WELL_FORMED },
    { weight: 1, arbitrary: BROKEN },
  );
}

/** As it stands in an address: what is no text is written as text. */
export const addressValueOf = (name, schema, schemas) =>
  valueOf(name, schema, schemas).map((value) =>
    typeof value === 'string' || value?.$known !== undefined ? value : (JSON.stringify(value) ?? ''),
  );

/** The fields of a body, sometimes with one that nobody knows. */
export const bodyOf = (schema, schemas) =>
  fc.oneof(
    { weight: 14, arbitrary: fitting(schema, schemas) },
    { weight: 1, arbitrary: fc.tuple(fitting(schema, schemas), fc.constantFrom(...UNKNOWN)).map(withField) },
  );

const UNKNOWN = ['role', 'id', 'user_id', '__proto__', 'constructor', 'toString', 'a\u0000', 'x'.repeat(500)];

function withField([fields, name]) {
  return Object.defineProperty({ ...fields }, name, { value: 'admin', enumerable: true });
}

/** Bodies that are no object of fields, as bytes in latin1. */
export const RAW_BODIES = [
  '',
  ' ',
  'null',
  '[]',
  '"x"',
  '1e400',
  '{',
  '{}',
  '{"a":1,}',
  '{"title":"a","title":1}',
  '\xef\xbb\xbf{}',
  '\xff\xfe{\x00}\x00',
  '{"title":"\xed\xa0\x80"}',
  '{"title":"\\ud800"}',
  '{"title":"\\u0000"}',
  '{"__proto__":{"polluted":1}}',
  '['.repeat(5_000),
  `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
  `{"title":"${'x'.repeat(101_000)}"}`,
  'title=x&completed=true',
];
