/** What a database must be: said by `npm run db:check`, and by a start. Real servers, real databases; only an engine's name is made up. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { cloneTemplate, dropDatabase, emptyDatabase, execute } from '../support/database.js';
import { HAS_PGBOUNCER, PgBouncer } from '../support/pgbouncer.js';
import { RoostFolder } from '../support/process.js';

const SCRIPT = join(__dirname, '../../scripts/db.mjs');
const PRODUCTION = { NODE_ENV: 'production', BCRYPT_COST: '10', JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(' };
/** The server of the tests may lose writes in a crash. */
const UNSAFE = ['fsync', 'full_page_writes', 'synchronous_commit'];

interface Said {
  readonly code: number | null;
  readonly text: string;
  /** By requirement. */
  readonly verdicts: Record<string, string>;
}

function check(databaseUrl: string, env: Record<string, string> = {}): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, 'check'], {
    env: { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: databaseUrl, ...env },
    encoding: 'utf8',
    cwd: tmpdir(),
  });
  const rows = stdout.matchAll(/^(.+?) {2,}.* {2,}(ok|warning|missing)$/gm);
  const verdicts = Object.fromEntries(Array.from(rows, ([, name = '', verdict = '']) => [name, verdict]));
  return { code: status, text: stdout + stderr, verdicts };
}

const notOk = ({ verdicts }: Said): Record<string, string> =>
  Object.fromEntries(Object.entries(verdicts).filter(([name, verdict]) => verdict !== 'ok' && !UNSAFE.includes(name)));

async function query<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Its commits do not wait for the disk. */
function forgetful(url: string): Promise<unknown> {
  return execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
}

/** @returns the URL of the same server, as another role or with another database */
function changed(url: string, parts: Partial<Pick<URL, 'username' | 'password' | 'pathname'>>): string {
  return Object.assign(new URL(url), parts).href;
}

