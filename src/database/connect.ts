/** Waits at start for a database that is starting, and fails at once for faults that waiting cannot fix. */
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from './connections/client.js';
import { hangUp } from './connections/hang-up.js';
import { isDatabaseUnavailable } from './pg-errors.js';
import { type Finding, findingsOf } from './schema/requirements.js';

const PAUSE_MS = 1_000;
const REPEAT_MS = 15_000;
const NO_TLS = 'The server does not support SSL';

export class DatabaseStartError extends Error {}

export interface DatabaseTarget {
  readonly name: string;
  readonly url: string;
}

export interface WaitOptions {
  readonly patienceMs: number;
  /** That will be opened to this server, if it is known to be the one. */
  readonly connections?: number | undefined;
  readonly onWait?: (reason: string, secondsLeft: number) => void;
  readonly signal?: AbortSignal;
}

/** @returns what was found of the server: nothing is missing. @throws DatabaseStartError */
export async function waitForDatabase({ name, url }: DatabaseTarget, options: WaitOptions): Promise<Finding[]> {
  const { patienceMs, signal, onWait = () => undefined } = options;
  const deadline = Date.now() + patienceMs;
  let told = { reason: '', atMs: 0 };
  for (;;) {
    const { error, findings } = await tryConnect(url, options.connections);
    signal?.throwIfAborted();
    if (findings) return refuseMissing(name, findings);
    const reason = reasonOf(error);
    if (isWithoutTls(error))
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

interface Outcome {
  readonly error?: unknown;
  readonly findings?: Finding[];
}

async function tryConnect(url: string, connections: number | undefined): Promise<Outcome> {
  let client: Client | undefined;
  try {
    client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    return { findings: await findingsOf(client, connections) };
  } catch (error) {
    return { error };
  } finally {
    if (client) await hangUp(client);
  }
}

function refuseMissing(name: string, findings: Finding[]): Finding[] {
  const missing = findings.filter(({ verdict }) => verdict === 'missing');
  if (missing.length === 0) return findings;
  const lines = missing.map(
    ({ name: what, needed, found, advice }) => `  - ${what}: needed is ${needed}, this is ${found}. ${advice}`,
  );
  throw new DatabaseStartError(`The database in ${name} cannot serve Roost:\n${lines.join('\n')}`);
}

function isWithoutTls(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isWithoutTls);
  return reasonOf(error).startsWith(NO_TLS);
}

function reasonOf(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string };
  return message === '' ? (code ?? 'unknown error') : message;
}
