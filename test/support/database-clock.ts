/** The database's clock for connections beside an application's pool. */
import type { TestClock } from '../../src/testing/clock.js';
import { execute, nameOf } from '../../src/testing/databases.js';

/** For those that are made from now on. */
export async function moveNewConnections(databaseUrl: string, { offsetMs }: TestClock): Promise<void> {
  await execute(databaseUrl, `ALTER DATABASE ${nameOf(databaseUrl)} SET test_clock.offset_ms = ${offsetMs}`);
}
