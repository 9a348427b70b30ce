/** A connection that ends when an answer is late, instead of returning to the pool. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { Client } from './connections/client.js';
import { cut, hangUp } from './connections/hang-up.js';
import { Described, PreparedQuery } from './connections/prepared-query.js';
import { endsConnection, isCollision, isReadOnly, lostPlan } from './pg-errors.js';
import { preparedName } from './prepared.js';
import type { Database } from './sql.js';

const SILENCE = 'Query read timeout';
/** Milliseconds: for a cancellation; until it is sent again; that the answer waits for it. */
export const CANCEL = { within: 2_500, again: 50, answer: 400 };
const LONG = { connectionTimeoutMillis: 5_000, query_timeout: 300_000, keepAlive: true };

interface Wire {
  readonly processID: number | null;
  readonly secretKey: number | null;
  _ending: boolean;
}

interface Asking {
  query(this: pg.Client, ...args: unknown[]): unknown;
}

const PLAIN = pg.Client.prototype as unknown as Asking;

type Answered = (error: Error | undefined, result: unknown) => void;

export interface Alone {
  readonly url: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** One transaction on a connection of its own, for work that takes longer than the pool allows. */
export async function alone<T>({ url, name, signal }: Alone, work: (db: Database) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const client = new Client({ connectionString: url, application_name: name, ...LONG });
  client.on('error', () => undefined);
  const stop = (): void => {
    void cancelStatement(client);
    cut(client);
  };
  signal.addEventListener('abort', stop);
  try {
    await client.connect();
    await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = ${LONG.query_timeout}`);
    const query = async <R>(text: string, values?: unknown[]): Promise<R> =>
      (await client.query(text, values)).rows as R;
    const result = await work({ query });
    await client.query('COMMIT');
    return result;
  } finally {
    signal.removeEventListener('abort', stop);
    await hangUp(client);
  }
}

/** Detects a pooler, which replaces the server's process ids. Session settings would leak to its other clients. */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid !== (client as unknown as Wire).processID;
}

export interface Limits {
  readonly statement: number;
  readonly idleInTransaction: number;
}

export function setLimits(scope: 'SET' | 'SET LOCAL', { statement, idleInTransaction }: Limits): string {
  return `${scope} statement_timeout = ${statement}; ${scope} idle_in_transaction_session_timeout = ${idleInTransaction}`;
}

export interface LiveClient extends pg.Client {
  pooled: boolean;
  prepares: boolean;
}

export interface ClientEvents {
  readonly onUnprepared?: (() => void) | undefined;
  readonly onAnswer?: (() => void) | undefined;
}

/** When one connection is silent, those silent since end with it: a lost host takes all of the pool's at once. */
export function liveClients(
  limits: Limits,
  { onUnprepared, onAnswer }: ClientEvents = {},
): new (config: ConstructorParameters<typeof Client>[0]) => LiveClient {
  const alive = new Set<PooledClient>();
  const plans = { generation: 0, areOff: false };
  /** A busy connection to it ends with a refusal of its own. The pool forgets an idle one by its error, not by its end. */
  const leaveServer = (url: string): void => {
    for (const each of alive)
      if (each.isIdle && each.url === url) cut(each, new Error('Connection terminated: its server only reads'));
  };

  class PooledClient extends Client implements LiveClient {
    pooled = false;
    prepares = false;
    private readonly described = new Described();
    private asked = 0;
    private heardAt = performance.now();
    private cancelled: Promise<void> | undefined;

    constructor(config: ConstructorParameters<typeof Client>[0]) {
      super(config);
      alive.add(this);
      this.on('error', () => undefined);
      this.on('end', () => alive.delete(this));
    }

    override query = ((...given: unknown[]): unknown => {
      const [text, values, callback] = given;
      if (typeof text !== 'string' || typeof values === 'function') return PLAIN.query.apply(this, given);
      if (typeof callback === 'function')
        return PLAIN.query.call(this, this.compose(text, values, callback as Answered));
      const starts = this.pooled && text === 'START TRANSACTION';
      // A single statement is a whole transaction: after a collision or a lost plan it is retried once.
      const isRetried = this.getTransactionStatus() === 'I' && !starts;
      return this.ask(
        starts ? `${text} ISOLATION LEVEL READ COMMITTED; ${setLimits('SET LOCAL', limits)}` : text,
        values,
        isRetried,
      );
    }) as pg.Client['query'];

    /** A pooler forgets a cancellation of a client that has gone, and its server would still do the statement. */
    override end = ((...given: []): Promise<void> => {
      if (!this.cancelled) return super.end(...given);
      (this as unknown as Wire)._ending = true;
      return this.cancelled.then(() => super.end(...given));
    }) as pg.Client['end'];

    get isIdle(): boolean {
      return this.asked === 0;
    }

    isSuspectSince(moment: number): boolean {
      return this.isIdle && this.heardAt < moment;
    }

    private async ask(text: string, values: unknown, isRetried: boolean): Promise<unknown> {
      const startedAt = performance.now();
      const { generation } = plans;
      this.asked += 1;
      try {
        const answer = await new Promise((resolve, reject) => {
          const answered: Answered = (error, result) => {
            if (error) reject(error);
            else resolve(result);
          };
          PLAIN.query.call(this, this.compose(text, values, answered));
        });
        this.hear();
        onAnswer?.();
        return answer;
      } catch (error) {
        if (error instanceof Error) Error.captureStackTrace(error);
        this.judge(error, { startedAt, generation });
        if (this.cancelled) await Promise.race([this.cancelled, delay(CANCEL.answer, undefined, { ref: false })]);
        if (isRetried && (isCollision(error) || lostPlan(error) !== undefined)) return this.ask(text, values, false);
        throw error;
      }
    }

    private compose(text: string, values: unknown, answered: Answered): pg.Query {
      const name = this.prepares && !plans.areOff ? preparedName(text, values, plans.generation) : undefined;
      if (name === undefined) return new pg.Query(text, values as unknown[] | undefined, answered);
      // A pooler may give each statement another server, which prepares it anew.
      const described = this.pooled ? new Described() : this.described;
      return new PreparedQuery({ name, text, values }, described, answered) as unknown as pg.Query;
    }

    private hear(): void {
      this.asked -= 1;
      this.heardAt = performance.now();
    }

    private judge(error: unknown, sent: { startedAt: number; generation: number }): void {
      this.judgePlan(error, sent.generation);
      if (error instanceof Error && error.message === SILENCE) {
        this.giveUp(sent.startedAt);
        return;
      }
      this.hear();
      // Or the pool would give it to the next request before its end arrives.
      if (endsConnection(error) || isReadOnly(error)) void this.end().catch(() => undefined);
      if (this.isOneOfSeveral && isReadOnly(error)) leaveServer(this.url);
    }

    /** For the whole pool: a transaction that is tried again may get another connection. */
    private judgePlan(error: unknown, generation: number): void {
      const lost = lostPlan(error);
      if (lost === 'changed' && generation === plans.generation) plans.generation += 1;
      if (lost !== 'unknown' || plans.areOff) return;
      plans.areOff = true;
      onUnprepared?.();
    }

    private giveUp(askedAt: number): void {
      if (this.pooled) this.cancelled = cancelUntilReady(this);
      else void cancelStatement(this);
      void this.end().catch(() => undefined);
      if (!this.pooled) cut(this);
      for (const other of alive)
        if (other !== this && other.isSuspectSince(askedAt))
          cut(other, new Error('Connection terminated: it was silent'));
    }
  }

  return PooledClient;
}

/** A pooler drops the cancellation of a statement that waits in its queue, which may leave the queue a moment later. */
async function cancelUntilReady(client: pg.Client): Promise<void> {
  const over = new AbortController();
  const cancelAgain = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await cancelStatement(client);
      await delay(CANCEL.again, undefined, { ref: false });
    }
  };
  const late = delay(CANCEL.within, undefined, { ref: false, signal: over.signal });
  const ends = [once(client.connection, 'readyForQuery', over), once(client, 'end', over), late, cancelAgain()];
  await Promise.race(ends.map((each) => each.catch(() => undefined)));
  over.abort();
}

/** A statement reported as failed must not run later; it may still wait for a lock or in a pooler. */
async function cancelStatement(client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as Wire;
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  // https://www.postgresql.org/docs/current/protocol-message-formats.html: CancelRequest
  [request.length, 80_877_102, processID, secretKey].forEach((word, index) => request.writeInt32BE(word, index * 4));
  const { host, port } = client;
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.on('error', () => undefined).setTimeout(CANCEL.within, () => socket.destroy());
  const closed = new Promise((resolve) => socket.on('close', resolve));
  // A half-closed connection ends PgBouncer 1.18: it is the server that closes.
  socket.unref().write(request);
  await closed;
}
