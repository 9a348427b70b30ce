// @ts-check
/**
 * `npm run bench`: what each request costs in Roost, in production with every guard on, next to the same work done by
 * hand (`floor/server.mjs`). Options: --rounds 5 --seconds 2 --connections 1,16,128 --processes 1 --only list,me
 * --cost 12 --profile <folder> --save.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { readOptions } from '../scripts/options.mjs';
import { FLOOR_FOLLOW } from './floor/statements.mjs';
import { comparisonsPerSecond, perSecond } from './support/bcrypt.mjs';
import { describe, summaryOf } from './support/http-report.mjs';
import { plotHttp } from './support/http-plot.mjs';
import { load, openConnections } from './support/load.mjs';
import { startMeter } from './support/meter.mjs';
import { OPERATIONS, State } from './support/operations.mjs';
import { readPeople, restore, seed, withClient } from './support/people.mjs';
import { requireLinux, startServer } from './support/processes.mjs';
import { machine, progress, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, ROOT, startDatabase, startRoost } from './support/roost.mjs';

/** @typedef {import('./support/operations.mjs').Operation} Operation */
/** @typedef {import('./support/http-report.mjs').Cost} Cost */
/** @typedef {import('./support/http-report.mjs').Sample} Sample */
/** @typedef {import('./support/processes.mjs').Server} Server */
/** @typedef {'floor' | 'roost'} Name also of its database */
/** @typedef {Server & { name: Name, database: string, state: State }} Side `database`: its URL */
/** @typedef {Record<Name, Side>} Sides */

/** Roost has both, on the command line and in heap.ts. */
const KEEP_OPTIMISED = ['--no-memory-reducer', '--retain-maps-for-n-gc=100'];
const MOST_CONNECTIONS = 128;
/** Bodies of each kind, before the rounds. */
const COMPARED = 64;
/** V8 compiles for some seconds: the more code, the longer. */
const WARM_UP = { turns: 2, connections: 16 };
/** A login takes a core for a quarter of a second, and a rate needs many of them. */
const LOGIN_TURNS = 3;
/** Until the servers have accepted all connections. */
const SETTLE_MS = 50;

const options = readOptions({
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '2' },
  connections: { type: 'string', default: '1,16,128' },
  processes: { type: 'string', default: '1' },
  only: { type: 'string' },
  cost: { type: 'string', default: '12' },
  profile: { type: 'string' },
  save: { type: 'boolean', default: false },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const connectionCounts = options.connections.split(',').map(Number);
const processCounts = options.processes.split(',').map(Number);
const cost = Number(options.cost);
const threads = String(Math.max(4, availableParallelism() + 1));
const operations = chosenOperations();
const steps = operations.flatMap((operation) =>
  (operation.parallel ?? connectionCounts).map((connections) => ({ operation, connections })),
);

process.env.UV_THREADPOOL_SIZE = threads;
await run(main);

function chosenOperations() {
  const names = options.only?.split(',') ?? OPERATIONS.map(({ name }) => name);
  const unknown = names.filter((name) => !OPERATIONS.some((operation) => operation.name === name));
  if (unknown.length > 0) throw new Error(`--only knows no ${unknown.join(', ')}`);
  if (Math.max(...connectionCounts) > MOST_CONNECTIONS) throw new Error(`--connections: at most ${MOST_CONNECTIONS}`);
  return OPERATIONS.filter(({ name }) => names.includes(name));
}

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireLinux();
  requireClean(options.save);
  const on = machine();
  const folder = makeFolder(endings);
  progress(`about ${Math.ceil(totalSeconds() / 60)} minutes; starting an embedded PostgreSQL and making its rows`);
  const settings = { shared_buffers: '512MB', max_connections: '300', max_wal_size: '4GB', autovacuum: 'off' };
  const roostUrl = await startDatabase(folder, endings, settings);
  await seed(roostUrl, cost);
  const adminUrl = otherDatabase(roostUrl, 'postgres');
  await withClient(adminUrl, (client) => client.query('CREATE DATABASE floor TEMPLATE roost'));
  const urls = { floor: otherDatabase(roostUrl, 'floor'), roost: roostUrl };
  await withClient(urls.floor, (client) => client.query(FLOOR_FOLLOW));
  const admin = new pg.Pool({ connectionString: adminUrl, max: 1 });
  admin.on('error', () => undefined);
  const postgres = String((await admin.query(`SELECT current_setting('server_version') AS version`)).rows[0].version);

  /** @type {Sample[]} */
  const samples = [];
  const secret = randomBytes(48).toString('base64');
  /** @type {Record<Name, State> | undefined} */
  let states;
  for (const processes of processCounts) {
    const servers = await startServers({ processes, secret, folder, endings, urls });
    const known = (states ??= await readStates(servers, { secret, database: urls.roost }));
    const sideOf = (/** @type {Name} */ name) => ({ ...servers[name], name, database: urls[name], state: known[name] });
    const sides = { floor: sideOf('floor'), roost: sideOf('roost') };
    await warmUp(sides, admin);
    await measureRounds(sides, { processes, admin, samples });
    for (const { stop } of Object.values(servers)) await stop();
  }
  const report = { ...summaryOf(samples), rounds, seconds, cost, machine: { ...on, postgres } };
  process.stdout.write(describe(report));
  if (options.save) save('http', report, { md: describe(report), svg: plotHttp(report) });
  if (report.missed > 0) process.exitCode = 1;
}