describe('db:check', () => {
  let database: string;
  let blank: string;

  beforeAll(async () => {
    [database, blank] = [await cloneTemplate(), await emptyDatabase()];
  });

  afterAll(async () => {
    for (const url of [database, blank]) await dropDatabase(url);
  });

  it('finds nothing missing, before a migration and after it', () => {
    for (const url of [blank, database]) {
      const said = check(url);
      expect([said.code, notOk(said)]).toEqual([0, {}]);
      expect(Object.keys(said.verdicts).length).toBeGreaterThan(14);
    }
  });

  it('leaves nothing behind', async () => {
    const all = `SELECT (SELECT count(*) FROM pg_class) AS tables, (SELECT count(*) FROM pg_proc) AS functions,
                        (SELECT count(*) FROM pg_extension) AS extensions, (SELECT count(*) FROM pg_trigger) AS triggers`;
    const before = await query(blank, all);
    check(blank);
    expect(await query(blank, all)).toEqual(before);
  });

  it('says that a crash can lose writes', async () => {
    await forgetful(database);
    const { verdicts, text } = check(database);
    expect(verdicts.synchronous_commit).toBe('warning');
    expect(text).toMatch(/^synchronous_commit: A crash of the server loses writes .*set synchronous_commit = on\.$/m);
    for (const name of ['fsync', 'full_page_writes']) {
      const [setting] = await query<{ value: string }>(database, `SELECT current_setting('${name}') AS value`);
      expect([name, verdicts[name]]).toEqual([name, setting?.value === 'on' ? 'ok' : 'warning']);
    }
  });

  it('says that the server has fewer connections than the instance may open', () => {
    expect(notOk(check(database, { DATABASE_POOL_MAX: '1000' }))).toEqual({ connections: 'warning' });
    const direct = { DATABASE_POOL_MAX: '1000', DATABASE_DIRECT_URL: database };
    expect(notOk(check(database, direct))).toEqual({});
  });

  it('says what a role may not, with the statements that allow it', async () => {
    const role = `roost_check_${process.pid}`;
    await execute(database, `CREATE ROLE ${role} LOGIN PASSWORD 'of-the-tests'`);
    const account = { username: role, password: 'of-the-tests' };
    try {
      const serving = check(changed(database, account));
      expect([serving.code, serving.verdicts[`rights of ${role}`]]).toEqual([1, 'missing']);
      expect(serving.text).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON public.users TO ${role};`);
      expect(serving.verdicts[`${role} in schema public`]).toBe('warning');
      const empty = check(changed(blank, account));
      expect([empty.code, notOk(empty)]).toEqual([
        1,
        { 'extension pg_trgm': 'warning', 'extension btree_gin': 'warning', [`${role} in schema public`]: 'missing' },
      ]);
      expect(empty.text).toMatch(
        /^extension pg_trgm: Searches read all rows without it\. Run CREATE EXTENSION pg_trgm/m,
      );
    } finally {
      await execute(database, `DROP ROLE ${role}`);
    }
  });

  (HAS_PGBOUNCER ? it : it.skip)('hears through a direct address what a pooler swallows', async () => {
    const pooler = await PgBouncer.before(database);
    try {
      const direct = check(pooler.url, { DATABASE_DIRECT_URL: database });
      expect([direct.code, notOk(direct)]).toEqual([0, {}]);
    } finally {
      await pooler.stop();
    }
  });

  it('says that it cannot connect, and why, without the password', () => {
    const { code, text } = check('postgres://roost:hunter2hunter2@127.0.0.1:1/roost');
    expect([code, text]).toEqual([1, expect.stringMatching(/^connection .*ECONNREFUSED.* missing$/m) as string]);
    expect(text).not.toContain('hunter2');
  });
});

describe('a database that cannot serve', () => {
  let folder: RoostFolder;
  let url: string;

  beforeEach(() => {
    folder = new RoostFolder();
  });

  afterEach(async () => {
    await folder.remove();
    await dropDatabase(url);
  });

  const refusal = async (): Promise<string> => {
    const roost = folder.start({ DATABASE_URL: url });
    expect(await roost.exit()).toBe(1);
    return roost.output;
  };

  it('with another encoding than UTF8 is refused by both, in words', async () => {
    url = await emptyDatabase();
    const name = new URL(url).pathname.slice(1);
    await dropDatabase(url);
    const admin = changed(url, { pathname: '/postgres' });
    await execute(admin, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`);
    const { code, verdicts } = check(url);
    expect([code, verdicts.encoding]).toEqual([1, 'missing']);
    expect(await refusal()).toContain(
      `The database in DATABASE_URL cannot serve Roost:\n  - encoding: needed is UTF8, this is SQL_ASCII. Make another database`,
    );
  });

  it('because it only reads is refused by both, in words, and by a migration', async () => {
    url = await emptyDatabase();
    await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
    const { code, text, verdicts } = check(url);
    expect([code, verdicts.writable]).toEqual([1, 'missing']);
    expect(text).toContain('\nwritable: The database only reads: ');
    expect(text).not.toContain('not a PostgreSQL');
    const words =
      'The database only reads: it is a standby, or default_transaction_read_only is on. Name the primary, or let the database write again.';
    expect(await refusal()).toContain(`Roost could not start.\n\n${words}\n\n`);
    const migration = spawnSync(process.execPath, [SCRIPT, 'migrate'], {
      env: { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: url },
      encoding: 'utf8',
      cwd: tmpdir(),
    });
    expect([migration.status, migration.stderr]).toEqual([1, `${words}\n`]);
  });

  it.each([
    ['CockroachDB', 'CockroachDB CCL v26.2.1 (x86_64-pc-linux-gnu, built 2026/06/01)'],
    ['YugabyteDB', 'PostgreSQL 15.12-YB-2025.2.3.0-b1 on x86_64-pc-linux-gnu'],
    ['Amazon Redshift', 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.1'],
  ])('because it is %s is refused by its name', async (engine, version) => {
    url = await emptyDatabase();
    const name = new URL(url).pathname.slice(1);
    await execute(
      url,
      `CREATE SCHEMA other;
       CREATE FUNCTION other.version() RETURNS text LANGUAGE sql AS $$ SELECT '${version}' $$;
       ALTER DATABASE ${name} SET search_path = other, pg_catalog, public`,
    );
    const { code, text } = check(url);
    expect([code, text]).toEqual([1, expect.stringContaining(`engine: ${engine} lacks what Roost needs: `) as string]);
    expect(await refusal()).toContain(`needed is PostgreSQL, this is ${engine}.`);
  });
});

describe('a start in production', () => {
  it('warns of a server that can lose acknowledged writes', async () => {
    const [folder, url] = [new RoostFolder(), await cloneTemplate()];
    try {
      await forgetful(url);
      const roost = folder.start({ ...PRODUCTION, HOST: '127.0.0.1', DATABASE_URL: url });
      await roost.ready();
      expect(roost.output).toContain(`"event":"database_unfit","setting":"synchronous_commit","found":"off"`);
    } finally {
      await folder.remove();
      await dropDatabase(url);
    }
  });
});
