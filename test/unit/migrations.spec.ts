/** Migrations expand first: the version before still serves while they run, and after them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '../../src/database/migrations');
/** Up to here they made the first schema. */
const LAST_BASELINE = '1763830005000';

const FORBIDDEN: readonly [string, RegExp][] = [
  ['takes away what the version before reads', /\b(?:DROP (?:TABLE|COLUMN|VIEW|SCHEMA)|TRUNCATE)\b/i],
  ['renames what the version before reads', /\bRENAME\b/i],
  ['may rewrite a table, or refuse what the version before writes', /\bALTER COLUMN\b/i],
  ['refuses what the version before writes', /\bADD COLUMN (?![^,;]*\bDEFAULT\b)[^,;]*\bNOT NULL\b/i],
  ['reads a whole table under its lock', /\bADD CONSTRAINT (?![^;]*\b(?:NOT VALID|USING INDEX)\b)/i],
];

/** Only widens a type, which neither rewrites nor refuses anything. */
const ALLOWED = new Set([
  '1763850000000-order-of-sessions.ts: may rewrite a table, or refuse what the version before writes',
]);

/** What its `up` does. */
const statementsOf = (text: string): string => /async up\([\s\S]*?\n {2}\}\n/.exec(text)?.[0] ?? text;

/** A migration of its own takes things away, once no version that is released reads them. */
const isRemoval = (name: string): boolean => /^\d+-drop-/.test(name);

const faultsOf = (up: string): string[] => {
  const made = new Set([...up.matchAll(/CREATE TABLE (\w+)/gi)].map(([, name]) => name));
  const indexed = [...up.matchAll(/CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)\w+ ON (\w+)/gi)].map(([, name]) => name);
  return [
    ...FORBIDDEN.filter(([, pattern]) => pattern.test(up)).map(([fault]) => fault),
    ...indexed.filter((table) => !made.has(table)).map((table) => `blocks the writers of ${table ?? ''} for an index`),
  ];
};

describe('a migration', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts') && name > LAST_BASELINE && !isRemoval(name));

  it.each(files)('%s leaves the version before at work', (name) => {
    const faults = faultsOf(statementsOf(readFileSync(join(FOLDER, name), 'utf8'))).map((fault) => `${name}: ${fault}`);
    expect(faults.filter((fault) => !ALLOWED.has(fault))).toEqual([]);
  });

  it.each([
    ['DROP TABLE users'],
    ['ALTER TABLE users DROP COLUMN title'],
    ['ALTER TABLE users RENAME COLUMN title TO name'],
    ['ALTER TABLE users ALTER COLUMN title SET NOT NULL'],
    ['ALTER TABLE users ADD COLUMN due timestamptz NOT NULL'],
    ['ALTER TABLE users ADD CONSTRAINT users_due_check CHECK (due > created_at)'],
    ['CREATE INDEX users_due_idx ON users (due)'],
  ])('is found out: %s', (statement) => {
    expect(faultsOf(statement)).toHaveLength(1);
  });

  it.each([
    ['ALTER TABLE users ADD COLUMN due timestamptz'],
    [`ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT ''`],
    ['ALTER TABLE users ADD CONSTRAINT users_due_check CHECK (due > created_at) NOT VALID'],
    ['CREATE TABLE notes (id integer); CREATE INDEX notes_idx ON notes (id)'],
  ])('may: %s', (statement) => {
    expect(faultsOf(statement)).toEqual([]);
  });
});
