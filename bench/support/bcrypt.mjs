// @ts-check
/** What bcrypt alone reaches on this machine: as many comparisons at once as there are cores, and nothing around them. */
import { availableParallelism } from 'node:os';

import bcrypt from 'bcrypt';

import { round } from './report.mjs';

/**
 * @param {number} seconds
 * @param {number} cost
 */
export async function comparisonsPerSecond(seconds, cost) {
  const hash = await bcrypt.hash('correct horse battery staple', cost);
  /** @type {number[]} */
  const ends = [];
  const until = performance.now() + seconds * 1_000;
  const compare = async () => {
    while (performance.now() < until) {
      await bcrypt.compare('correct horse battery staple', hash);
      ends.push(performance.now());
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compare));
  return perSecond(ends);
}

/**
 * The slope of the ends over time (least squares): cores that end in step, and work at the edges, do not move it.
 * @param {number[]} ends
 */
export function perSecond(ends) {
  const middle = { time: ends.reduce((sum, end) => sum + end, 0) / ends.length, index: (ends.length - 1) / 2 };
  let [covariance, variance] = [0, 0];
  for (const [index, end] of ends.entries()) {
    covariance += (end - middle.time) * (index - middle.index);
    variance += (end - middle.time) ** 2;
  }
  return round((covariance / variance) * 1_000, 2);
}
