/**
 * `npm run security:scorecard`: how many security requirements a test or a document shows. Writes docs/security/asvs.md.
 * `--check` changes nothing, and fails when the page is not current, a tag names nothing, or a requirement has no row.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { pageOf } from './scorecard/page.mjs';
import { figuresOf, readScorecard, Results } from './scorecard/scorecard.mjs';

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/security/asvs.md');

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, results: { type: 'string' } } });
const results =
  values.results === undefined ? undefined : new Results(ROOT, JSON.parse(readFileSync(values.results, 'utf8')));

const fromTags = readScorecard(ROOT);
const { rows, attacks, faults } = readScorecard(ROOT, results);
const page = pageOf(fromTags);
const isCurrent = existsSync(PAGE) && readFileSync(PAGE, 'utf8') === page;
if (!isCurrent && values.check) faults.push('docs/security/asvs.md is not current: run npm run security:scorecard');
if (!isCurrent && !values.check) writeFileSync(PAGE, page);

const unmet = values.check ? [] : [...rows, ...attacks].filter(({ isMet }) => !isMet);
const lines = [
  ...figuresOf(rows).map(({ name, met, all }) => `${name}: ${met}/${all}`),
  `attacks with a test: ${attacks.filter(({ isMet }) => isMet).length}/${attacks.length}`,
  ...unmet.map(({ id, why }) => `not met: ${id}: ${why}`),
  results ? `by the results in ${values.results}` : 'by tags only: give the results of a run with --results',
];
process.stdout.write(`${lines.join('\n')}\n`);
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.exitCode = 1;
}
