// @ts-check
/**
 * `npm run bench:overload`: one instance is asked for three times what it can do, for a minute. Measured are the times of
 * health checks, what the others were answered, and how soon all is as before.
 * Options: --times 3 --seconds 60 --connections 2000 --save.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { readOptions } from '../scripts/options.mjs';
import { load, openConnections } from './support/load.mjs';
import { OPERATIONS, State } from './support/operations.mjs';
import { readPeople, seed } from './support/people.mjs';
import { ownTimeMs, requireLinux } from './support/processes.mjs';
import { machine, progress, progressBar, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, startDatabase, startRoost } from './support/roost.mjs';

/** @typedef {{ status: number, ms: number }} Probe */
/** @typedef {Awaited<ReturnType<typeof openConnections>>[number]} Connection */

const COST = 10;
const CEILING_CONNECTIONS = 64;
const CEILING_SECONDS = 8;
const RECOVERY_SECONDS = 10;
const HEALTH_MS = 200;
const TICK_MS = 5;
const MIX = OPERATIONS.filter(({ name }) => !['login', 'refresh', 'follow'].includes(name));

const options = readOptions({
  times: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '60' },
  connections: { type: 'string', default: '2000' },
  save: { type: 'boolean', default: false },
});

await run(main);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireLinux();
  requireClean(options.save);
  const on = machine();
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL and making its rows');
  const database = await startDatabase(folder, endings, { shared_buffers: '512MB', max_wal_size: '4GB' });
  await seed(database, COST);
  const secret = randomBytes(48).toString('base64');
  const server = await startRoost({ database, secret, folder, endings, cost: COST });
  const state = new State(await readPeople(database, { secret, roost: server.url }));
  const next = mixOf(state);

  progress('measuring what it can do');
  const before = await ceilingOf(server.url, next);
  const rate = before.rate * Number(options.times);
  progress(`${before.rate} requests a second; now ${round(rate)} of ${options.connections} connections`);
  const live = probe(`${server.url}/health/live`, endings);
  const ready = probe(`${server.url}/health/ready`, endings);
  await delay(500);
  live.length = ready.length = 0;
  const spentBefore = ownTimeMs(server.pid);
  const flood = await overload(server.url, { next, rate, seconds: Number(options.seconds) });
  const busy = round((ownTimeMs(server.pid) - spentBefore) / (Number(options.seconds) * 10));
  const health = { live: timesOf(live), ready: timesOf(ready) };
  await delay(RECOVERY_SECONDS * 1_000);
  const after = await ceilingOf(server.url, next);

  const report = {
    times: Number(options.times),
    asked_per_second: round(rate),
    before,
    flood,
    busy,
    health,
    after,
    machine: on,
  };
  const text = describe(report);
  process.stdout.write(text);
  if (options.save) save('overload', report, { md: text });
  if (!report.health.live.met || !report.health.ready.met || flood.broken > 0 || flood.without_retry > 0)
    process.exitCode = 1;
}

/** @param {State} state */
function mixOf(state) {
  let turns = 0;
  return (/** @type {number} */ connection) => {
    const operation = /** @type {import('./support/operations.mjs').Operation} */ (MIX[(turns += 1) % MIX.length]);
    return { ...operation.next(state, connection), status: operation.status };
  };
}

/**
 * @param {string} url
 * @param {ReturnType<typeof mixOf>} next
 */
async function ceilingOf(url, next) {
  const connections = await openConnections(url, CEILING_CONNECTIONS);
  const { answered, p50, p99 } = await load(connections, { next }, CEILING_SECONDS);
  for (const connection of connections) connection.close();
  return { rate: round(answered / CEILING_SECONDS), p50: round(p50, 1), p99: round(p99, 1) };
}

/**
 * In a process of its own: the one that makes the load is late itself.
 * @param {string} url
 * @param {(() => unknown)[]} endings
 */
function probe(url, endings) {
  /** @type {Probe[]} */
  const probes = [];
  const child = fork(join(import.meta.dirname, 'support/prober.mjs'), [url]);
  child.on('message', (answer) => probes.push(/** @type {Probe} */ (answer)));
  endings.push(() => child.kill());
  return probes;
}

