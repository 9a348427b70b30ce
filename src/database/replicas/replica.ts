import pg from 'pg';

import type { DatabaseSettings } from '../../config/servers.js';
import { APPLICATION, poolSettings } from '../data-source.js';
import type { Database } from '../sql.js';
import { selectStanding, type Standing } from './replicas.query.js';

const PATIENCE = { connect: 1_000, answer: 1_000, statement: 900 };

export type Connections = Pick<DatabaseSettings, 'poolMax' | 'prepared'>;

export class ReadPool implements Database {
  readonly pool: pg.Pool;
  private readonly poolMax: number;

  constructor(url: string, { poolMax, prepared }: Connections, onLost: (error: Error) => void = () => undefined) {
    this.poolMax = poolMax;
    const settings = poolSettings({ max: poolMax, prepared, patience: PATIENCE });
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
  /** What it shows at least. */
  position = -Infinity;
  /** It shows all that was committed before this moment. */
  currentAt = -Infinity;
  fault: string | undefined = 'it was not asked yet';
  wasUsed: boolean | undefined;
  readonly reader: ReadPool;
  private readonly watch: ReadPool;

  constructor(url: string, connections: Connections) {
    const { host, pathname } = new URL(url);
    this.name = host === '' ? pathname : host;
    // After a crash it may show less than before: it is asked first.
    const lose = ({ message }: Error): void => {
      this.fault ??= message;
    };
    this.reader = new ReadPool(url, connections, lose);
    this.watch = new ReadPool(url, { ...connections, poolMax: 1 }, lose);
  }

  standing(): Promise<Standing> {
    return selectStanding(this.watch);
  }

  async end(): Promise<void> {
    await Promise.all([this.reader.end(), this.watch.end()]);
  }
}
