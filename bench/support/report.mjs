// @ts-check
/** How a benchmark runs to its end, and what it says of itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { ROOT } from './roost.mjs';

/**
 * Runs a benchmark and ends, in reverse and whatever happens, all that it has started; Ctrl-C too.
 * @param {(endings: (() => unknown)[]) => Promise<void>} main
 */
export async function run(main) {
  /** @type {(() => unknown)[]} */
  const endings = [];
  const endAll = async () => {
    for (let end = endings.pop(); end; end = endings.pop()) await end();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void endAll().then(() => process.exit(130)));
  try {
    await main(endings);
  } finally {
    await endAll();
  }
  process.exit();
}

/** @param {string} text */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}

export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
}

/**
 * @param {string} name
 * @param {object} report
 * @param {string} markdown
 */
export function save(name, report, markdown) {
  const folder = join(ROOT, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), markdown);
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? Number(sorted[middle]) : (Number(sorted[middle - 1]) + Number(sorted[middle])) / 2;
}

/** @param {number} value */
export function round(value, digits = 0) {
  return Number(value.toFixed(digits));
}
