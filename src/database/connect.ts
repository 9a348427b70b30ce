/** Waits at start for a database that is starting itself, and says at once what cannot heal by waiting. */
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { isDatabaseUnavailable } from './pg-errors.js';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;
const OLDEST_SERVER = 150_000;

export class DatabaseStartError extends Error {}

/** @throws DatabaseStartError with a sentence for the person who starts Roost; never with the URL */
export async function waitForDatabase(url: string, onWait: (reason: string) => void): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const error = await tryConnect(url);
    if (error === undefined) return;
    const reason = reasonOf(error);
    if (!isDatabaseUnavailable(error))
      throw new DatabaseStartError(`The database in DATABASE_URL refuses the connection: ${reason}`);
    if (Date.now() > deadline)
      throw new DatabaseStartError(`The database in DATABASE_URL cannot be reached: ${reason}`);
    onWait(reason);
    await delay(PAUSE_MS);
  }
}

async function tryConnect(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    const version = Number(rows[0]?.server_version_num);
    if (version < OLDEST_SERVER)
      throw new DatabaseStartError(`PostgreSQL 15 or later is needed, this is ${Math.floor(version / 10_000)}`);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Refused connections at several addresses come as one error without a message. */
function reasonOf(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string };
  return message === '' ? (code ?? 'unknown error') : message;
}
