/** How every connection to PostgreSQL is made. */
import type { ClientBase } from 'pg';
import type { DataSourceOptions } from 'typeorm';

/** Bounds on one statement, so that a frozen database is an answer of 503 and not a hanging request. Milliseconds. */
const TIMEOUTS = { connect: 2_500, statement: 4_000, answer: 4_500, idleInTransaction: 10_000 };

export interface PoolOptions {
  readonly url: string;
  readonly max: number;
  readonly onPoolError: (error: Error) => void;
}

export function dataSourceOptions({ url, max, onPoolError }: PoolOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    applicationName: 'roost',
    poolErrorHandler: onPoolError,
    extra: {
      max,
      connectionTimeoutMillis: TIMEOUTS.connect,
      query_timeout: TIMEOUTS.answer,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      onConnect: limitStatements,
    },
  };
}

/** By SET and not as start-up parameters, which poolers such as PgBouncer refuse. */
async function limitStatements(client: ClientBase): Promise<void> {
  const { statement, idleInTransaction } = TIMEOUTS;
  await client.query(
    `SET statement_timeout = ${statement}; SET idle_in_transaction_session_timeout = ${idleInTransaction}; SET timezone = 'UTC'; SET datestyle = 'ISO'`,
  );
}
