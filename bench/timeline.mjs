// @ts-check
/**
 * `npm run bench:timeline`: what a page of the home timeline costs in a large crowd, that it is exactly the page of the
 * naive query, and what counting costs posting.
 * Options: --posts 1000000 --users 1000000 --repetitions 40 --rounds 8 --seconds 4 --connections 12 --no-writes --save.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { readOptions } from '../scripts/options.mjs';
import { BARE_INSERT, NAIVE_PAGE } from './floor/naive-timeline.mjs';
import { GROUPS, loadCrowd, VIEWERS_PER_GROUP } from './support/crowd.mjs';
import { machine, median, progress, progressBar, requireClean, round, run, save } from './support/report.mjs';
import { fromBuild, makeFolder, ROOT, startDatabase } from './support/roost.mjs';
import { plotTimeline } from './support/timeline-plot.mjs';

/** @typedef {import('./support/crowd.mjs').Group} Group */
/** @typedef {{ viewer: string, before: string | null, limit: number }} Page */
/** @typedef {{ p50: number, p99: number }} Spread */
/** @typedef {{ database: Spread, client: Spread, buffers: number }} Cost */
/** @typedef {{ key: string, first: Cost, fiftieth: Cost | undefined, naive: number }} Row */
/** @typedef {{ users: number, posts: number, follows: number, compared: number, rows: Row[], writes: Writes | undefined, machine: object }} Report */
/** @typedef {{ bare: number, counted: number, share: number, share_min: number, share_max: number }} Writes */

const PAGE = 20;
/** A page is cut from one row more: whether there is a next one. */
const ROWS = PAGE + 1;
const DEEP = 50;
const RANDOM_VIEWERS = 100;
const COMPARED_PER_GROUP = 5;
const NAIVE_VIEWERS = 5;
const TARGET_GROWTH = 1.6;
const TARGET_SHARE = 0.8;
/** At most one wakes the streams of an instance in this time. */
const NOTIFY_MS = 50;

const options = readOptions({
  posts: { type: 'string', default: '1000000' },
  users: { type: 'string', default: '1000000' },
  repetitions: { type: 'string', default: '40' },
  rounds: { type: 'string', default: '8' },
  seconds: { type: 'string', default: '4' },
  connections: { type: 'string', default: '12' },
  'no-writes': { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
});
const posts = Number(options.posts);
const users = Number(options.users);
const repetitions = Number(options.repetitions);
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const connections = Number(options.connections);

const SETTINGS = {
  shared_buffers: '2GB',
  effective_cache_size: '8GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // What it would do at its own time is done at the end of loading.
  autovacuum: 'off',
};

/** Runs a page as Roost sends it: parsed, planned and executed each time. */
const TIMER = `
  CREATE FUNCTION milliseconds(statement text, viewer uuid, before bigint, size integer) RETURNS double precision
  LANGUAGE plpgsql AS $$
  DECLARE
    began CONSTANT timestamptz := clock_timestamp();
  BEGIN
    EXECUTE statement USING viewer, before, size;
    RETURN extract(epoch FROM clock_timestamp() - began) * 1000;
  END $$`;

/** @type {{ selectTimelinePage: (manager: object, page: object) => Promise<unknown> }} */
const { selectTimelinePage } = await fromBuild('timeline/posts/feed.query.js');
/** @type {{ insertPost: (manager: object, post: { authorId: string, text: string }) => Promise<unknown> }} */
const { insertPost } = await fromBuild('timeline/posts/posts.query.js');

await run(main);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireClean(options.save);
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL');
  const url = await startDatabase(folder, endings, SETTINGS);
  const client = await connect(url);
  await load(client);

  progress('comparing pages with those of the naive query');
  const compared = await comparePages(client);
  progress(`${compared} pages are the same; measuring`);
  const rows = await measurePages(client);
  const writes = options['no-writes'] ? undefined : await measureWrites(url, client);

  const { rows: counts } = await client.query('SELECT count(*)::integer AS follows FROM follows');
  const { rows: versions } = await client.query(`SELECT current_setting('server_version') AS version`);
  const on = { ...machine(), postgres: versions[0].version };
  /** @type {Report} */
  const report = { users, posts, follows: counts[0].follows, compared, rows, writes, machine: on };
  process.stdout.write(describeReport(report));
  if (options.save) saveReport(report);
  if (missesTarget(report)) process.exitCode = 1;
}

