// @ts-check
/**
 * `npm run bench:replicas`: reads a second, and processor time of the primary, with two replicas and with none; and whether
 * a client that goes to another instance with each request sees what it wrote. Options: --rounds 5 --seconds 4
 * --connections 16 --writes 1000 --save.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { readOptions } from '../scripts/options.mjs';
import { load, openConnections } from './support/load.mjs';
import { PEOPLE, readPeople, seed } from './support/people.mjs';
import { childrenOf, ownTimeMs, requireLinux } from './support/processes.mjs';
import { machine, median, progress, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, startDatabase, startRoost } from './support/roost.mjs';
import { makeStandby, postmasterOf, startStandby } from './support/standby.mjs';

/** @typedef {import('./support/people.mjs').Person} Person */
/** @typedef {{ pid: number, url: string }} Roost */
/** @typedef {{ reads: number, roost: number, primary: number, replicas: number, p50: number, p99: number }} Cost */
/** @typedef {{ load: string, none: Cost, two: Cost, primary_share: number }} Row */
/** @typedef {{ writes: number, missed: number }} Misses */

/** Writes of a hundred requests. */
const LOADS = [0, 10, 100];
const SETTINGS = { shared_buffers: '256MB', max_connections: '200', max_wal_size: '4GB', autovacuum: 'off' };
/** A token must be older than a replica may be late. */
const AGE_MS = 7_000;
/** So long no write is seen on a replica, which is used all the same. */
const APPLY_DELAY = '2s';

const options = readOptions({
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '4' },
  connections: { type: 'string', default: '16' },
  writes: { type: 'string', default: '1000' },
  save: { type: 'boolean', default: false },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const connections = Number(options.connections);
const writes = Number(options.writes);

let requests = 0;

await run(main);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireLinux();
  requireClean(options.save);
  const folder = makeFolder(endings);
  progress('starting a PostgreSQL and two standbys');
  const url = await startDatabase(folder, endings, SETTINGS);
  await seed(url, 4);
  const from = join(folder, 'postgres');
  const dataDirs = [1, 2].map((number) => join(folder, `standby-${number}`));
  const standbys = [];
  for (const dataDir of dataDirs) standbys.push(await makeStandby({ url, from, dataDir, settings: SETTINGS, endings }));
  const secret = randomBytes(48).toString('base64');
  const env = { DATABASE_REPLICA_URLS: standbys.map((standby) => standby.url).join(',') };
  const none = await startRoost({ database: url, secret, folder, endings, name: 'none' });
  const two = await startRoost({ database: url, secret, folder, endings, name: 'two', env });
  const people = await readPeople(url, { secret, roost: none.url });
  await delay(AGE_MS);

  const postgres = { primary: [postmasterOf(from)], replicas: dataDirs.map(postmasterOf) };
  const rows = await measureRounds({ none, two }, { people, postgres });
  await Promise.all([none.stop(), two.stop(), ...standbys.map((standby) => standby.stop())]);

  progress('writing on one instance and reading on another');
  const late = { ...SETTINGS, recovery_min_apply_delay: APPLY_DELAY };
  const delayed = [];
  for (const dataDir of dataDirs) delayed.push(await startStandby({ url, dataDir, settings: late, endings }));
  const lateUrls = { DATABASE_REPLICA_URLS: delayed.map((standby) => standby.url).join(',') };
  const pair = /** @type {[Roost, Roost]} */ ([
    await startRoost({ database: url, secret, folder, endings, name: 'here', env: lateUrls }),
    await startRoost({ database: url, secret, folder, endings, name: 'there', env: lateUrls }),
  ]);
  const misses = { writes, missed: await countMisses(pair, people) };

  const report = { rows, misses, rounds, seconds, connections, machine: machine() };
  process.stdout.write(markdown(report));
  if (options.save) save('replicas', report, { md: markdown(report) });
  if (misses.missed > 0) process.exitCode = 1;
}

/**
 * @param {{ none: Roost, two: Roost }} sides
 * @param {{ people: Person[], postgres: { primary: number[], replicas: number[] } }} options
 * @returns {Promise<Row[]>}
 */
async function measureRounds({ none, two }, { people, postgres }) {
  /** @type {Row[]} */
  const rows = [];
  for (const share of LOADS) {
    /** @type {{ none: Cost[], two: Cost[] }} */
    const costs = { none: [], two: [] };
    for (let index = -1; index < rounds; index += 1) {
      /** @type {[('none' | 'two'), Roost][]} */
      const order = [
        ['none', none],
        ['two', two],
      ];
      for (const [name, side] of index % 2 === 0 ? order : order.reverse()) {
        const cost = await measure(side, { people, postgres, share });
        // The first round warms up.
        if (index >= 0) costs[name].push(cost);
      }
      progress(`${share} % writes, round ${index + 1} of ${rounds}`);
    }
    const [without, withTwo] = [summaryOf(costs.none), summaryOf(costs.two)];
    rows.push({
      load: `${share} % writes`,
      none: without,
      two: withTwo,
      primary_share: round(median(costs.two.map(({ primary }, n) => primary / Number(costs.none[n]?.primary))), 3),
    });
  }
  return rows;
}

