// @ts-check
/**
 * `npm run bench:growth`: whether a statement costs the same with a thousand rows and with many, one table at a time.
 * Options: --rows 100000 (largest; 10000000 takes about 20 minutes and 8 GB) --searched 1000000 (of tables
 * with search indexes, which take long to build) --repetitions 200 --only users,tasks --save.
 */

import pg from 'pg';

import { readOptions } from '../scripts/options.mjs';
import { GROWING } from './support/growing.mjs';
import { machine, median, progress, progressBar, requireClean, round, run, save } from './support/report.mjs';
import { fromBuild, makeFolder, startDatabase } from './support/roost.mjs';

/** @typedef {import('./support/growing.mjs').Growing} Growing */
/** @typedef {import('./support/growing.mjs').Asked} Asked */
/** @typedef {{ rows: number, client: pg.Client }} Size */
/** @typedef {{ ms: number, buffers: number }} Cost */
/** @typedef {{ table: string, name: string, least: number | undefined, costs: Cost[], ratio: number }} Line */
/** @typedef {{ sizes: number[], repetitions: number, lines: Line[], machine: object }} Report */

const TARGET = 1.3;
const SIZES = [1_000, 100_000, 10_000_000];

const options = readOptions({
  rows: { type: 'string', default: '100000' },
  repetitions: { type: 'string', default: '200' },
  searched: { type: 'string', default: '1000000' },
  only: { type: 'string' },
  save: { type: 'boolean', default: false },
});
const most = Number(options.rows);
const searched = Number(options.searched);
const repetitions = Number(options.repetitions);
const only = options.only?.split(',');
const sizes = [...SIZES.filter((size) => size < most), most];

const SETTINGS = {
  shared_buffers: '2GB',
  effective_cache_size: '8GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  wal_level: 'minimal',
  max_wal_senders: '0',
  fsync: 'off',
  // What it would do at its own time is done at the end of loading.
  autovacuum: 'off',
};

/** @type {typeof import('../src/database/prepared.js')} */
const { preparedName } = await fromBuild('database/prepared.js');
/** @type {{ migrate: (url: string) => Promise<unknown> }} */
const { migrate } = await fromBuild('database/schema/migrate.js');

await run(main);

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireClean(options.save);
  const url = await startDatabase(makeFolder(endings), endings, SETTINGS);
  /** @type {Size[]} */
  const databases = [];
  for (const rows of sizes) databases.push({ rows, client: await makeDatabase(url, `rows_${rows}`) });
  /** @type {Line[]} */
  const lines = [];
  for (const growing of GROWING.filter(({ table }) => only?.includes(table) ?? true)) {
    for (const { rows, client } of databases)
      await load({ rows: growing.isSearched ? Math.min(rows, searched) : rows, client }, growing);
    for (const asked of growing.asked) lines.push(await measure(databases, growing, asked));
    progressBar(1, `${growing.table}: measured`);
  }
  /** @type {Report} */
  const report = { sizes, repetitions, lines, machine: machine() };
  const text = markdown(report);
  process.stdout.write(text);
  if (options.save) save('growth', report, { md: text });
  if (lines.some(({ ratio }) => ratio > TARGET)) process.exitCode = 1;
}

/**
 * @param {string} url
 * @param {string} name
 */
async function makeDatabase(url, name) {
  const admin = await connect(url);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  await migrate(own.href);
  return connect(own.href);
}

/** @param {string} url */
async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  // The server ends before the client when somebody interrupts.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * Only this table is large: the rows of the one before are gone. Foreign keys and triggers rest.
 * @param {Size} size
 * @param {Growing} growing
 */
async function load({ rows, client }, { table, load: sqlOf, prepare }) {
  progress(`${table}: ${rows.toLocaleString('en')} rows`);
  await client.query(
    `SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'`,
  );
  for (const other of new Set(GROWING.map(({ table: each }) => each))) await client.query(`TRUNCATE ${other} CASCADE`);
  await client.query('TRUNCATE daily_counts, account_counts');
  // The indexes of a partitioned table are those of its partitions.
  const indexes = table === 'audit_events' ? [] : await dropIndexes(client, table);
  await client.query(sqlOf(rows));
  for (const index of indexes) await client.query(index);
  await client.query('RESET ALL');
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
  await prepare?.({ query: (text, values) => send(client, text, values) });
}

/**
 * But those of constraints.
 * @param {pg.Client} client
 * @param {string} table
 * @returns {Promise<string[]>} what makes them again
 */
async function dropIndexes(client, table) {
  const { rows } = await client.query(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index i
      WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
    [table],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition);
}