/** @param {string} url */
async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  // The server ends before the client when somebody interrupts.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Quickly, and then safely: a crash while loading loses nothing but the load. */
async function load(/** @type {pg.Client} */ client) {
  const safety = async (/** @type {string} */ change) => {
    await client.query(`ALTER SYSTEM ${change}`);
    await client.query('SELECT pg_reload_conf()');
  };
  await safety('SET fsync = off');
  await loadCrowd(client, { users, posts, onProgress: progressBar });
  await safety('RESET fsync');
  progress('writing all of it to disk');
  await client.query('CHECKPOINT');
  // Neither is the time of the disk measured, nor that of the cache of the operating system.
  execFileSync('sync');
  await client.query(TIMER);
}

/** What Roost sends, without sending it. @param {Page} page */
async function roostPage({ viewer, before, limit }) {
  const sent = { statement: '', values: /** @type {unknown[]} */ ([]) };
  const query = async (/** @type {string} */ statement, /** @type {unknown[]} */ values) => {
    Object.assign(sent, { statement, values });
    return [];
  };
  await selectTimelinePage({ query }, { viewerId: viewer, before: before ?? undefined, limit });
  return sent;
}

/**
 * @param {pg.Client} client
 * @param {Page} page
 * @returns {Promise<object[]>}
 */
async function readPage(client, page) {
  const { statement, values } = await roostPage(page);
  return (await client.query(statement, values)).rows;
}

/**
 * @param {pg.Client} client
 * @param {Page} page
 * @returns {Promise<{ id: string }[]>}
 */
async function readNaively(client, { viewer, before, limit }) {
  return (await client.query(NAIVE_PAGE, [viewer, before, limit])).rows;
}

/**
 * The first page, the second and the fiftieth, of people of all kinds.
 * @param {pg.Client} client
 * @returns {Promise<number>} how many pages were compared
 * @throws at the first difference
 */
async function comparePages(client) {
  const { rows: people } = await client.query('SELECT id FROM crowd ORDER BY random() LIMIT $1', [RANDOM_VIEWERS]);
  const viewers = people.map(({ id }) => id);
  for (const [index] of GROUPS.entries())
    viewers.push(...(await viewersOf(client, index)).slice(0, COMPARED_PER_GROUP));
  let compared = 0;
  for (const [index, viewer] of viewers.entries()) {
    progressBar(index / viewers.length, 'comparing');
    const all = await readNaively(client, { viewer, before: null, limit: DEEP * PAGE + 1 });
    for (const number of [1, 2, DEEP]) {
      const start = (number - 1) * PAGE;
      const before = number === 1 ? null : all[start - 1]?.id;
      if (before === undefined) continue;
      const page = await readPage(client, { viewer, before, limit: ROWS });
      const expected = all.slice(start, start + ROWS);
      if (JSON.stringify(page) !== JSON.stringify(expected))
        throw new Error(difference(viewer, number, page, expected));
      compared += 1;
    }
  }
  progressBar(1, 'compared');
  return compared;
}

/**
 * @param {string} viewer
 * @param {number} number
 * @param {...object[]} pages
 */
function difference(viewer, number, ...pages) {
  const [ours, theirs] = pages.map((page) => page.map((post) => /** @type {{ id: string }} */ (post).id).join(' '));
  return `Page ${number} of ${viewer} differs.\nRoost: ${ours}\nnaive: ${theirs}`;
}

/**
 * @param {pg.Client} client
 * @param {number} index of the group
 * @returns {Promise<string[]>}
 */
