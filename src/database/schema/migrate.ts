/** Migrates the schema; safe on any number of instances at once. */
import { setTimeout as delay } from 'node:timers/promises';

import { DataSource, MigrationExecutor, type MigrationInterface } from 'typeorm';

import { keepAuditPartitions } from './audit-partitions.js';
import { DatabaseStartError } from '../connect.js';
import { Client } from '../connections/client.js';
import { formats, unlimited } from '../connections/session.js';
import { Lookout } from '../lookout.js';

import { isLockTimeout, isReadOnly } from '../pg-errors.js';
import { one, sql } from '../sql.js';
import { migrationNames } from './migration-names.js';
import { ONLY_READS } from './requirements.js';
import { buildSearchIndexes } from './search-indexes.js';
import { makeForeignRowsOld } from '../transaction-ids.js';

type Migration = new () => MigrationInterface;

export async function findMigrations(): Promise<Migration[]> {
  const modules = await Promise.all(
    migrationNames().map((name) => import(`../migrations/${name}.js`) as Promise<Record<string, Migration>>),
  );
  return modules.flatMap((found) => Object.values(found).filter((value) => typeof value === 'function'));
}

const LOCK = 7_263_948_115;

/** Milliseconds. Readers and writers queue behind a waiting table lock. */
const TIMEOUTS = { connect: 5_000, tableLock: 3_000, pause: 250 };
const ATTEMPTS = 20;

const HELD =
  'The schema cannot be migrated: another session has held a lock on a table for a minute. End that session (see pg_stat_activity), and start Roost again.';

const SILENT =
  'The database fell silent during a migration, and the connection was lost. The migration was committed or rolled back as a whole: start Roost again.';

export interface MigrateOptions {
  readonly onWait?: () => void;
  readonly onFault?: (event: string, error: unknown) => void;
}

/** One transaction holds the lock: works behind a transaction pooler, and nothing is half done. */
export async function migrate(url: string, { onWait, onFault }: MigrateOptions = {}): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: await findMigrations(),
    installExtensions: false,
    applicationName: 'roost-migrate',
    logger: 'debug',
    extra: {
      Client,
      max: 1,
      connectionTimeoutMillis: TIMEOUTS.connect,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    },
  });
  await source.initialize();
  try {
    const done = await whenFree(onWait, (attempt) => runMigrations(source, attempt));
    await makeForeignRowsOld(url);
    await buildSearchIndexes(url, (error) => {
      onFault?.('search_unindexed', error);
    });
    await keepAuditPartitions(url).catch((error: unknown) => {
      onFault?.('audit_partitions_unkept', error);
    });
    return done;
  } catch (error) {
    throw isReadOnly(error) ? new DatabaseStartError(ONLY_READS, { cause: error }) : error;
  } finally {
    await source.destroy();
  }
}

async function runMigrations(source: DataSource, attempt: number): Promise<string[] | undefined> {
  const runner = source.createQueryRunner();
  const lookout = new Lookout((await runner.connect()) as Client);
  try {
    await runner.startTransaction('READ COMMITTED');
    // A pooler's connection may carry the limits of another client.
    await runner.query(
      `${unlimited('SET LOCAL')}; ${formats('SET LOCAL')}; SET LOCAL lock_timeout = ${TIMEOUTS.tableLock}`,
    );
    const { free, pid } = await one<{ free: boolean; pid: number }>(
      runner,
      sql`SELECT pg_try_advisory_xact_lock(${LOCK}) AS free, pg_backend_pid() AS pid`,
    );
    lookout.watch(pid);
    const executor = new MigrationExecutor(source, runner);
    executor.transaction = 'all';
    const done = free ? await executor.executePendingMigrations() : undefined;
    await runner.commitTransaction();
    return done?.map(({ name }) => name);
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    if (lookout.isLost) throw new DatabaseStartError(SILENT, { cause: error });
    if (!isLockTimeout(error)) throw error;
    if (attempt < ATTEMPTS) return undefined;
    throw new DatabaseStartError(HELD, { cause: error });
  } finally {
    lookout.stop();
    await runner.release();
  }
}

async function whenFree<T>(
  onWait: (() => void) | undefined,
  work: (attempt: number) => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const done = await work(attempt);
    if (done !== undefined) return done;
    if (attempt === 1) onWait?.();
    await delay(TIMEOUTS.pause);
  }
}
