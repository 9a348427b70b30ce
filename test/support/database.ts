/** Databases of single test files, cloned from the migrated template of the run. */
import pg from 'pg';

import { joinCluster } from '../../src/testing/cluster.js';
import { clone, drop, emptyTables, execute, nameOf, nextDatabaseName, urlOf } from '../../src/testing/databases.js';
import { createDatabase } from '../../src/testing/databases.query.js';

export { emptyTables, execute };

/** @returns the URL of a fresh, migrated database */
export async function cloneTemplate(): Promise<string> {
  const { adminUrl, template } = await joinCluster();
  return clone(adminUrl, template);
}

/** @returns the URL of a fresh database with nothing in it */
export async function emptyDatabase(): Promise<string> {
  const { adminUrl } = await joinCluster();
  const name = nextDatabaseName();
  await execute(adminUrl, createDatabase(name, 'template0'));
  return urlOf(adminUrl, name);
}

export async function dropDatabase(url: string): Promise<void> {
  const { adminUrl } = await joinCluster();
  await drop(adminUrl, nameOf(url));
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
