/** Moves the database's clock. In a clone, the schema `test_clock` comes before pg_catalog: see global-setup.mjs. */
import type pg from 'pg';
import type { DataSource } from 'typeorm';

import { execute } from './database.js';
import type { TestClock } from './world.js';

/** From now on, an application's connections have the time of its clock. A transaction keeps the time it began with. */
export function moveWithClock(database: DataSource, clock: TestClock): void {
  const told = new WeakMap<pg.PoolClient, number>();
  const pool = (database.driver as unknown as { readonly master: pg.Pool }).master;
  pool.on('acquire', (client) => {
    const { offsetMs } = clock;
    if (told.get(client) === offsetMs) return;
    told.set(client, offsetMs);
    // Queries of a connection are sent in their order. A connection that has ended fails at the next one, too.
    client.query(`SET test_clock.offset_ms = ${offsetMs}`).catch(() => undefined);
  });
}

/** For connections beside an application's pool that are made from now on. */
export async function moveNewConnections(databaseUrl: string, { offsetMs }: TestClock): Promise<void> {
  const name = new URL(databaseUrl).pathname.slice(1);
  await execute(databaseUrl, `ALTER DATABASE ${name} SET test_clock.offset_ms = ${offsetMs}`);
}