/** @param {Cost[]} costs */
function summaryOf(costs) {
  const names = /** @type {(keyof Cost)[]} */ (Object.keys(costs[0] ?? {}));
  const all = names.map((name) => [name, round(median(costs.map((cost) => cost[name])), name.startsWith('p') ? 2 : 0)]);
  return /** @type {Cost} */ (Object.fromEntries(all));
}

/**
 * First pages of home timelines and of tasks by turns, and posts.
 * @param {Person[]} people
 * @param {number} share
 */
function nextOf(people, share) {
  return () => {
    requests += 1;
    const { accessToken: token } = /** @type {Person} */ (people[requests % PEOPLE]);
    if ((requests * 61) % 100 < share)
      return { method: 'POST', path: '/api/v1/posts', token, status: 201, body: { text: `Post ${requests}` } };
    const path = requests % 2 === 0 ? '/api/v1/timeline?limit=20' : '/api/v1/tasks?limit=20';
    return { method: 'GET', path, token, status: 200 };
  };
}

/**
 * @param {Roost} roost
 * @param {{ people: Person[], postgres: { primary: number[], replicas: number[] }, share: number }} options
 * @returns {Promise<Cost>} in µs of processor time for each request
 */
async function measure({ pid, url }, { people, postgres, share }) {
  const sockets = await openConnections(url, connections);
  // Wakes what rested.
  await load(sockets, { next: nextOf(people, share) }, 1.5);
  const used = () => ({
    roost: timesOf([pid]),
    primary: timesOf(postgres.primary),
    replicas: timesOf(postgres.replicas),
  });
  const before = used();
  const { answered, p50, p99 } = await load(sockets, { next: nextOf(people, share) }, seconds);
  const after = used();
  for (const socket of sockets) socket.close();
  const each = (/** @type {'roost' | 'primary' | 'replicas'} */ name) =>
    Math.round((differenceOf(before[name], after[name]) * 1_000) / answered);
  return {
    reads: answered / seconds,
    roost: each('roost'),
    primary: each('primary'),
    replicas: each('replicas'),
    p50,
    p99,
  };
}

/** @param {number[]} pids @returns {Map<number, number>} of each with its children, in milliseconds */
function timesOf(pids) {
  const times = new Map();
  for (const pid of pids.flatMap((each) => [each, ...childrenOf(each)])) {
    try {
      times.set(pid, ownTimeMs(pid));
    } catch (error) {
      // A backend has just ended.
      if (!['ENOENT', 'ESRCH'].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error;
    }
  }
  return times;
}

/** @param {Map<number, number>} before @param {Map<number, number>} after */
function differenceOf(before, after) {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
}

/**
 * @param {[Roost, Roost]} pair
 * @param {Person[]} people
 */
async function countMisses([here, there], people) {
  await delay(AGE_MS);
  let missed = 0;
  for (let number = 0; number < writes; number += 1) {
    const { accessToken } = /** @type {Person} */ (people[number % people.length]);
    const headers = {
      authorization: `Bearer ${accessToken}`,
      'x-forwarded-for': `10.30.${number >> 8}.${number & 255}`,
    };
    const written = await fetch(`${here.url}/api/v1/tasks`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ title: `Task ${number}` }),
    });
    const list = await fetch(`${there.url}/api/v1/tasks?limit=1`, { headers });
    const { id } = /** @type {{ id: number }} */ (await written.json());
    const [first] = /** @type {{ id: number }[]} */ (await list.json());
    if (first?.id !== id) missed += 1;
  }
  return missed;
}

/** @param {{ rows: Row[], misses: Misses, rounds: number, seconds: number, connections: number, machine: ReturnType<typeof machine> }} report */
function markdown({ rows, misses, rounds, seconds, connections, machine: on }) {
  const table = rows.flatMap(({ load: name, none, two, primary_share }) =>
    /** @type {const} */ ([
      ['none', none, ''],
      ['two', two, `${primary_share}`],
    ]).map(
      ([replicas, cost, share]) =>
        `| ${name} | ${replicas} | ${cost.reads} | ${cost.primary} | ${share} | ${cost.replicas} | ${cost.roost} | ${cost.p50} | ${cost.p99} |`,
    ),
  );
  return `# Read replicas

First pages of home timelines and of tasks by turns, and posts, at ${connections} connections. Processor time in µs for each request: of the primary with all
its processes, of both replicas together, of Roost. Latency in ms. The median of ${rounds} rounds of ${seconds} s, by turns. All servers, Roost and the client share
the machine's ${on.cores} cores, so requests a second do not rise with replicas.

| load | replicas | requests/s | primary | of that without | replicas' | Roost | p50 | p99 |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${table.join('\n')}

A task written on one instance, and its list read at once on another, while both replicas show everything ${APPLY_DELAY} late: of ${misses.writes} writes
${misses.missed} were missed.

${on.cpu}, ${on.cores} cores, ${on.memory_gb} GB, Node ${on.node}, ${on.commit.slice(0, 12)}, ${on.date}
`;
}
