/** Waits at start for a database that is starting, and fails at once for faults that waiting cannot fix. */
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { isDatabaseUnavailable } from './pg-errors.js';

const PAUSE_MS = 1_000;
const REPEAT_MS = 15_000;
const OLDEST_SERVER = 150_000;
const NO_TLS = 'The server does not support SSL';

export class DatabaseStartError extends Error {}

export interface DatabaseTarget {
  readonly name: string;
  readonly url: string;
}

export interface WaitOptions {
  readonly patienceMs: number;
  readonly onWait?: (reason: string, secondsLeft: number) => void;
  readonly signal?: AbortSignal;
}

export async function waitForDatabase({ name, url }: DatabaseTarget, options: WaitOptions): Promise<void> {
  const { patienceMs, signal, onWait = () => undefined } = options;
  const deadline = Date.now() + patienceMs;
  let told = { reason: '', atMs: 0 };
  for (;;) {
    const error = await tryConnect(url);
    signal?.throwIfAborted();
    if (error === undefined) return;
    const reason = reasonOf(error);
    if (reason.startsWith(NO_TLS))
      throw new DatabaseStartError(
        `The server in ${name} has no TLS: enable it there, or remove sslmode from ${name}.`,
      );
    if (!isDatabaseUnavailable(error))
      throw new DatabaseStartError(`The database in ${name} refuses the connection: ${reason}`);
    const leftMs = deadline - Date.now();
    if (leftMs <= 0)
      throw new DatabaseStartError(
        `The database in ${name} could not be reached for ${patienceMs / 1_000} seconds (DATABASE_WAIT): ${reason}`,
      );
    if (reason !== told.reason || Date.now() - told.atMs >= REPEAT_MS) {
      told = { reason, atMs: Date.now() };
      onWait(reason, Math.ceil(leftMs / 1_000));
    }
    await delay(Math.min(PAUSE_MS, leftMs), undefined, signal && { signal });
  }
}

async function tryConnect(url: string): Promise<unknown> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    const version = Number(rows[0]?.server_version_num);
    if (version < OLDEST_SERVER)
      throw new DatabaseStartError(`PostgreSQL 15 or later is needed, this is ${Math.floor(version / 10_000)}`);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client?.end().catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string };
  return message === '' ? (code ?? 'unknown error') : message;
}
