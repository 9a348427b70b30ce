/** Transactions: retried once after a collision or a lost connection; hooks run after the commit. */
import type { Pool } from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';

import { poolOf } from './data-source.js';
import { isCollision, isDatabaseUnavailable, isSilence, lostPlan } from './pg-errors.js';

type Work<T> = (tx: EntityManager) => Promise<T>;
type IsolationLevel = Exclude<Parameters<DataSource['transaction']>[0], Work<unknown>>;

const WORK = new WeakMap<EntityManager, (() => void)[]>();

/** Runs after the commit, before the transaction's caller continues; never after a rollback. Without a transaction each
 * statement has committed: runs at once. */
export function onCommit(tx: EntityManager, work: () => void): void {
  if (!tx.queryRunner) {
    work();
    return;
  }
  const waiting = WORK.get(tx);
  if (!waiting) throw new Error('onCommit is for transactions of the RetryingDataSource');
  waiting.push(work);
}

export class RetryingDataSource extends DataSource {
  /** A statement of its own goes straight to the pool: a query runner costs as much as sending it. */
  override async query<T>(text: string, values?: unknown[], runner?: QueryRunner): Promise<T> {
    const pool = poolOf(this) as Pool | undefined;
    if (runner || !pool) return super.query<T>(text, values, runner);
    const client = await pool.connect();
    try {
      const { command, rows, rowCount } = await client.query(text, values);
      return (command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows) as T;
    } finally {
      client.release();
    }
  }

  override transaction<T>(work: Work<T>): Promise<T>;
  override transaction<T>(isolation: IsolationLevel, work: Work<T>): Promise<T>;
  override async transaction<T>(first: IsolationLevel | Work<T>, second?: Work<T>): Promise<T> {
    const work = second ?? (first as Work<T>);
    const progress = { begun: false };
    let waiting: (() => void)[] = [];
    const noted: Work<T> = (tx) => {
      progress.begun = true;
      WORK.set(tx, (waiting = []));
      return work(tx);
    };
    const run = (): Promise<T> =>
      second ? super.transaction(first as IsolationLevel, noted) : super.transaction(noted);
    const result = await run().catch((error: unknown) => {
      const isRetried =
        isCollision(error) ||
        lostPlan(error) !== undefined ||
        (!progress.begun && isDatabaseUnavailable(error) && !isSilence(error));
      if (!isRetried) throw error;
      return run();
    });
    runAll(waiting);
    return result;
  }
}

/** All of them, also when one throws: each ends tokens of its own. */
function runAll([first, ...others]: readonly (() => void)[]): void {
  try {
    first?.();
  } finally {
    if (others.length > 0) runAll(others);
  }
}