async function viewersOf(client, index) {
  const first = users - (GROUPS.length - index) * VIEWERS_PER_GROUP;
  const { rows } = await client.query('SELECT id FROM crowd WHERE n > $1 AND n <= $2 ORDER BY n', [
    first,
    first + VIEWERS_PER_GROUP,
  ]);
  return rows.map(({ id }) => id);
}

/** @typedef {{ page: Page, row: number, deep: boolean, database: number[], client: number[] }} Series */

/**
 * All groups by turns, so that whatever else the machine does falls on all.
 * @param {pg.Client} client
 * @returns {Promise<Row[]>}
 */
async function measurePages(client) {
  /** @type {Series[]} */
  const series = [];
  for (const [row] of GROUPS.entries()) {
    for (const viewer of await viewersOf(client, row)) series.push(...(await pagesOf(client, viewer, row)));
  }
  const trip = await measureRoundTrip(client);
  for (let count = 0; count < repetitions; count += 1) {
    progressBar(count / repetitions, 'measuring');
    for (const each of series) {
      // Once unmeasured: each run finds its pages in memory, as those of people who are there now.
      if (count === 0) await readPage(client, each.page);
      each.database.push(await databaseMs(client, (await roostPage(each.page)).statement, each.page));
      const began = performance.now();
      await readPage(client, each.page);
      each.client.push(performance.now() - began);
    }
  }
  progressBar(1, 'measured');
  progress(`a round trip alone takes ${trip.toFixed(2)} ms`);
  const rows = [];
  for (const [index, { key }] of GROUPS.entries()) {
    progressBar(index / GROUPS.length, 'counting buffers, and measuring the naive query');
    const own = series.filter(({ row }) => row === index);
    const deep = own.filter((each) => each.deep);
    rows.push({
      key,
      first: await costOf(
        client,
        own.filter((each) => !each.deep),
      ),
      fiftieth: deep.length === 0 ? undefined : await costOf(client, deep),
      naive: await measureNaive(client, own),
    });
  }
  progressBar(1, 'measured');
  return rows;
}

/**
 * @param {pg.Client} client
 * @param {string} viewer
 * @param {number} row
 * @returns {Promise<Series[]>}
 */
async function pagesOf(client, viewer, row) {
  let last = null;
  for (let number = 1; number < DEEP; number += 1) {
    const page = await readPage(client, { viewer, before: last, limit: PAGE });
    last = /** @type {{ id: string } | undefined} */ (page[PAGE - 1])?.id;
    if (last === undefined) break;
  }
  const starts = last === undefined ? [null] : [null, last];
  return starts.map((before) => ({
    page: { viewer, before, limit: ROWS },
    row,
    deep: before !== null,
    database: [],
    client: [],
  }));
}

/**
 * @param {pg.Client} client
 * @param {string} statement
 * @param {Page} page
 * @returns {Promise<number>}
 */
async function databaseMs(client, statement, { viewer, before, limit }) {
  const { rows } = await client.query('SELECT milliseconds($1, $2, $3, $4) AS ms', [statement, viewer, before, limit]);
  return rows[0].ms;
}

/** @param {pg.Client} client */
async function measureRoundTrip(client) {
  const times = [];
  for (let count = 0; count < 500; count += 1) {
    const began = performance.now();
    await client.query('SELECT 1');
    times.push(performance.now() - began);
  }
  return median(times);
}

/**
 * @param {pg.Client} client
 * @param {Series[]} series
 * @returns {Promise<Cost>}
 */
