/** `npm run generate`: writes the files of a noun, adds a field to one, or removes one. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { EDITED, editsOf } from './generate/edits.mjs';
import { fieldsOf, fieldsOfTable, TYPES } from './generate/fields.mjs';
import { mergedWith } from './generate/merge.mjs';
import { nounOf } from './generate/names.mjs';
import { addingMigrationOf, filesOf, migrationOf } from './generate/noun.mjs';
import { checkNew, checkUnchanged } from './generate/place.mjs';
import { Refusal } from './generate/refusal.mjs';
import { checkUnused, droppingMigrationOf, editsWithout, ownPathsOf } from './generate/remove.mjs';
import { isShipped, removalOf, SHIPPED } from './generate/shipped.mjs';
import { migrationsSince } from './generate/tables.mjs';

const ROOT = join(import.meta.dirname, '..');

const USAGE = `Usage:
  npm run generate -- noun notes title:text:200 'body:text?' done:boolean
      writes a module with these fields, its migration and its test
  npm run generate -- field notes 'due_at:timestamptz?'
      adds a field to a noun that was generated
  npm run generate -- remove notes
      removes it again; a migration drops its table
  npm run generate -- remove timeline
      removes a module that Roost came with: ${Object.keys(SHIPPED).join(', ')}

A field is a name and a type: ${TYPES.join(', ')}. A text may have a length. With ? it may be null.

  --singular person   one of the noun, where the last letters do not tell it
  --force             also over changes that are not committed`;

const OPTIONS = { singular: { type: 'string' }, force: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
  const [command, name, ...fields] = positionals;
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else if (command === 'noun' && fields.length > 0) await addNoun(name, fields, values);
  else if (command === 'field' && fields.length === 1) await addField(name, fields, values);
  else if (command === 'remove' && fields.length === 0 && name !== undefined) await remove(name, values);
  else {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
  }
}

async function addNoun(name, texts, { singular, force }) {
  const noun = nounOf(name, singular);
  const fields = fieldsOf(texts);
  const files = {
    ...(await filesOf(ROOT, noun, fields)),
    ...Object.fromEntries([await migrationOf(ROOT, noun, fields)]),
  };
  checkNew(ROOT, noun, files);
  if (!force) checkUnchanged(ROOT, EDITED);
  const edits = await editsOf(ROOT, noun, fields);
  write({ ...files, ...edits });
  tell({ Written: Object.keys(files), Changed: Object.keys(edits) });
  next(`npx jest test/e2e/${noun.many}.spec.ts`);
}

async function addField(name, texts, { force }) {
  const noun = nounOf(name, singularIn(name));
  const [field] = fieldsOf(texts);
  if (!field.isOptional)
    throw new Refusal(
      `Rows that exist have no ${field.name}: let it be null (${texts[0]}?), or write the migration by hand.`,
    );
  const migrations = migrationsSince(ROOT, noun.many).map(({ text }) => text);
  const fields = fieldsOfTable(noun.many, migrations) ?? [];
  if (fields.some((each) => each.name === field.name))
    throw new Refusal(`${noun.Many} have a field "${field.name}" already.`);
  const before = await filesOf(ROOT, noun, fields);
  const after = await filesOf(ROOT, noun, [...fields, field]);
  if (!force) checkUnchanged(ROOT, Object.keys(after));
  const { texts: changed, conflicts } = await mergedWith(ROOT, before, after);
  const [path, migration] = await addingMigrationOf(ROOT, noun, field);
  write({ ...changed, [path]: migration });
  tell({ Written: [path], Changed: Object.keys(changed) });
  next(`npx jest test/e2e/${noun.many}.spec.ts`);
  if (conflicts.length > 0) {
    process.stderr.write(
      `\nThese files were changed where the field belongs. Solve the conflicts that are marked in them:\n${list(conflicts)}\n`,
    );
    process.exitCode = 1;
  }
}

async function remove(name, { force }) {
  if (isShipped(ROOT, name)) return removeShipped(name, { force });
  const noun = nounOf(name, singularIn(name));
  checkUnused(ROOT, noun);
  const own = ownPathsOf(ROOT, noun);
  if (!force) checkUnchanged(ROOT, [...own, ...EDITED]);
  const edits = await editsWithout(ROOT, noun);
  const [path, migration] = await droppingMigrationOf(ROOT, noun);
  write({ ...edits, [path]: migration });
  for (const each of own) rmSync(join(ROOT, each), { recursive: true });
  process.stdout.write(`${dropped([noun.many], path)}\n`);
  tell({ Removed: own, Written: [path], Changed: EDITED });
  next('npx jest test/routes.spec.ts test/e2e/schema.spec.ts');
}

/** The tests of nearly every file change: all of the project is committed first. */
async function removeShipped(name, { force }) {
  if (!force) checkUnchanged(ROOT, ['.'], { ignored: 'no' });
  const { written, moved, removed, tests, mentions } = await removalOf(ROOT, name);
  write(written);
  for (const [from, to] of Object.entries(moved)) {
    mkdirSync(dirname(join(ROOT, to)), { recursive: true });
    renameSync(join(ROOT, from), join(ROOT, to));
  }
  for (const each of [...removed, ...SHIPPED[name].folders]) rmSync(join(ROOT, each), { recursive: true, force: true });
  const path = Object.keys(written).find((each) => each.endsWith(`-drop-${name}.ts`));
  const titles = Object.values(tests).flat();
  const lines = Object.entries(mentions).map(([file, numbers]) => `${file}: ${numbers.join(', ')}`);
  process.stdout.write(`${dropped(SHIPPED[name].tables, path)}
Files: ${removed.length} removed, ${Object.keys(moved).length} moved, ${Object.keys(written).length} changed (git status).
Tests of other files that were about it, and are gone: ${titles.length} (git diff test).
`);
  if (lines.length > 0) tell({ 'These lines still speak of it. Read them': lines });
  next('npm run security:scorecard');
}

/** As the code has it. */
function singularIn(name) {
  const query = join(ROOT, `src/${name}/${name}.query.ts`);
  const [, One] = (existsSync(query) && /export function select(\w+)Page\(/.exec(readFileSync(query, 'utf8'))) || [];
  if (One === undefined || isShipped(ROOT, name)) throw new Refusal(`"${name}" is no noun that this command has made.`);
  return One.toLowerCase();
}

function write(files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}

function tell(paths) {
  const done = Object.entries(paths)
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}:\n${list(names)}\n`);
  process.stdout.write(done.join(''));
}

function next(step) {
  process.stdout.write(`Next:
  npm run openapi    writes openapi.json and the types of the client
  ${step}
  npm run check      is what CI runs
`);
}

function dropped(tables, migration) {
  return `The next start drops ${tables.join(', ')} with all rows (${migration}). Before that: npm run db:backup`;
}

function list(paths) {
  return paths.map((path) => `  ${path}`).join('\n');
}

try {
  await main();
} catch (error) {
  const isMisused = error.code?.startsWith('ERR_PARSE_ARGS') ?? false;
  process.stderr.write(`${isMisused || error instanceof Refusal ? error.message : error.stack}\n`);
  process.exitCode = isMisused ? 2 : 1;
}
