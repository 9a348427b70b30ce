/** The table of docs/reliability.md, which the runs write. */
import { HELD_BY_TESTS } from './elsewhere.mjs';
import { seconds } from './time.mjs';

const RUNS = ['<!-- made by npm run test:faults -->', '<!-- end -->'];
const TESTS = ['<!-- held by npm test -->', '<!-- end of what it holds -->'];
const HEAD = ['fault', 'what happens', 'held', 'lost', 'doubled', 'time to recover', 'seen'];

/** @returns pairs of the fault's name and its row */
export function readRows(page) {
  const [, table] = split(page, RUNS);
  return table.split('\n').flatMap((row) => {
    const name = /^\| `([a-z-]+)`/.exec(row)?.[1];
    return name === undefined ? [] : [[name, row]];
  });
}

/** @returns the page with these rows, and with those of `npm test` */
export function withRows(page, rows) {
  const tests = HELD_BY_TESTS.map(([fault, file, title]) =>
    line([fault, `[${file}](../test/e2e/${file}.spec.ts)`, title]),
  );
  const runs = replaced(page, RUNS, [line(HEAD), line(HEAD.map(() => '---')), ...rows]);
  return replaced(runs, TESTS, [line(['fault', 'file', 'test']), line(['---', '---', '---']), ...tests]);
}

/** @param result `{ skipped }`, or `{ faults, lost, doubled, recoveries, notes }` */
export function rowOf(name, title, { skipped, faults = [], lost, doubled, recoveries = [], notes = [] }) {
  const held = skipped === undefined ? (faults.length === 0 ? 'yes' : '**no**') : `skipped: ${skipped}`;
  const seen = [...faults.map((fault) => `**${fault.split('\n')[0]}**`), ...notes].join('; ');
  const cells = [`\`${name}\``, title, held, lost ?? '–', doubled ?? '–', timeOf(recoveries), seen];
  return line(cells.map((cell) => String(cell).replaceAll('|', '\\|')));
}

function timeOf(recoveries) {
  if (recoveries.length === 0) return '–';
  const sorted = recoveries.toSorted((a, b) => a - b);
  const [median, most] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return sorted.length === 1 ? seconds(most) : `${seconds(median)}, at most ${seconds(most)}`;
}

function line(cells) {
  return `| ${cells.join(' | ')} |`;
}

function replaced(page, markers, lines) {
  const [before, , after] = split(page, markers);
  return [before + markers[0], '', ...lines, '', markers[1] + after].join('\n');
}

function split(page, [begin, end]) {
  const [before, rest] = page.split(begin);
  const [between, after] = rest.split(end);
  return [before, between, after];
}
