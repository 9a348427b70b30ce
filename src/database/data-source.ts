import type { Pool } from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';

import type { DatabaseSettings } from '../config/servers.js';
import { isPooled, type Limits, type LiveClient, liveClients, setLimits } from './live-client.js';

/** Milliseconds. A frozen database leads to 503, not to a hanging request. */
const TIMEOUTS = { connect: 2_500, answer: 4_500 };
const LIMITS: Limits = { statement: 4_000, idleInTransaction: 10_000 };

export interface PoolOptions {
  readonly url: string;
  readonly max: number;
  readonly prepared: DatabaseSettings['prepared'];
  readonly onPoolError: (error: Error) => void;
  readonly onUnlimited?: () => void;
  readonly onUnprepared?: () => void;
  readonly onAnswer?: () => void;
}

export function dataSourceOptions({ url, max, prepared, ...on }: PoolOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    applicationName: 'roost',
    poolErrorHandler: on.onPoolError,
    extra: {
      max,
      Client: liveClients(LIMITS, on),
      connectionTimeoutMillis: TIMEOUTS.connect,
      query_timeout: TIMEOUTS.answer,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      onConnect: prepareConnections(prepared, on.onUnlimited),
    },
  };
}

/** When the database last answered the pool, in milliseconds of `Clock.elapsedMs()`. */
export class Pulse {
  answeredAt = -Infinity;

  readonly beat = (): void => {
    this.answeredAt = performance.now();
  };
}

export function waitingForPool({ driver }: DataSource): number {
  return (driver as unknown as { master: Pool }).master.waitingCount;
}

/** SET, because poolers such as PgBouncer refuse start-up parameters. */
function prepareConnections(
  mode: PoolOptions['prepared'],
  onUnlimited: (() => void) | undefined,
): (client: LiveClient) => Promise<void> {
  let told = false;
  return async (client) => {
    await client.query(`SET timezone = 'UTC'; SET datestyle = 'ISO'`);
    client.pooled = await isPooled(client);
    client.prepares = mode === 'on' || (mode === 'auto' && !client.pooled);
    if (!client.pooled) {
      await client.query(setLimits('SET', LIMITS));
      return;
    }
    const { rows } = await client.query<{ statement_timeout: string }>('SHOW statement_timeout');
    if (told || rows[0]?.statement_timeout !== '0') return;
    told = true;
    onUnlimited?.();
  };
}
