/** A pool whose transactions are done once more when they met another one, or found a connection that was lost before. */
import { DataSource, type EntityManager } from 'typeorm';

import { isCollision, isDatabaseUnavailable } from './pg-errors.js';

type Work<T> = (tx: EntityManager) => Promise<T>;
type IsolationLevel = Exclude<Parameters<DataSource['transaction']>[0], Work<unknown>>;

export class RetryingDataSource extends DataSource {
  override transaction<T>(work: Work<T>): Promise<T>;
  override transaction<T>(isolation: IsolationLevel, work: Work<T>): Promise<T>;
  override async transaction<T>(first: IsolationLevel | Work<T>, second?: Work<T>): Promise<T> {
    const work = second ?? (first as Work<T>);
    const progress = { begun: false };
    const noted: Work<T> = (tx) => {
      progress.begun = true;
      return work(tx);
    };
    const run = (): Promise<T> =>
      second ? super.transaction(first as IsolationLevel, noted) : super.transaction(noted);
    try {
      return await run();
    } catch (error) {
      if (!isCollision(error) && (progress.begun || !isDatabaseUnavailable(error))) throw error;
      return run();
    }
  }
}
