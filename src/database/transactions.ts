/** Transactions: retried once after a collision or a lost connection; hooks run after the commit. */
import { DataSource, type EntityManager } from 'typeorm';

import { isCollision, isDatabaseUnavailable } from './pg-errors.js';

type Work<T> = (tx: EntityManager) => Promise<T>;
type IsolationLevel = Exclude<Parameters<DataSource['transaction']>[0], Work<unknown>>;

const WORK = new WeakMap<EntityManager, (() => void)[]>();

/** Runs after the commit, before the transaction's caller continues; never after a rollback. */
export function onCommit(tx: EntityManager, work: () => void): void {
  const waiting = WORK.get(tx);
  if (!waiting) throw new Error('onCommit is for transactions of the RetryingDataSource');
  waiting.push(work);
}

export class RetryingDataSource extends DataSource {
  override transaction<T>(work: Work<T>): Promise<T>;
  override transaction<T>(isolation: IsolationLevel, work: Work<T>): Promise<T>;
  override async transaction<T>(first: IsolationLevel | Work<T>, second?: Work<T>): Promise<T> {
    const work = second ?? (first as Work<T>);
    const progress = { begun: false };
    const run = async (): Promise<T> => {
      const waiting: (() => void)[] = [];
      const noted: Work<T> = (tx) => {
        progress.begun = true;
        WORK.set(tx, waiting);
        return work(tx);
      };
      const result = await (second ? super.transaction(first as IsolationLevel, noted) : super.transaction(noted));
      for (const done of waiting) done();
      return result;
    };
    try {
      return await run();
    } catch (error) {
      if (!isCollision(error) && (progress.begun || !isDatabaseUnavailable(error))) throw error;
      return run();
    }
  }
}
