/** A running Roost on a database of its own, spoken to through HTTP only. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import type { RoostClient } from 'roost-client';
import { DataSource } from 'typeorm';

import { FIRST_RUN, REST } from '../../src/common/schedule.js';
import { PATIENCE } from '../../src/database/data-source.js';
import { SERVE_QUEUE } from '../../src/http/connections/serve-queue.js';
import { TURNS } from '../../src/limits/turns.js';
import { TestClock } from '../../src/testing/clock.js';
import { serve } from '../../src/testing/instance.js';
import { Api } from './api.js';
import { clientOf } from './client.js';
import { cloneTemplate, dropDatabase, emptyTables, endPool } from './database.js';
import { holdToOneConnection } from './one-connection.js';

export interface TestAppOptions {
  /** Variables of the configuration; what tests need is set already. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another instance on the same database. */
  readonly sharing?: TestApp;
  /** A database of the test's own, migrated, which it keeps. */
  readonly on?: string;
  /** A way to that database: a relay that the test can cut, or a pooler. */
  readonly through?: { readonly url: string };
}

const patience = { ...PATIENCE };

export class TestApp {
  /** The lines that were logged, as they are written. */
  readonly log: string[] = [];
  readonly clock = new TestClock();
  /** What Fastify serves: `GET /api/v1/users/me`. */
  readonly routes: string[] = [];
  private nest: NestFastifyApplication;
  private sharing: boolean;
  databaseUrl: string;
  /** For what no route shows: rows as they are. */
  pool: pg.Pool;
  url: string;
  api: Api;
  /** Of nobody, as `api` is. */
  client: RoostClient;

  static async start({ env = {}, sharing, on, through }: TestAppOptions = {}): Promise<TestApp> {
    const app = new TestApp();
    app.sharing = (sharing ?? on) !== undefined;
    app.databaseUrl = on ?? sharing?.databaseUrl ?? (await cloneTemplate());
    // A busy machine can be late. Only a database that a test cuts has to be given up soon.
    Object.assign(PATIENCE, through ? patience : { connect: 20_000, statement: 19_000, answer: 20_000 });
    app.pool = new pg.Pool({ connectionString: app.databaseUrl, max: 2 });
    try {
      await app.listen(env, through?.url ?? app.databaseUrl);
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  /** The Nest application, for tests of the wiring itself. */
  get nestApp(): NestFastifyApplication {
    return this.nest;
  }

  /** The events that were logged, in their order. */
  get events(): string[] {
    return this.log.map((line) => (JSON.parse(line) as { event?: string }).event ?? '').filter(Boolean);
  }

  /**
   * The database is as it was at the start, without a row, and so are the log and the clock: for a test that counts all
   * there is, and takes a tenth of what an app of its own would. Numbers of rows go on, as do sequences.
   */
  async forget(): Promise<void> {
    await emptyTables(this.pool);
    this.log.length = 0;
    this.clock.reset();
  }

  async stop(): Promise<void> {
    await (this.nest as NestFastifyApplication | undefined)?.close();
    await endPool(this.pool);
    if (!this.sharing) await dropDatabase(this.databaseUrl);
  }

  private async listen(env: Readonly<Record<string, string>>, databaseUrl: string): Promise<void> {
    const onLog = (line: string): unknown => this.log.push(line);
    const onMade = (nest: NestFastifyApplication): void => {
      this.watch(nest);
    };
    this.nest = await serve({ env, databaseUrl, clock: this.clock, onLog, onMade });
    this.url = await this.nest.getUrl();
    this.api = new Api(this.url);
    this.client = clientOf(this);
  }

  private watch(nest: NestFastifyApplication): void {
    const server = nest.getHttpAdapter().getInstance();
    server.addHook('onRoute', ({ method, url }) => {
      this.routes.push(...[method].flat().map((each) => `${each} ${url}`));
    });
    holdToOneConnection(nest.get(DataSource));
  }
}

/**
 * Tests run by themselves what is scheduled, and let an instance rest, when they want it. A burst of theirs waits as long
 * as a busy machine takes.
 */
const firstRun = { ...FIRST_RUN };
const rest = { ...REST };
const serveQueue = { ...SERVE_QUEUE };
const turns = { ...TURNS };
beforeAll(() => {
  Object.assign(FIRST_RUN, { least: 86_400_000, most: 86_400_000 });
  Object.assign(REST, { afterMs: 86_400_000 });
  Object.assign(SERVE_QUEUE, { burst: 3_600_000 });
  Object.assign(TURNS, { waitMs: 120_000 });
});
afterAll(() => {
  Object.assign(PATIENCE, patience);
  Object.assign(FIRST_RUN, firstRun);
  Object.assign(REST, rest);
  Object.assign(SERVE_QUEUE, serveQueue);
  Object.assign(TURNS, turns);
});
