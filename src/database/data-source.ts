import type { Pool } from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';

import type { DatabaseSettings } from '../config/servers.js';
import { formats } from './connections/session.js';
import { isPooled, type Limits, type LiveClient, liveClients, setLimits } from './live-client.js';

/** Milliseconds. */
export interface Patience {
  readonly connect: number;
  readonly answer: number;
  readonly statement: number;
}

/** Milliseconds. A frozen database leads to 503, not to a hanging request. */
export const PATIENCE: Patience = { connect: 2_500, answer: 4_500, statement: 4_000 };
const IDLE_IN_TRANSACTION_MS = 10_000;

export interface PoolSettings {
  readonly max: number;
  readonly prepared: DatabaseSettings['prepared'];
  readonly patience?: Patience;
  readonly onUnlimited?: () => void;
  readonly onUnprepared?: () => void;
  readonly onAnswer?: () => void;
}

export interface PoolOptions extends PoolSettings {
  readonly url: string;
  readonly onPoolError: (error: Error) => void;
}

export const APPLICATION = 'roost';

export function dataSourceOptions({ url, onPoolError, ...settings }: PoolOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    applicationName: APPLICATION,
    poolErrorHandler: onPoolError,
    extra: poolSettings(settings),
  };
}

export function poolSettings({ max, prepared, patience = PATIENCE, ...on }: PoolSettings): object {
  const limits = { statement: patience.statement, idleInTransaction: IDLE_IN_TRANSACTION_MS };
  return {
    max,
    Client: liveClients(limits, on),
    connectionTimeoutMillis: patience.connect,
    query_timeout: patience.answer,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    onConnect: prepareConnections(prepared, limits, on.onUnlimited),
  };
}

/** When the database last answered the pool, in milliseconds of `Clock.elapsedMs()`. */
export class Pulse {
  answeredAt = -Infinity;

  readonly beat = (): void => {
    this.answeredAt = performance.now();
  };
}

export function poolOf({ driver }: DataSource): Pool {
  return (driver as unknown as { master: Pool }).master;
}

/** SET, because poolers such as PgBouncer refuse start-up parameters. */
function prepareConnections(
  mode: PoolSettings['prepared'],
  limits: Limits,
  onUnlimited: (() => void) | undefined,
): (client: LiveClient) => Promise<void> {
  let told = false;
  return async (client) => {
    await client.query(formats('SET'));
    client.pooled = await isPooled(client);
    client.prepares = mode === 'on' || (mode === 'auto' && !client.pooled);
    if (!client.pooled) {
      await client.query(`${setLimits('SET', limits)}; SET default_transaction_isolation = 'read committed'`);
      return;
    }
    const { rows } = await client.query<{ statement_timeout: string }>('SHOW statement_timeout');
    if (told || rows[0]?.statement_timeout !== '0') return;
    told = true;
    onUnlimited?.();
  };
}
