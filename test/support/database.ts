/** Databases of single test files, cloned from the migrated template of the run. */
import pg from 'pg';

let databases = 0;

/** @returns the URL of a fresh, migrated database */
export async function cloneTemplate(): Promise<string> {
  const name = `roost_test_${process.pid}_${(databases += 1)}`;
  const template = process.env.ROOST_TEST_TEMPLATE ?? '';
  // Measured: takes half to three quarters of the default's time.
  await execute(adminUrl(), `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
  // Settings of a database are not cloned. Tables are made in the first schema; the last one would be searched first.
  await execute(adminUrl(), `ALTER DATABASE ${name} SET search_path = public, test_clock, pg_catalog`);
  return urlOf(name);
}

/** @returns the URL of a fresh database with nothing in it */
export async function emptyDatabase(): Promise<string> {
  const name = `roost_test_${process.pid}_${(databases += 1)}`;
  await execute(adminUrl(), `CREATE DATABASE ${name} TEMPLATE template0`);
  return urlOf(name);
}

/** Of a migrated database, whose schema stays as it is. */
export async function emptyTables(pool: pg.Pool): Promise<void> {
  await pool.query(`
    DO $$ BEGIN
      -- No trigger keeps what is never changed.
      PERFORM set_config('session_replication_role', 'replica', true);
      EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                  AND relname <> 'migrations');
    END $$`);
}

export function dropDatabase(url: string): Promise<void> {
  return execute(adminUrl(), `DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

export async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Resolves when the connections are closed, which `pool.end()` alone does not wait for: dropping their database would end them as errors. */
export async function endPool(pool: pg.Pool): Promise<void> {
  const closed = pool.totalCount === 0 ? undefined : whenRemoved(pool, pool.totalCount);
  await pool.end();
  await closed;
}

/** @returns those of the tables for whose size PostgreSQL does not plan, as nothing has analyzed them since */
export async function notAnalyzed(url: string, tables: readonly string[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      tables
        .map(
          (name) => `SELECT '${name}' AS name FROM pg_class
                      WHERE oid = '${name}'::regclass AND reltuples <> (SELECT count(*) FROM ${name})`,
        )
        .join(' UNION ALL '),
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/** Whether somebody waits for a lock in the database that a pool is of. */
export async function someoneWaits(pool: pg.Pool): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rowCount !== 0;
}

function whenRemoved(pool: pg.Pool, connections: number): Promise<void> {
  return new Promise((resolve) => {
    let removed = 0;
    pool.on('remove', () => {
      if ((removed += 1) === connections) resolve();
    });
  });
}

function urlOf(database: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  return url.href;
}

function adminUrl(): string {
  const url = process.env.ROOST_TEST_ADMIN_URL;
  if (url === undefined)
    throw new Error('The test server is started by test/support/global-setup.mjs: run the tests with Jest.');
  return url;
}
