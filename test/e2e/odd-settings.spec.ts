/** A database, or a role, with settings that are not PostgreSQL's own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { keepAuditPartitions } from '../../src/database/schema/audit-partitions.js';
import { buildSearchIndexes } from '../../src/database/schema/search-indexes.js';
import { missingGrants } from '../../src/database/schema/rights.js';
import { TestApp } from '../support/app.js';
import { cloneTemplate, dropDatabase, emptyDatabase, execute, someoneWaits } from '../support/database.js';
import { person } from '../support/people.js';
import { HAS_PGBOUNCER, PgBouncer } from '../support/pgbouncer.js';
import { eventually } from '../support/process.js';

const SCRIPT = join(__dirname, '../../scripts/db.mjs');

let folder: string;
let url: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roost-settings-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

afterEach(() => dropDatabase(url));

const set = (...settings: string[]): Promise<void> => {
  const name = new URL(url).pathname.slice(1);
  return execute(url, ...settings.map((setting) => `ALTER DATABASE ${name} SET ${setting}`));
};

const envOf = (database: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  NODE_ENV: 'test',
  DATABASE_URL: database,
});

const run = (database: string, ...args: string[]): { code: number | null; said: string } => {
  const options = { env: envOf(database), encoding: 'utf8', cwd: folder } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], options);
  return { code: status, said: stdout + stderr };
};

const valuesOf = async (database: string, query: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<{ value: unknown }>(query);
  await client.end();
  return rows.map(({ value }) => value);
};

/** The day is no month. */
const INSERT_ADA = `INSERT INTO users (email, username, hashed_password, created_at)
  VALUES ('ada@example.org', 'ada', '!', '2019-02-03T04:05:06.789Z')`;

describe('a dump', () => {
  beforeEach(async () => {
    url = await cloneTemplate();
    await execute(url, INSERT_ADA);
  });

  it('has the same text, whatever the database says of dates, times and strings', async () => {
    expect(run(url, 'backup', 'before')).toMatchObject({ code: 0 });
    await set(`datestyle = 'SQL, DMY'`, `intervalstyle = 'sql_standard'`, `timezone = 'Asia/Kathmandu'`);
    await set('standard_conforming_strings = off', 'extra_float_digits = -3', 'bytea_output = escape');
    expect(run(url, 'backup', 'after')).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'after'), 'utf8')).toBe(readFileSync(join(folder, 'before'), 'utf8'));
  });

  it('is not ended by the limits of the role', async () => {
    await set('lock_timeout = 1');
    const holder = new pg.Pool({ connectionString: url });
    try {
      const client = await holder.connect();
      await client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const dump = spawn(process.execPath, [SCRIPT, 'backup', 'patient'], { env: envOf(url), cwd: folder });
      const ended = new Promise((resolve) => dump.once('exit', resolve));
      await eventually(async () => (await someoneWaits(holder)) || dump.exitCode !== null);
      await client.query('COMMIT');
      client.release();
      expect(await ended).toBe(0);
    } finally {
      await holder.end();
    }
  });
});

