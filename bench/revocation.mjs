// @ts-check
/**
 * `npm run bench:revocation`: from the answer to a logout on one instance to the first refusal on another.
 * Options: --rounds 1000 --save.
 */
import { randomBytes } from 'node:crypto';

import { readOptions } from '../scripts/options.mjs';
import { machine, progress, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, post, startDatabase, startRoost } from './support/roost.mjs';

const TARGET_P99_MS = 50;
const USERS = 16;
const ACCOUNT = { password: 'correct horse battery staple' };

const options = readOptions({ rounds: { type: 'string', default: '1000' }, save: { type: 'boolean', default: false } });
const rounds = Number(options.rounds);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireClean(options.save);
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL and two instances');
  const database = await startDatabase(folder, endings);
  const secret = randomBytes(48).toString('base64');
  const here = await startRoost({ database, secret, folder, endings, name: 'here' });
  const there = await startRoost({ database, secret, folder, endings, name: 'there' });
  for (let user = 0; user < USERS; user += 1)
    await post(`${here.url}/api/v1/auth/register`, user, { ...ACCOUNT, email: emailOf(user) });

  progress(`${rounds} logouts`);
  /** @type {number[]} */
  const times = [];
  for (let count = 0; count < rounds; count += 1) {
    times.push(await measure(here.url, there.url, count));
    if (count % 100 === 99) progress(`  ${count + 1}`);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const report = {
    rounds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
    machine: machine(),
  };
  process.stdout.write(markdown(report));
  if (options.save) save('revocation', report, { md: markdown(report) });
  if (report.p99 > TARGET_P99_MS) process.exitCode = 1;
}

/**
 * @param {string} here
 * @param {string} there
 * @param {number} count
 * @returns {Promise<number>} milliseconds; 0 when the other instance refused before the answer was read
 */
async function measure(here, there, count) {
  const from = count % 250;
  const { access_token } = await post(`${here}/api/v1/auth/login`, from, { ...ACCOUNT, email: emailOf(count % USERS) });
  /** @param {string} url @param {string} method */
  const ask = async (url, method) => {
    const headers = { authorization: `Bearer ${access_token}`, 'x-forwarded-for': addressOf(count) };
    const answer = await fetch(url, { method, headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  if ((await ask(`${there}/api/v1/tasks/0`, 'GET')) !== 404) throw new Error('the token is not accepted to begin with');
  if ((await ask(`${here}/api/v1/auth/logout`, 'POST')) !== 200) throw new Error('the logout failed');
  const answeredAt = performance.now();
  // An id that is none costs no query: what is measured is authentication.
  let status = 404;
  while (status === 404) status = await ask(`${there}/api/v1/tasks/0`, 'GET');
  if (status !== 401) throw new Error(`the other instance answered ${status}`);
  return performance.now() - answeredAt;
}

/** @param {number} count */
function addressOf(count) {
  return `198.51.${100 + (count % 100)}.${count % 250}`;
}

/** @param {number} user */
function emailOf(user) {
  return `person${user}@example.com`;
}

/** @param {number[]} sorted @param {number} share */
function quantile(sorted, share) {
  return round(Number(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]), 1);
}

/** @param {{ rounds: number, p50: number, p99: number, max: number, machine: ReturnType<typeof machine> }} report */
function markdown({ rounds, p50, p99, max, machine: { cpu, cores, node, date } }) {
  return `# Revocation

From the answer to a logout on one instance to the first refusal on another, in milliseconds. One embedded PostgreSQL, two instances in
production mode, ${rounds} logouts one after the other; the time of the request that is refused is part of it.

| p50 | p99 (at most ${TARGET_P99_MS}) | longest |
| --: | --: | --: |
| ${p50} | ${p99} | ${max} |

${cpu}, ${cores} cores, Node ${node}, ${date}.
`;
}

await run(main);
