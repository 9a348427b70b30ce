import pg from 'pg';

import { parseConnectionUrl } from '../../config/connection-url.js';
import type { DatabaseSettings } from '../../config/servers.js';
import { APPLICATION, poolSettings } from '../data-source.js';
import { isDatabaseUnavailable, isSilence, isStatementTimeout } from '../pg-errors.js';
import type { Database } from '../sql.js';
import { selectStanding, type Standing } from './replicas.query.js';

/** Milliseconds: between two looks; how far a replica that is used may be behind; the rest of a slow one. */
export const REPLICAS = { everyMs: 500, lateMs: 5_000, restMs: 5_000 };

export const REPLICA_PATIENCE = { connect: 1_000, answer: 1_000, statement: 900 };
/** Time-outs without an answer between them: one may be a heavy statement's. */
const SLOW_AFTER = 3;

export type Connections = Pick<DatabaseSettings, 'poolMax' | 'prepared'>;

export class ReadPool implements Database {
  readonly pool: pg.Pool;
  private readonly poolMax: number;

  constructor(url: string, { poolMax, prepared }: Connections, onLost: (error: Error) => void = () => undefined) {
    this.poolMax = poolMax;
    const settings = poolSettings({ max: poolMax, prepared, patience: REPLICA_PATIENCE });
    this.pool = new pg.Pool({ connectionString: url, application_name: APPLICATION, ...settings });
    this.pool.on('error', onLost);
  }

  get isBusy(): boolean {
    return this.pool.waitingCount >= this.poolMax;
  }

  async query<T>(text: string, values?: unknown[]): Promise<T> {
    return (await this.pool.query(text, values)).rows as T;
  }

  async end(): Promise<void> {
    await this.pool.end();
  }
}

export class Replica {
  readonly name: string;
  position = -Infinity;
  /** It shows all that was committed before this moment. */
  currentAt = -Infinity;
  fault: string | undefined = 'it was not asked yet';
  wasUsed: boolean | undefined;
  readonly reader: ReadPool;
  private readonly watch: ReadPool;
  private timeouts = 0;
  private timedOutAt = -Infinity;

  constructor(url: string, connections: Connections) {
    const { host, pathname } = parseConnectionUrl(url);
    this.name = host === '' ? pathname : host;
    // After a crash it may show less than before: it is asked first.
    const lose = ({ message }: Error): void => {
      this.fault ??= message;
    };
    this.reader = new ReadPool(url, connections, lose);
    this.watch = new ReadPool(url, { ...connections, poolMax: 1 }, lose);
  }

  get lagMs(): number {
    return performance.now() - this.currentAt;
  }

  /** Looks are quick also where reads are not: it is tried again after a rest, and answers then, or rests again. */
  get rests(): boolean {
    return this.timeouts >= SLOW_AFTER && performance.now() - this.timedOutAt < REPLICAS.restMs;
  }

  async read<T>(text: string, values: unknown[] | undefined): Promise<T | undefined> {
    try {
      const rows = await this.reader.query<T>(text, values);
      this.timeouts = 0;
      return rows;
    } catch (error) {
      const isTooLong = isStatementTimeout(error);
      if (isTooLong || isSilence(error)) this.noteTimeout();
      if (!isTooLong && isDatabaseUnavailable(error)) this.fault ??= reasonOf(error);
      return undefined;
    }
  }

  standing(): Promise<Standing> {
    return selectStanding(this.watch);
  }

  async end(): Promise<void> {
    await Promise.all([this.reader.end(), this.watch.end()]);
  }

  private noteTimeout(): void {
    this.timeouts += 1;
    this.timedOutAt = performance.now();
    if (this.rests) this.fault ??= 'it is slow';
  }
}

export function reasonOf(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string };
  return message === '' ? (code ?? 'unknown error') : message;
}