describe('a schema of its own', () => {
  beforeEach(async () => {
    url = await emptyDatabase();
    await execute(url, 'CREATE SCHEMA "the app"');
    await set('search_path = "the app", public');
    expect(run(url, 'migrate')).toMatchObject({ code: 0 });
    await execute(url, INSERT_ADA);
  });

  it('is in the dump, which may go into another', async () => {
    expect(run(url, 'check').said).toMatch(/^postgres in schema "the app" +may create tables +may +ok$/m);
    expect(run(url, 'backup', 'schema')).toMatchObject({ code: 0 });
    const other = await emptyDatabase();
    expect(run(other, 'restore', 'schema')).toMatchObject({ code: 0 });
    expect(await valuesOf(other, 'SELECT email AS value FROM public.users')).toEqual(['ada@example.org']);
    await dropDatabase(other);
  });

  it('is named in the rights that lack', async () => {
    const role = `odd_${process.pid}`;
    await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA "the app" TO ${role}`);
    const other = new URL(url);
    [other.username, other.password] = [role, 'x'];
    const { grants } = await missingGrants(other.href);
    await execute(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    expect(grants).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON "the app".users TO ${role};`);
  });

  it('is told to a role that may enter it, and does not look there, or may not enter it', async () => {
    const role = `odd_${process.pid}`;
    await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'; CREATE SCHEMA ${role} AUTHORIZATION ${role}`);
    const other = new URL(url);
    [other.username, other.password] = [role, 'x'];
    expect((await missingGrants(other.href)).grants[0]).toBe(`GRANT USAGE ON SCHEMA "the app" TO ${role};`);
    await execute(
      url,
      `GRANT USAGE ON SCHEMA "the app" TO ${role}`,
      `ALTER ROLE ${role} SET search_path = "$user", public`,
    );
    expect((await missingGrants(other.href)).grants[0]).toBe(`ALTER ROLE ${role} SET search_path = "the app";`);
    await execute(url, 'DROP SCHEMA public CASCADE');
    expect((await missingGrants(other.href)).grants).toContain(
      `GRANT SELECT, INSERT ON "the app".audit_events TO ${role};`,
    );
    await execute(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it('must be there', async () => {
    await set('search_path = nowhere');
    for (const [command, message] of [
      [['migrate'], /^The search_path of the role, .*\n$/],
      [['restore', SCRIPT], /^The search_path of the role, .*\n$/],
      [['backup', 'nowhere'], /^The database has no tables of Roost: nothing was saved\.\n$/],
    ] as const)
      expect(run(url, ...command)).toEqual({ code: 1, said: expect.stringMatching(message) as string });
  });
});

it('has its audit kept in months, whatever it says of dates and strings', async () => {
  url = await cloneTemplate();
  await set(`datestyle = 'German, DMY'`, 'standard_conforming_strings = off');
  expect(await keepAuditPartitions(url)).toEqual({ made: [], dropped: [], moved: 0 });
});

it.each(['repeatable read', 'serializable'])('serves changes in parallel where its default is %s', async (level) => {
  url = await cloneTemplate();
  await set(`default_transaction_isolation = '${level}'`);
  const app = await TestApp.start({ on: url });
  try {
    const { api, email } = await person(app);
    const asked = Array.from({ length: 30 }, (_, n) => api.patch('/users/me', { bio: String(n) }));
    const forgotten = Array.from({ length: 5 }, () => app.api.post('/auth/password/forgot', { email }));
    for (const { status, body } of await Promise.all([...asked, ...forgotten]))
      expect([status < 300, body.code]).toEqual([true, undefined]);
  } finally {
    await app.stop();
  }
});

it('is only looked at by who saves it, or asks how psql reaches it', async () => {
  url = await emptyDatabase();
  expect(run(url, 'psql').code).toBe(0);
  expect(run(url, 'backup', 'empty').said).toBe('The database has no tables of Roost: nothing was saved.\n');
  expect(
    await valuesOf(url, `SELECT relname AS value FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
  ).toEqual([]);
});

it('says in a sentence which right a backup lacks', async () => {
  url = await cloneTemplate();
  const role = `odd_${process.pid}`;
  await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  const other = new URL(url);
  [other.username, other.password] = [role, 'x'];
  const outcome = run(other.href, 'backup', 'denied');
  await execute(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  expect(outcome).toEqual({
    code: 1,
    said: 'The database does not give the dump: permission denied for sequence audit_events_id_seq.\n',
  });
});

(HAS_PGBOUNCER ? it : it.skip)('keeps its limits on connections of a pooler, which others use, too', async () => {
  url = await cloneTemplate();
  await set(`statement_timeout = '4s'`, `lock_timeout = '3s'`);
  const pooler = await PgBouncer.before(url);
  const faults: unknown[] = [];
  await buildSearchIndexes(pooler.url, (fault) => faults.push(fault));
  const limits = await valuesOf(
    pooler.url,
    `SELECT setting AS value FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout') ORDER BY name`,
  );
  await pooler.stop();
  expect([limits, faults]).toEqual([['3000', '4000'], []]);
});
