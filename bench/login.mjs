// @ts-check
/** `npm run bench:login`: what a flood of logins does to `GET /tasks`. Options: --rounds 6 --seconds 6 --cost 12 --logins 16 --save. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

// @ts-expect-error it has no types
import autocannon from 'autocannon';

import { readOptions } from '../scripts/options.mjs';
import { machine, median, progress, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, post, startDatabase, startRoost } from './support/roost.mjs';

/** @typedef {{ alone: number, flooded: number, ratio: number }} Round */

/** Either is enough: five times next to nothing is nothing. */
const TARGET_P99 = { ratio: 5, ms: 200 };
const PASSWORD = 'correct horse battery staple';
const USERS = 16;
const TASK_CONNECTIONS = 4;
/** Far below what a core can do, so that waiting is what is measured. */
const TASKS_PER_SECOND = 100;
const ADDRESSES_PER_CONNECTION = 200;
/** Until all cores hash and the queue is as long as it gets. */
const SETTLE_MS = 1_000;

const options = readOptions({
  rounds: { type: 'string', default: '6' },
  seconds: { type: 'string', default: '6' },
  cost: { type: 'string', default: '12' },
  logins: { type: 'string', default: '16' },
  save: { type: 'boolean', default: false },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const cost = Number(options.cost);
const parallelLogins = Number(options.logins);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireClean(options.save);
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL');
  const database = await startDatabase(folder, endings);
  const secret = randomBytes(48).toString('base64');
  const roost = await startRoost({ database, secret, folder, endings, cost });
  progress(`registering ${USERS} users`);
  const tokens = await registerUsers(roost.url);

  const measured = await measureRounds(roost.url, tokens, endings);
  const report = { ...summary(measured), cost, rounds: measured, machine: machine() };
  process.stdout.write(markdown(report));
  if (options.save) save('login', report, { md: markdown(report) });
  const slow = report.ratio > TARGET_P99.ratio && report.flooded >= TARGET_P99.ms;
  if (slow) process.exitCode = 1;
}

/** @param {number} user */
function emailOf(user) {
  return `person${user}@example.com`;
}

/**
 * @param {string} url
 * @returns {Promise<string[]>} an access token for each user
 */
async function registerUsers(url) {
  /** @type {string[]} */
  const tokens = [];
  for (let user = 0; user < USERS; user += 1) {
    const account = { email: emailOf(user), password: PASSWORD };
    await post(`${url}/api/v1/auth/register`, user, account);
    tokens.push((await post(`${url}/api/v1/auth/login`, user, account)).access_token);
  }
  return tokens;
}

/**
 * Turn by turn, and each round the other way about, so that whatever else the machine does falls on all.
 * @param {string} url
 * @param {string[]} tokens
 * @param {(() => unknown)[]} endings
 */
async function measureRounds(url, tokens, endings) {
  progress('warming up');
  await measureTasks(url, tokens);
  await underFlood(url, endings, () => measureTasks(url, tokens));
  /** @type {Round[]} */
  const measured = [];
  for (let index = 0; index < rounds; index += 1) {
    const result = { alone: 0, flooded: 0 };
    const steps = [
      async () => (result.alone = await measureTasks(url, tokens)),
      async () => (result.flooded = await underFlood(url, endings, () => measureTasks(url, tokens))),
    ];
    for (const step of index % 2 === 0 ? steps : steps.reverse()) await step();
    measured.push({ ...result, ratio: round(result.flooded / Math.max(1, result.alone), 1) });
    progress(`round ${index + 1} of ${rounds}: GET /tasks p99 ${result.alone} ms, in the flood ${result.flooded} ms`);
  }
  return measured;
}

/** People who log in, each again as soon as it is answered, and every time from another address. */
class Flood {
  /** @type {Error | undefined} */
  failure;
  #stopped = false;
  #requests = 0;
  #people;

  /** @param {string} url */
  constructor(url) {
    this.#people = Promise.all(Array.from({ length: parallelLogins }, () => this.#keepOn(url)));
  }

  async stop() {
    this.#stopped = true;
    await this.#people;
  }

  /** @param {string} url */
  async #keepOn(url) {
    while (!this.#stopped && !this.failure) {
      const from = (this.#requests += 1);
      await this.#login(url, from).catch((/** @type {Error} */ error) => (this.failure ??= error));
    }
  }

  /**
   * @param {string} url
   * @param {number} from
   */
  async #login(url, from) {
    const response = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.1.${(from >> 8) & 255}.${from & 255}` },
      body: JSON.stringify({ email: emailOf(from % USERS), password: PASSWORD }),
    });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`a login answered ${response.status}: ${body}`);
  }
}

/**
 * @param {string} url
 * @param {(() => unknown)[]} endings
 * @param {() => Promise<number>} measure
 */
async function underFlood(url, endings, measure) {
  const flood = new Flood(url);
  const stop = () => flood.stop();
  endings.push(stop);
  await delay(SETTLE_MS);
  const result = await measure();
  await stop();
  endings.splice(endings.indexOf(stop), 1);
  if (flood.failure) throw flood.failure;
  return result;
}

/**
 * @param {string} url
 * @param {string[]} tokens
 * @returns {Promise<number>} the p99 of the latency in milliseconds; a request that had to wait for its turn is late, too
 */
async function measureTasks(url, tokens) {
  let client = 0;
  const result = await autocannon({
    url: `${url}/api/v1/tasks`,
    connections: TASK_CONNECTIONS,
    overallRate: TASKS_PER_SECOND,
    duration: seconds,
    setupClient: (/** @type {{ setRequests(requests: object[]): void }} */ each) => {
      each.setRequests(requestsOf((client += 1), tokens));
    },
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0 || result['2xx'] === 0) {
    throw new Error(`${failed} requests failed: ${JSON.stringify(result.statusCodeStats)}, ${result.errors} errors`);
  }
  return result.latency.p99;
}

/**
 * @param {number} client
 * @param {string[]} tokens
 */
function requestsOf(client, tokens) {
  return Array.from({ length: ADDRESSES_PER_CONNECTION }, (_, index) => ({
    method: 'GET',
    headers: {
      authorization: `Bearer ${tokens[(client + index) % tokens.length]}`,
      'x-forwarded-for': `10.0.${client}.${index}`,
    },
  }));
}

/** @param {Round[]} measured */
function summary(measured) {
  return {
    alone: median(measured.map(({ alone }) => alone)),
    flooded: median(measured.map(({ flooded }) => flooded)),
    ratio: round(median(measured.map(({ ratio }) => ratio)), 1),
  };
}

/** @param {ReturnType<typeof summary> & { cost: number, rounds: Round[], machine: ReturnType<typeof machine> }} report */
function markdown({ alone, flooded, ratio, cost, machine }) {
  const lines = [
    '# Requests in a flood of logins',
    '',
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date}; bcrypt cost ${cost}; ${rounds} interleaved rounds of ${seconds} s, ${parallelLogins} logins at once.`,
    '',
    '|  | median of the rounds |',
    '|---|---|',
    `| p99 of \`GET /tasks\` at ${TASKS_PER_SECOND} a second, alone | ${alone} ms |`,
    `| the same during a flood of logins | ${flooded} ms |`,
    '',
    `In a flood, the p99 is **${ratio}** times what it is alone; target at most ${TARGET_P99.ratio} times, or under ${TARGET_P99.ms} ms.`,
  ];
  return `${lines.join('\n')}\n`;
}

// Last: the class above is there only from its line on.
await run(main);
