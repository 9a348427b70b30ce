// @ts-check
/**
 * `npm run bench:tasks`: what `GET /tasks` costs in Roost, in production with every guard on, next to the same answer
 * from a hand-written server. Options: --rounds 8 --seconds 5 --connections 16 --save --profile <folder> --no-starts --text-floor.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

// @ts-expect-error it has no types
import autocannon from 'autocannon';
import pg from 'pg';

import { childrenOf, processorTimeMs, requireLinux, residentMegabytes, startServer } from './support/processes.mjs';
import { machine, median, progress, round, run, save } from './support/report.mjs';
import { makeFolder, post, ROOT, startDatabase, startRoost } from './support/roost.mjs';

/** @typedef {import('./support/processes.mjs').Server} Server */
/** @typedef {{ micros: number, requests: number, p50: number, p99: number }} Measurement */

const TARGET_RATIO = 1.8;
const LIST = '/api/v1/tasks?limit=20';
const PASSWORD = 'correct horse battery staple';
/** Enough of both that nobody comes to 1,200 requests a minute and no address to 600, and the limits work for real. */
const USERS = 256;
const ADDRESSES_PER_CONNECTION = 256;
const TASKS_PER_USER = 30;
const IDLE_MS = 5_000;
/** The more code, the longer V8 compiles it: processor time that a server spends once and not for each request. */
const WARM_UPS = 3;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '16' },
    save: { type: 'boolean', default: false },
    profile: { type: 'string' },
    'no-starts': { type: 'boolean', default: false },
    'text-floor': { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const connections = Number(options.connections);

await run(main);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireLinux();
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL');
  const database = await startDatabase(folder, endings);
  const secret = randomBytes(48).toString('base64');
  const floor = await startFloor({ database, secret, folder, endings });
  const roost = await startRoost({ database, secret, folder, endings, flags: profileFlags() });
  const restMegabytes = await residentAtRest(roost);

  progress(`registering ${USERS} users with ${TASKS_PER_USER} tasks each`);
  const tokens = await registerUsers(roost);
  await insertTasks(database);
  await requireEqualAnswers(roost, floor, tokens);

  const measured = await measureRounds({ floor, roost }, tokens);
  await floor.stop();
  await roost.stop();
  const starts = options['no-starts'] ? undefined : await measureStarts({ database, secret, folder, endings });

  const report = { ...summary(measured), rounds: measured, rest_mb: round(restMegabytes), starts, machine: machine() };
  process.stdout.write(markdown(report));
  if (options.save) save('tasks', report, markdown(report));
  if (report.ratio > TARGET_RATIO) process.exitCode = 1;
}

function profileFlags() {
  return options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
}

/** @param {{ database: string, secret: string, folder: string, endings: (() => unknown)[] }} options */
async function startFloor({ database, secret, folder, endings }) {
  return startServer({
    args: [join(ROOT, 'bench', 'floor', 'tasks-server.mjs')],
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: database,
      JWT_SECRET: secret,
      TIMESTAMPS: options['text-floor'] ? 'text' : 'date',
    },
    log: join(folder, 'floor.log'),
    probe: '/',
    ready: 401,
    endings,
  });
}

/** @param {Server} server */
async function residentAtRest({ pid }) {
  await delay(IDLE_MS);
  return residentMegabytes(pid);
}

/**
 * @param {Server} roost
 * @returns {Promise<string[]>} an access token for each user
 */
async function registerUsers({ url }) {
  /** @type {string[]} */
  const tokens = [];
  const register = async (/** @type {number} */ index) => {
    const email = `person${index}@example.com`;
    await post(`${url}/api/v1/auth/register`, index, { email, password: PASSWORD });
    const { access_token } = await post(`${url}/api/v1/auth/login`, index, { email, password: PASSWORD });
    tokens[index] = access_token;
  };
  for (let first = 0; first < USERS; first += 4) {
    await Promise.all([0, 1, 2, 3].map((offset) => register(first + offset)));
  }
  return tokens;
}

