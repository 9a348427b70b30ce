// @ts-check
/** How a benchmark runs to its end, and what it says of itself. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

import { ROOT } from './roost.mjs';

/**
 * Runs a benchmark and ends, in reverse and whatever happens, all that it has started; Ctrl-C too.
 * @param {(endings: (() => unknown)[]) => Promise<void>} main
 */
export async function run(main) {
  /** @type {(() => unknown)[]} */
  const endings = [];
  /** @type {Promise<number>} */
  const interrupted = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(130));
  });
  let code;
  try {
    code = await Promise.race([main(endings), interrupted]);
  } finally {
    for (let end = endings.pop(); end; end = endings.pop()) await end();
  }
  process.exit(code ?? process.exitCode ?? 0);
}

/** @param {string} text */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}

let shown = '';

/**
 * A bar on a terminal; elsewhere a line for each new step.
 * @param {number} share from 0 to 1
 * @param {string} step
 */
export function progressBar(share, step) {
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  if (process.stderr.isTTY) {
    const full = Math.floor(share * 30);
    const end = share < 1 ? '' : '\n';
    process.stderr.write(`\r\x1b[K${'█'.repeat(full)}${'░'.repeat(30 - full)} ${percent}  ${step}${end}`);
  } else if (step !== shown) progress(`${percent}  ${step}`);
  shown = step;
}

export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: git('rev-parse', 'HEAD') || 'unknown',
    date: new Date().toISOString().slice(0, 10),
  };
}

/**
 * Results that are kept are of one commit.
 * @param {boolean} kept
 * @throws when other files than results differ from the commit
 */
export function requireClean(kept) {
  if (kept && git('status', '--porcelain', '--', '.', ':!bench/results') !== '')
    throw new Error('--save: commit your changes first');
}

/** @param {string[]} args */
function git(...args) {
  return spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout?.trim();
}

/**
 * @param {string} name
 * @param {object} report
 * @param {Record<string, string>} views of it, by the ends of their files' names
 */
export function save(name, report, views) {
  const folder = join(ROOT, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const files = { json: `${JSON.stringify(report, null, 2)}\n`, ...views };
  for (const [extension, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.${extension}`), text);
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
