/** Finds work that takes a second connection while it is in a transaction: with a pool of one it would wait for itself. */
import { AsyncLocalStorage } from 'node:async_hooks';

import type { DataSource, EntityManager } from 'typeorm';

type Work = (tx: EntityManager) => Promise<unknown>;

interface Watched {
  transaction: (...args: unknown[]) => Promise<unknown>;
  readonly driver: { obtainMasterConnection: () => Promise<unknown> };
}

const inTransaction = new AsyncLocalStorage<DataSource>();

/** From now on such work fails, in any test. */
export function holdToOneConnection(database: DataSource): void {
  const watched = database as unknown as Watched;
  const { driver } = watched;
  const obtain = driver.obtainMasterConnection.bind(driver);
  driver.obtainMasterConnection = () =>
    inTransaction.getStore() === database
      ? Promise.reject(new Error('a second connection inside a transaction'))
      : obtain();
  const transaction = watched.transaction.bind(database);
  watched.transaction = (...args) => {
    const work = args.pop() as Work;
    return transaction(...args, (tx: EntityManager) => inTransaction.run(database, () => work(tx)));
  };
}