/**
 * As an instance sends it: with a name, unless it is a page.
 * @param {pg.Client} client
 * @param {string} text
 * @param {unknown[]} [values]
 */
async function send(client, text, values) {
  const name = preparedName(text, values);
  const { rows, rowCount, command } = await client.query({ text, values: values ?? [], ...(name && { name }) });
  return ['UPDATE', 'DELETE'].includes(command) ? [rows, rowCount] : rows;
}

/**
 * The sizes by turns, so that whatever else the machine does falls on all.
 * @param {Size[]} databases
 * @param {Growing} growing
 * @param {Asked} asked
 * @returns {Promise<Line>}
 */
async function measure(databases, { table, isSearched }, asked) {
  const times = databases.map(() => /** @type {number[]} */ ([]));
  for (let count = -10; count < repetitions; count += 1) {
    progressBar(Math.max(0, count) / repetitions, `${table}: ${asked.name}`);
    for (const [index, { client }] of databases.entries()) {
      const ms = await once(client, asked);
      if (count >= 0) times[index]?.push(ms);
    }
  }
  const costs = [];
  for (const [index, { client }] of databases.entries())
    costs.push({ ms: round(median(times[index] ?? []), 3), buffers: await buffersOf(client, asked) });
  const compared = costs.filter((_, index) => Number(databases[index]?.rows) >= (asked.least ?? 0)).map(({ ms }) => ms);
  const ratio = compared.length === 0 ? 1 : round(Math.max(...compared) / Number(compared[0]), 2);
  progress(`${asked.name}: ${costs.map(({ ms }) => ms.toFixed(2)).join(', ')} ms`);
  const capped = isSearched && most > searched ? ` (at most ${searched.toLocaleString('en')})` : '';
  return { table: `${table}${capped}`, name: asked.name, least: asked.least, costs, ratio };
}

/**
 * @param {pg.Client} client
 * @param {Asked} asked
 */
async function once(client, { ask, changes, prepare }) {
  /** @type {import('./support/growing.mjs').Db} */
  const db = { query: (text, values) => send(client, text, values) };
  if (changes) await client.query('BEGIN');
  await prepare?.(db);
  const began = performance.now();
  await ask(db);
  const ms = performance.now() - began;
  if (changes) await client.query('ROLLBACK');
  return ms;
}

/**
 * Of all of its statements, each explained with the plan that the connection has by now.
 * @param {pg.Client} client
 * @param {Asked} asked
 */
async function buffersOf(client, { ask, changes, prepare }) {
  let buffers = 0;
  /** @type {import('./support/growing.mjs').Db} */
  const explaining = {
    query: async (text, values) => {
      await client.query('SAVEPOINT before');
      const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING off) ${text}`, values);
      await client.query('ROLLBACK TO before');
      const { Plan: plan } = rows[0]['QUERY PLAN'][0];
      buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      return send(client, text, values);
    },
  };
  await client.query('BEGIN');
  await prepare?.({ query: (text, values) => send(client, text, values) });
  await ask(explaining);
  await client.query(changes ? 'ROLLBACK' : 'COMMIT');
  return buffers;
}

/** @param {Report} report */
function markdown({ sizes: measured, repetitions: times, lines, machine: on }) {
  const { cpu, cores, node, date } = /** @type {ReturnType<typeof machine>} */ (on);
  const heads = measured.map((size) => size.toLocaleString('en'));
  const missed = lines.filter(({ ratio }) => ratio > TARGET);
  const rows = lines.map(
    ({ table, name, least, costs, ratio }) =>
      `| ${table} | ${name}${least === undefined ? '' : ' \\*'} | ${costs.map(({ ms }) => ms.toFixed(2)).join(' | ')} | ${ratio > TARGET ? `**${ratio}**` : ratio} | ${costs.map(({ buffers }) => buffers).join(' · ')} |`,
  );
  return `# Growth

What Roost's statements take with more and more rows in their table, in milliseconds on one connection, the median of ${times} each, by
turns. The ratio is the slowest size's to the smallest's, at most ${TARGET}; for what spreads over pages or looks at a fixed number of rows, to the
first size that has them (*): ${missed.length === 0 ? 'all keep to it' : `${missed.length} of ${lines.length} do not`}.
Buffers are pages of 8 kB that PostgreSQL reads.

| table | statement | ${heads.join(' | ')} | ratio | buffers |
| --- | --- | ${heads.map(() => '--:').join(' | ')} | --: | --- |
${rows.join('\n')}

${cpu}, ${cores} cores, Node ${node}, ${date}.
`;
}
