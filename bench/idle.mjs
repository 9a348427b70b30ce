// @ts-check
/** `npm run bench:idle`: the statements that an instance sends by itself in a minute while nobody uses it. Options: --seconds 60 --save. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { readOptions } from '../scripts/options.mjs';
import { machine, progress, requireClean, round, run, save } from './support/report.mjs';
import { makeFolder, startDatabase, startRoost } from './support/roost.mjs';

const TARGET = 1;
/** The first clean-up and the like come within a minute of the start, and rest begins half a minute after it. */
const SETTLED_MS = 75_000;
/** Of a new connection of the pool: it is not a query. */
const SET_UP = /^(?:SET|SELECT pg_backend_pid)/;

const options = readOptions({ seconds: { type: 'string', default: '60' }, save: { type: 'boolean', default: false } });
const seconds = Number(options.seconds);

/** @typedef {{ query: string, calls: number }} Counted */

/** @param {(() => unknown)[]} endings */
async function main(endings) {
  requireClean(options.save);
  const folder = makeFolder(endings);
  progress('starting an embedded PostgreSQL and an instance with a mail server');
  const database = await startDatabase(folder, endings, { shared_preload_libraries: 'pg_stat_statements' });
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  endings.push(() => client.end());
  await client.query('CREATE EXTENSION pg_stat_statements');
  const secret = randomBytes(48).toString('base64');
  await startRoost({
    database,
    secret,
    folder,
    endings,
    env: { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'roost@example.com' },
  });
  progress(`waiting ${SETTLED_MS / 1_000} s, then counting for ${seconds} s`);
  await delay(SETTLED_MS);
  await client.query('SELECT pg_stat_statements_reset()');
  await delay(seconds * 1_000);
  const { rows } = await client.query(
    `SELECT regexp_replace(query, '\\s+', ' ', 'g') AS query, sum(calls)::int AS calls FROM pg_stat_statements
      WHERE query !~ 'pg_stat_statements' GROUP BY 1 ORDER BY 2 DESC`,
  );
  /** @type {Counted[]} */
  const counted = rows.filter(({ query }) => !SET_UP.test(query));
  const per_minute = round((counted.reduce((sum, { calls }) => sum + calls, 0) * 60) / seconds, 1);
  const connections = Math.max(0, ...rows.filter(({ query }) => SET_UP.test(query)).map(({ calls }) => calls));
  const report = { seconds, per_minute, connections, statements: counted, machine: machine() };
  process.stdout.write(markdown(report));
  if (options.save) save('idle', report, { md: markdown(report) });
  if (per_minute > TARGET) process.exitCode = 1;
}

/** @param {{ seconds: number, per_minute: number, connections: number, statements: Counted[], machine: ReturnType<typeof machine> }} report */
function markdown({ per_minute, connections, statements, machine: { cpu, cores, node, date } }) {
  const lines = statements.map(({ query, calls }) => `| \`${query.slice(0, 90)}\` | ${calls} |`);
  return `# Idle

What one instance in production mode with \`SMTP_URL\` asks of PostgreSQL while nobody uses it, over ${seconds} s: **${per_minute} statements a
minute** (at most ${TARGET}), and ${connections} new connections of its pool.

| statement | times |
| --- | --: |
${lines.join('\n')}

${cpu}, ${cores} cores, Node ${node}, ${date}.
`;
}

await run(main);
