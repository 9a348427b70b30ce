/**
 * `npm run test:faults`: faults with real servers, and a table of what they did to the data. Writes docs/reliability.md.
 * `-- --full` has their long forms, `-- --only kill-roost,failover` some of them, `-- --list` only says their names.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { readOptions } from './options.mjs';

const ROOT = join(import.meta.dirname, '..');
const CASES = join(ROOT, 'test/faults/cases');
const PAGE = join(ROOT, 'docs/reliability.md');

const values = readOptions({
  full: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  only: { type: 'string' },
});

const names = readdirSync(CASES)
  .map((file) => basename(file, '.mjs'))
  .sort();
const chosen = values.only?.split(',') ?? names;
const unknown = chosen.filter((name) => !names.includes(name));

if (unknown.length > 0) {
  process.stderr.write(`There is no fault ${unknown.join(', ')}. Those there are: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else if (values.list) process.stdout.write(`${names.join('\n')}\n`);
else await runAll();

async function runAll() {
  const { endAll, endAllWithUs, removeAll } = await import('../test/faults/support/children.mjs');
  const { readRows, rowOf, withRows } = await import('../test/faults/support/table.mjs');
  endAllWithUs();
  const rows = new Map(readRows(readFileSync(PAGE, 'utf8')).filter(([name]) => names.includes(name)));
  let failed = 0;
  for (const name of chosen) {
    const startedAt = performance.now();
    const say = (text) => process.stdout.write(`  ${text}\n`);
    process.stdout.write(`${name}\n`);
    const { title, run } = await import(`../test/faults/cases/${name}.mjs`);
    let result;
    try {
      result = await run({ full: values.full, say });
    } catch (error) {
      result = { faults: [`${error.stack}`] };
    }
    await endAll();
    const row = rowOf(name, title, result);
    rows.set(name, row);
    if (!result.skipped && result.faults.length > 0) failed += 1;
    for (const fault of result.faults ?? []) process.stdout.write(`  NOT HELD: ${fault}\n`);
    process.stdout.write(`${row}\n  took ${((performance.now() - startedAt) / 1_000).toFixed(0)} s\n`);
  }
  removeAll();
  const page = withRows(
    readFileSync(PAGE, 'utf8'),
    names.flatMap((name) => rows.get(name) ?? []),
  );
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
  // What a case may have left open does not keep it from ending.
  process.exit(failed === 0 ? 0 : 1);
}