async function costOf(client, series) {
  const buffers = [];
  for (const { page } of series) {
    const { statement, values } = await roostPage(page);
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`, values);
    const { Plan: plan } = rows[0]['QUERY PLAN'][0];
    buffers.push(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']);
  }
  return {
    database: spread(series.flatMap(({ database }) => database)),
    client: spread(series.flatMap(({ client }) => client)),
    buffers: Math.round(median(buffers)),
  };
}

/**
 * First pages of some viewers, once unmeasured and once measured: many take a second.
 * @param {pg.Client} client
 * @param {Series[]} series
 * @returns {Promise<number>} the median
 */
async function measureNaive(client, series) {
  const times = [];
  for (const { page } of series.filter(({ deep }) => !deep).slice(0, NAIVE_VIEWERS)) {
    await databaseMs(client, NAIVE_PAGE, page);
    times.push(await databaseMs(client, NAIVE_PAGE, page));
  }
  return round(median(times), 3);
}

/**
 * @param {number[]} times
 * @returns {Spread}
 */
function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: round(median(sorted), 3), p99: round(Number(sorted[Math.ceil(sorted.length * 0.99) - 1]), 3) };
}

/**
 * Posts a second with the count of the author's and the streams' wake-up, and without, into the same table, by turns.
 * @param {string} url
 * @param {pg.Client} client
 * @returns {Promise<Writes>}
 */
async function measureWrites(url, client) {
  const { rows } = await client.query('SELECT id FROM crowd ORDER BY random() LIMIT 20000');
  const authors = rows.map(({ id }) => id);
  const clients = await Promise.all(Array.from({ length: connections }, () => connect(url)));
  const bare = () => postsPerSecond(clients, insertBarely, authors);
  const counted = () => withNotifications(client, () => postsPerSecond(clients, insertCounted, authors));
  await bare();
  await counted();
  const measured = [];
  for (let index = 0; index < rounds; index += 1) {
    progressBar(index / rounds, 'posting');
    const bareFirst = index % 2 === 0;
    const before = bareFirst ? await bare() : undefined;
    const ours = await counted();
    const theirs = before ?? (await bare());
    measured.push({ bare: theirs, counted: ours, share: ours / theirs });
  }
  progressBar(1, 'posted');
  await Promise.all(clients.map((each) => each.end()));
  const shares = measured.map(({ share }) => share);
  return {
    bare: Math.round(median(measured.map((each) => each.bare))),
    counted: Math.round(median(measured.map((each) => each.counted))),
    share: round(median(shares), 3),
    share_min: round(Math.min(...shares), 3),
    share_max: round(Math.max(...shares), 3),
  };
}

/**
 * @param {pg.Client[]} clients
 * @param {(client: pg.Client, post: Post) => Promise<unknown>} insert
 * @param {string[]} authors
 */
async function postsPerSecond(clients, insert, authors) {
  const text = 'What a person has to say on an ordinary day, in about as many characters as people take.';
  const began = performance.now();
  const end = began + seconds * 1_000;
  let count = 0;
  await Promise.all(
    clients.map(async (client, index) => {
      for (let next = index; performance.now() < end; next += clients.length) {
        await insert(client, { authorId: String(authors[next % authors.length]), text });
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - began);
}

/** @typedef {{ authorId: string, text: string }} Post */

/**
 * As Roost does it.
 * @param {pg.Client} client
 * @param {Post} post
 */
function insertCounted(client, post) {
  const query = async (/** @type {string} */ statement, /** @type {unknown[]} */ values) =>
    (await client.query(statement, values)).rows;
  return insertPost({ query }, post);
}

/**
 * @param {pg.Client} client
 * @param {Post} post
 */
function insertBarely(client, { authorId, text }) {
  return client.query(BARE_INSERT, [authorId, text]);
}

/**
 * @template T
 * @param {pg.Client} client
 * @param {() => Promise<T>} work
 */
async function withNotifications(client, work) {
  const done = new AbortController();
  const notify = async () => {
    while (!done.signal.aborted) {
      await client.query('NOTIFY posts');
      await delay(NOTIFY_MS);
    }
  };
  const notifying = notify();
  try {
    return await work();
  } finally {
    done.abort();
    await notifying;
  }
}

/** @param {Report} report */
function missesTarget({ rows, writes }) {
  const slow = GROUPS.some(({ targetMs = Infinity }, index) => Number(rows[index]?.first.database.p99) > targetMs);
  return slow || (writes !== undefined && writes.share < TARGET_SHARE);
}

/** @param {Report} report */
function saveReport(report) {
  const file = join(ROOT, 'bench', 'results', 'timeline.json');
  /** @type {Report[]} */
  const kept = readSaved(file).filter((each) => each.posts !== report.posts);
  const reports = [...kept, report].toSorted((a, b) => a.posts - b.posts);
  save('timeline', reports, { md: describeAll(reports), svg: plotTimeline(reports, GROUPS) });
}

/**
 * @param {string} file
 * @returns {Report[]}
 */
function readSaved(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return [];
    throw error;
  }
}

/** @param {Report[]} reports from few posts to many */
function describeAll(reports) {
  const lines = ['# A page of the home timeline', '', '![Milliseconds in the database](timeline.svg)', ''];
  lines.push(...reports.map(describeReport));
  const [small, large] = [reports[0], reports.at(-1)];
  if (small && large && small !== large) lines.push(describeGrowth(small, large));
  return lines.join('\n');
}

/**
 * @param {Report} small
 * @param {Report} large
 */
function describeGrowth(small, large) {
  const growth = GROUPS.map(({ label }, index) => {
    const times = [large, small].map(({ rows }) => Number(rows[index]?.first.database.p50));
    return `${label}: ${(Number(times[0]) / Number(times[1])).toFixed(2)}`;
  });
  return `## Growth\n\nHow many times the p50 of the first page grows from ${inWords(small.posts)} posts to ${inWords(large.posts)}: ${growth.join(', ')}. Target: at most ${TARGET_GROWTH} for 10, 200 and 2,000.\n`;
}

/** @param {Report} report */
function describeReport({ users, posts, follows, compared, rows, writes, machine }) {
  const { cpu, cores, memory_gb, postgres, node, date } = /** @type {Record<string, string>} */ (machine);
  const lines = [
    `## ${inWords(posts)} posts`,
    '',
    `${inWords(users)} people, ${inWords(follows)} follow edges. ${cpu}, ${cores} cores, ${memory_gb} GB; PostgreSQL ${postgres}, Node ${node}, ${date}.`,
    `${compared} pages of people of all kinds (the first, second and fiftieth) were exactly those of the naive query.`,
    '',
    '| follows | page | in the database, p50 / p99 ms | client, p50 / p99 ms | buffers | naive, p50 ms |',
    '|---|---|---|---|---|---|',
    ...rows.flatMap(describeRow),
    '',
  ];
  if (writes) {
    lines.push(
      `Posting from ${connections} connections: ${inWords(writes.counted)}/s with the author's count and the streams' wake-up, ${inWords(writes.bare)}/s as bare inserts that give back id and time: **${percent(writes.share)}** (median of ${rounds} rounds; ${percent(writes.share_min)} to ${percent(writes.share_max)}), target at least ${percent(TARGET_SHARE)}.`,
      '',
    );
  }
  return `${lines.join('\n')}\n`;
}

/**
 * @param {Row} row
 * @param {number} index
 */
function describeRow({ first, fiftieth, naive }, index) {
  const label = GROUPS[index]?.label;
  const lines = [`| ${label} | 1 | ${describeCost(first)} | ${naive.toPrecision(2)} |`];
  if (fiftieth) lines.push(`| ${label} | ${DEEP} | ${describeCost(fiftieth)} | |`);
  return lines;
}

/** @param {Cost} cost */
function describeCost({ database, client, buffers }) {
  return `${pair(database)} | ${pair(client)} | ${inWords(buffers)}`;
}

/** @param {Spread} spread */
function pair({ p50, p99 }) {
  return `${p50.toPrecision(2)} / ${p99.toPrecision(2)}`;
}

/** @param {number} count */
function inWords(count) {
  return count.toLocaleString('en');
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}