/** @param {string} database */
async function insertTasks(database) {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
       SELECT u.id, 'Task number ' || n, 'What there is to do about number ' || n, n % 3 = 0, made, made
         FROM users u, generate_series(1, $1::integer) n, LATERAL (SELECT now() - n * interval '1 minute' AS made) m`,
      [TASKS_PER_USER],
    );
    await client.query('VACUUM ANALYZE tasks');
  } finally {
    await client.end();
  }
}

/**
 * @param {Server} roost
 * @param {Server} floor
 * @param {string[]} tokens
 */
async function requireEqualAnswers(roost, floor, tokens) {
  for (const token of tokens) {
    const [ours, theirs] = await Promise.all([roost, floor].map(({ url }) => list(url, token)));
    if (ours !== theirs) throw new Error(`The two servers answer differently:\n${ours}\n${theirs}`);
  }
}

/**
 * @param {string} url
 * @param {string} token
 */
async function list(url, token) {
  const response = await fetch(url + LIST, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  const complete = response.status === 200 && response.headers.has('link') && JSON.parse(body).length === 20;
  if (!complete) throw new Error(`${url}${LIST} answered ${response.status}: ${body}`);
  return body;
}

/**
 * Turn by turn, and each round the other way about, so that whatever else the machine does falls on both.
 * @param {{ floor: Server, roost: Server }} servers
 * @param {string[]} tokens
 */
async function measureRounds({ floor, roost }, tokens) {
  progress('warming up');
  for (let count = 0; count < WARM_UPS; count += 1) {
    for (const server of [floor, roost]) await measure(server, tokens);
  }
  const measured = [];
  for (let index = 0; index < rounds; index += 1) {
    const floorFirst = index % 2 === 0;
    const before = floorFirst ? await measure(floor, tokens) : undefined;
    const ours = await measure(roost, tokens);
    const theirs = before ?? (await measure(floor, tokens));
    measured.push({ floor: theirs, roost: ours, ratio: round(ours.micros / theirs.micros, 3) });
    progress(
      `round ${index + 1} of ${rounds}: floor ${theirs.micros} µs, Roost ${ours.micros} µs, ratio ${(ours.micros / theirs.micros).toFixed(2)}`,
    );
  }
  return measured;
}

/**
 * @param {Server} server
 * @param {string[]} tokens
 * @returns {Promise<Measurement>}
 */
async function measure({ pid, url }, tokens) {
  let client = 0;
  const before = processorTimeMs(pid);
  const result = await autocannon({
    url: url + LIST,
    connections,
    duration: seconds,
    setupClient: (/** @type {{ setRequests(requests: object[]): void }} */ each) => {
      each.setRequests(requestsOf((client += 1), tokens));
    },
  });
  const used = processorTimeMs(pid) - before;
  const answered = result['2xx'];
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0 || answered === 0) {
    throw new Error(`${failed} requests failed: ${JSON.stringify(result.statusCodeStats)}, ${result.errors} errors`);
  }
  const { p50, p99 } = result.latency;
  return { micros: round((used * 1_000) / answered, 1), requests: answered, p50, p99 };
}

/**
 * @param {number} client
 * @param {string[]} tokens
 */
function requestsOf(client, tokens) {
  return Array.from({ length: ADDRESSES_PER_CONNECTION }, (_, index) => ({
    method: 'GET',
    path: LIST,
    headers: {
      authorization: `Bearer ${tokens[(client * 16 + index) % tokens.length]}`,
      'x-forwarded-for': `10.0.${client}.${index}`,
    },
  }));
}

/** @param {{ database: string, secret: string, folder: string, endings: (() => unknown)[] }} options */
async function measureStarts({ database, secret, folder, endings }) {
  progress('starting Roost with a database that exists, three times');
  const existing = [];
  for (let index = 0; index < 3; index += 1) {
    const server = await startRoost({ database, secret, folder, endings });
    existing.push(server.readyMs);
    await server.stop();
  }
  progress('starting Roost with a PostgreSQL of its own, for the very first time');
  const first = await startRoost({ database: 'embedded', secret, folder, endings, name: 'first' });
  const rest = await residentAtRest(first);
  const [supervisor] = childrenOf(first.pid);
  const supervisorRest = supervisor === undefined ? NaN : residentMegabytes(supervisor);
  await first.stop();
  return {
    existing_ms: Math.round(median(existing)),
    first_embedded_ms: Math.round(first.readyMs),
    embedded_rest_mb: round(rest),
    supervisor_rest_mb: round(supervisorRest),
  };
}

/** @param {{ floor: Measurement, roost: Measurement, ratio: number }[]} measured */
function summary(measured) {
  const ratios = measured.map(({ ratio }) => ratio);
  return {
    ratio: round(median(ratios), 2),
    ratio_min: round(Math.min(...ratios), 2),
    ratio_max: round(Math.max(...ratios), 2),
    floor: medians(measured.map(({ floor }) => floor)),
    roost: medians(measured.map(({ roost }) => roost)),
  };
}

/** @param {Measurement[]} measurements */
function medians(measurements) {
  return {
    micros: round(median(measurements.map(({ micros }) => micros))),
    p50: round(median(measurements.map(({ p50 }) => p50))),
    p99: round(median(measurements.map(({ p99 }) => p99))),
  };
}

/** @param {ReturnType<typeof summary> & { rounds: unknown[], rest_mb: number, starts: Awaited<ReturnType<typeof measureStarts>> | undefined, machine: ReturnType<typeof machine> }} report */
function markdown({ ratio, ratio_min, ratio_max, floor, roost, rest_mb, starts, machine }) {
  const lines = [
    '# GET /tasks, 20 rows',
    '',
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date}; ${rounds} interleaved rounds of ${seconds} s at ${connections} connections.`,
    '',
    '|  | floor | Roost |',
    '|---|---|---|',
    `| processor time per request, median of the rounds | ${floor.micros} µs | ${roost.micros} µs |`,
    `| latency p50 (informative) | ${floor.p50} ms | ${roost.p50} ms |`,
    `| latency p99 (informative) | ${floor.p99} ms | ${roost.p99} ms |`,
    '',
    `Ratio: **${ratio}** (median of the rounds; ${ratio_min} to ${ratio_max}), target at most ${TARGET_RATIO}.`,
    '',
    `Resident memory of Roost at rest: ${rest_mb} MB.`,
  ];
  if (starts) {
    lines.push(
      `With a PostgreSQL of its own: ${starts.embedded_rest_mb} MB and its supervisor ${starts.supervisor_rest_mb} MB, without PostgreSQL itself.`,
      '',
      `From start to ready: ${starts.existing_ms} ms with a database that exists, ${starts.first_embedded_ms} ms for the very first start with a PostgreSQL of its own.`,
    );
  }
  return `${lines.join('\n')}\n`;
}