function totalSeconds() {
  const turns = steps.reduce((sum, { operation }) => sum + turnsOf(operation), 0);
  const bcrypt = operations.some(({ name }) => name === 'login') ? LOGIN_TURNS : 0;
  const warming = operations.length * 2 * WARM_UP.turns;
  return 30 + processCounts.length * (seconds * (rounds * (2 * turns + bcrypt) + warming) + rounds * 4);
}

/** @param {Operation} operation */
function turnsOf({ name }) {
  return name === 'login' ? LOGIN_TURNS : 1;
}

/**
 * @param {string} url
 * @param {string} database
 */
function otherDatabase(url, database) {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
}

/** @param {{ processes: number, secret: string, folder: string, endings: (() => unknown)[], urls: { floor: string, roost: string } }} options */
async function startServers({ processes, secret, folder, endings, urls }) {
  const floor = await startServer({
    args: [...KEEP_OPTIMISED, join(ROOT, 'bench', 'floor', 'server.mjs')],
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: urls.floor,
      JWT_SECRET: secret,
      PROCESSES: String(processes),
      UV_THREADPOOL_SIZE: threads,
    },
    log: join(folder, 'floor.log'),
    probe: '/',
    ready: 404,
    endings,
  });
  const flags = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  /** @type {Record<string, string>} */
  const env = { UV_THREADPOOL_SIZE: threads };
  if (processes > 1) env.WORKERS = String(processes);
  const roost = await startRoost({ database: urls.roost, secret, folder, endings, flags, cost, env });
  return { floor, roost };
}

/**
 * @param {Record<Name, Server>} servers
 * @param {{ secret: string, database: string }} options
 * @returns {Promise<Record<Name, State>>} one for each, since what one is asked changes its rows only
 * @throws when the two servers answer differently
 */
async function readStates({ floor, roost }, { secret, database }) {
  const people = await readPeople(database, { secret, roost: roost.url });
  const states = { floor: new State(people), roost: new State(people) };
  for (const operation of operations.filter(({ sameBody }) => sameBody)) {
    for (let count = 0; count < COMPARED; count += 1) {
      const ours = await ask(roost, operation.next(states.roost, 0));
      const theirs = await ask(floor, operation.next(states.floor, 0));
      if (ours !== theirs) throw new Error(`${operation.name} is answered differently:\n${ours}\n${theirs}`);
    }
  }
  return states;
}

/**
 * @param {Server} server
 * @param {import('./support/load.mjs').Request} request
 */
async function ask({ url }, { path, token }) {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  return `${response.status} ${response.headers.has('link')} ${await response.text()}`;
}

/**
 * @param {Sides} sides
 * @param {pg.Pool} admin
 */
async function warmUp({ floor, roost }, admin) {
  for (const operation of operations) {
    progress(`warming up: ${operation.name}`);
    for (let turn = 0; turn < WARM_UP.turns; turn += 1)
      for (const side of [floor, roost]) await measure(side, { operation, connections: WARM_UP.connections, admin });
  }
}

/**
 * Turn by turn, and each round the other way about, so that whatever else the machine does falls on both.
 * @param {Sides} sides
 * @param {{ processes: number, admin: pg.Pool, samples: Sample[] }} options
 */
async function measureRounds({ floor, roost }, { processes, admin, samples }) {
  for (let index = 0; index < rounds; index += 1) {
    for (const { state, database } of [floor, roost]) {
      state.restart();
      await restore(database);
    }
    const order = index % 2 === 0 ? [floor, roost] : [roost, floor];
    for (const { operation, connections } of steps) {
      const turns = turnsOf(operation);
      const bcrypt = operation.name === 'login' ? { bcrypt: await comparisonsPerSecond(seconds * turns, cost) } : {};
      /** @type {Partial<Record<'floor' | 'roost', Cost>>} */
      const costs = {};
      for (const side of order) costs[side.name] = await measure(side, { operation, connections, admin });
      const both = /** @type {Record<'floor' | 'roost', Cost>} */ (costs);
      samples.push({ operation: operation.name, processes, connections, ...both, ...bcrypt });
      const { floor: theirs, roost: ours } = both;
      const share = samples.length / (steps.length * rounds * processCounts.length);
      progress(
        `${Math.floor(share * 100)} %, round ${index + 1}, ${operation.name} at ${connections}: floor ${theirs.server} µs, Roost ${ours.server} µs, ${(ours.server / theirs.server).toFixed(2)} times; PostgreSQL ${theirs.postgres} and ${ours.postgres} µs`,
      );
    }
  }
}

/**
 * @param {Side} side
 * @param {{ operation: Operation, connections: number, admin: pg.Pool }} options
 * @returns {Promise<Cost>}
 */
async function measure({ pid, name, url, state }, { operation, connections, admin }) {
  const { status, next } = operation;
  const sockets = await openConnections(url, connections);
  await delay(SETTLE_MS);
  const meter = await startMeter(pid, { admin, database: name });
  const work = { status, next: (/** @type {number} */ connection) => next(state, connection) };
  const { answered, ends, p50, p99 } = await load(sockets, work, seconds * turnsOf(operation));
  const used = await meter.stop();
  for (const socket of sockets) socket.close();
  const micros = (/** @type {number} */ ms) => Math.round((ms * 1_000) / answered);
  return {
    server: micros(used.server),
    postgres: micros(used.postgres),
    rate: perSecond(ends),
    p50: round(p50, 2),
    p99: round(p99, 2),
  };
}
