// @ts-check
/**
 * `npm run bench:soak`: the memory of one instance under a long mix of all operations of `npm run bench`, in production
 * with every guard on. Options: --requests 1000000, or --minutes 60; --connections 16 --node <flags of the server> --save.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { readOptions } from '../scripts/options.mjs';
import { load, openConnections } from './support/load.mjs';
import { OPERATIONS, State } from './support/operations.mjs';
import { readPeople, seed } from './support/people.mjs';
import { ownTimeMs, requireLinux, residentMegabytes } from './support/processes.mjs';
import { machine, progress, progressBar, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, startDatabase, startRoost } from './support/roost.mjs';
import { describeSoak, summaryOf } from './support/soak-report.mjs';
import { plotSoak } from './support/soak-plot.mjs';

/** @typedef {import('./support/operations.mjs').Operation} Operation */
/** @typedef {import('./support/processes.mjs').Server} Server */
/** @typedef {import('./support/soak-report.mjs').Sample} Sample */

const SLICE_SECONDS = 5;
const REST_MS = 30_000;
/** The lowest of production's range: a login takes a core for a quarter of a second at 12. */
const COST = 10;
const LOGIN_EVERY = 1_000;
const MEGABYTE = 2 ** 20;

const options = readOptions({
  requests: { type: 'string', default: '1000000' },
  minutes: { type: 'string' },
  connections: { type: 'string', default: '16' },
  node: { type: 'string', default: '' },
  save: { type: 'boolean', default: false },
});
const most = options.minutes === undefined ? Number(options.requests) : Infinity;
const mostMinutes = Number(options.minutes ?? Infinity);
const metricsToken = randomBytes(48).toString('base64');

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
  const env = { METRICS_TOKEN: metricsToken };
  const flags = options.node.split(' ').filter(Boolean);
  const server = await startRoost({ database, secret, folder, endings, flags, cost: COST, env });

  /** @type {Sample[]} */
  const samples = [await sample(server, { requests: 0, minutes: 0, rate: 0, p99: 0, server: 0 })];
  /** @type {number | undefined} */
  let rest;
  // Ctrl-C and faults come here, too: then it is told how far it got.
  endings.push(() => {
    const report = { ...summaryOf(samples), rest_mb: rest, machine: on };
    process.stdout.write(describeSoak(report));
    if (rest === undefined) return;
    if (options.save) save('soak', report, { md: describeSoak(report), svg: plotSoak(report) });
    if (report.targets.some(({ met }) => !met)) process.exitCode = 1;
  });
  const state = new State(await readPeople(database, { secret, roost: server.url }));
  await soak(server, state, samples);
  progress(`resting for ${REST_MS / 1_000} s`);
  await delay(REST_MS);
  rest = round(residentMegabytes(server.pid), 1);
}

/**
 * @param {Server} server
 * @param {State} state
 * @param {Sample[]} samples one more after each slice
 */
async function soak(server, state, samples) {
  const sockets = await openConnections(server.url, Number(options.connections));
  const work = { next: mixOf(state) };
  const startedAt = performance.now();
  for (let requests = 0, minutes = 0; requests < most && minutes < mostMinutes;) {
    const before = ownTimeMs(server.pid);
    const { answered, p99 } = await load(sockets, work, SLICE_SECONDS);
    const micros = round(((ownTimeMs(server.pid) - before) * 1_000) / answered);
    requests += answered;
    minutes = (performance.now() - startedAt) / 60_000;
    const rate = round(answered / SLICE_SECONDS);
    const facts = { requests, minutes: round(minutes, 2), rate, p99: round(p99, 1), server: micros };
    const last = await sample(server, facts);
    samples.push(last);
    const share = Math.min(1, Math.max(requests / most, minutes / mostMinutes));
    progressBar(share, `${requests.toLocaleString('en')} requests, ${last.rss_mb} MB, ${rate} a second`);
  }
  for (const socket of sockets) socket.close();
}

/** All operations by turns, but few logins: bcrypt would take all cores. @param {State} state */
function mixOf(state) {
  const login = /** @type {Operation} */ (OPERATIONS.find(({ name }) => name === 'login'));
  const others = OPERATIONS.filter((operation) => operation !== login);
  let turns = 0;
  return (/** @type {number} */ connection) => {
    turns += 1;
    const operation = turns % LOGIN_EVERY === 0 ? login : /** @type {Operation} */ (others[turns % others.length]);
    return { ...operation.next(state, connection), status: operation.status };
  };
}

/**
 * @param {Server} server
 * @param {Pick<Sample, 'requests' | 'minutes' | 'rate' | 'p99' | 'server'>} facts
 * @returns {Promise<Sample>}
 */
async function sample({ pid, url }, facts) {
  const rss_mb = round(residentMegabytes(pid), 1);
  const files = readdirSync(`/proc/${pid}/fd`).length;
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } });
  const metrics = await response.text();
  const read = (/** @type {string} */ name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  const megabytes = (/** @type {string} */ name) => round(read(name) / MEGABYTE, 1);
  return {
    ...facts,
    rss_mb,
    heap_used_mb: megabytes('nodejs_heap_size_used_bytes'),
    heap_mb: megabytes('nodejs_heap_size_total_bytes'),
    external_mb: megabytes('nodejs_external_memory_bytes'),
    files,
    handles: read('nodejs_active_handles_total'),
  };
}