/** @param {Probe[]} probes */
function timesOf(probes) {
  const times = probes.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const failed = probes.filter(({ status }) => status !== 200).length;
  const at = (/** @type {number} */ share) => round(Number(times[Math.max(0, Math.ceil(times.length * share) - 1)]), 1);
  return {
    checks: probes.length,
    failed,
    p50: at(0.5),
    p99: at(0.99),
    most: at(1),
    met: failed === 0 && at(1) <= HEALTH_MS,
  };
}

/**
 * A fixed rate, however late the answers are: clients do not wait for each other.
 * @param {string} url
 * @param {{ next: ReturnType<typeof mixOf>, rate: number, seconds: number }} options
 */
async function overload(url, { next, rate, seconds }) {
  const idle = await openConnections(url, Number(options.connections));
  const all = [...idle];
  /** @type {number[]} */
  const served = [];
  const seen = { sent: 0, unsent: 0, refused: 0, other: 0, broken: 0, without_retry: 0 };
  /** @type {Record<string, number>} */
  const others = {};
  const ask = async (/** @type {Connection} */ connection) => {
    const { status: expected, ...request } = next(0);
    const startedAt = performance.now();
    seen.sent += 1;
    try {
      const { status, head } = await connection.ask(request);
      if (status === expected) served.push(performance.now() - startedAt);
      else if (status === 429 || status === 503) {
        seen.refused += 1;
        if (!/\r\nretry-after: \d/i.test(head)) seen.without_retry += 1;
      } else {
        seen.other += 1;
        others[status] = (others[status] ?? 0) + 1;
      }
      idle.push(connection);
    } catch {
      seen.broken += 1;
    }
  };
  const startedAt = performance.now();
  for (let due = 0, elapsed = 0; elapsed < seconds; elapsed = (performance.now() - startedAt) / 1_000) {
    for (; due < elapsed * rate; due += 1) {
      const connection = idle.shift();
      if (connection) void ask(connection);
      else seen.unsent += 1;
    }
    progressBar(elapsed / seconds, `${Math.floor(elapsed / 5) * 5} s`);
    await delay(TICK_MS);
  }
  await delay(2_000);
  for (const connection of all) connection.close();
  const times = served.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ share) => round(Number(times[Math.max(0, Math.ceil(times.length * share) - 1)]));
  return { served: served.length, p50: at(0.5), p99: at(0.99), ...seen, others };
}

/** @param {any} report */
function describe({ times, asked_per_second, before, flood, busy, health, after, machine: on }) {
  const row = (
    /** @type {string} */ name,
    /** @type {ReturnType<typeof timesOf>} */ { checks, failed, p50, p99, most },
  ) => `| \`${name}\` | ${checks} | ${failed} | ${p50} | ${p99} | ${most} |`;
  return `# Overload

One instance was asked for ${times} times what it can do (${asked_per_second} requests a second, ${options.connections} connections) for
${options.seconds} s. It was busy for ${busy} % of a core.

| health check | checks | failed | p50 ms | p99 ms | most ms |
| --- | --: | --: | --: | --: | --: |
${row('/health/live', health.live)}
${row('/health/ready', health.ready)}

Target: each within ${HEALTH_MS} ms.

| requests | |
| --- | --: |
| sent | ${flood.sent} |
| not sent, as all connections waited | ${flood.unsent} |
| served | ${flood.served} (p50 ${flood.p50} ms, p99 ${flood.p99} ms) |
| refused with 429 or 503 | ${flood.refused} (without \`Retry-After\`: ${flood.without_retry}) |
| other answers | ${flood.other} ${JSON.stringify(flood.others)} |
| broken connections | ${flood.broken} |

| | requests a second | p50 ms | p99 ms |
| --- | --: | --: | --: |
| before, ${CEILING_CONNECTIONS} connections | ${before.rate} | ${before.p50} | ${before.p99} |
| ${RECOVERY_SECONDS} s after | ${after.rate} | ${after.p50} | ${after.p99} |

Commit ${on.commit}. ${on.cpu}, ${on.cores} cores, Node ${on.node}, ${on.date}.
`;
}
