/** A running Roost on a database of its own, spoken to through HTTP only. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';

import { configureApp, createAdapter } from '../../src/app.js';
import { AppModule } from '../../src/app.module.js';
import { Clock } from '../../src/common/clock.js';
import { createLogger, NestLogger } from '../../src/common/logger.js';
import { FIRST_RUN } from '../../src/common/schedule.js';
import { loadConfig } from '../../src/config/config.js';
import { Api } from './api.js';
import { cloneTemplate, dropDatabase, emptyTables, endPool } from './database.js';
import { moveWithClock } from './database-clock.js';
import { holdToOneConnection } from './one-connection.js';
import { TestClock } from './world.js';

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

export class TestApp {
  /** The lines that were logged, as they are written. */
  readonly log: string[] = [];
  readonly clock = new TestClock();
  /** What Fastify serves: `GET /api/v1/tasks`. */
  readonly routes: string[] = [];
  private nest: NestFastifyApplication;
  private sharing: boolean;
  databaseUrl: string;
  /** For what no route shows: rows as they are. */
  pool: pg.Pool;
  url: string;
  api: Api;

  static async start({ env = {}, sharing, on, through }: TestAppOptions = {}): Promise<TestApp> {
    const app = new TestApp();
    app.sharing = (sharing ?? on) !== undefined;
    app.databaseUrl = on ?? sharing?.databaseUrl ?? (await cloneTemplate());
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
    this.clock.offsetMs = 0;
  }

  async stop(): Promise<void> {
    await (this.nest as NestFastifyApplication | undefined)?.close();
    await endPool(this.pool);
    if (!this.sharing) await dropDatabase(this.databaseUrl);
  }

  private async listen(env: Readonly<Record<string, string>>, databaseUrl: string): Promise<void> {
    const config = loadConfig({ ...TEST_ENV, ...env });
    const logger = createLogger(config.logLevel, { write: (line) => this.log.push(line) });
    const module = await Test.createTestingModule({ imports: [AppModule.with(config, databaseUrl, { logger })] })
      .overrideProvider(Clock)
      .useValue(this.clock)
      .setLogger(new NestLogger(logger))
      .compile();
    this.nest = module.createNestApplication<NestFastifyApplication>(createAdapter(config), { bodyParser: false });
    this.nest
      .getHttpAdapter()
      .getInstance()
      .addHook('onRoute', ({ method, url }) => {
        this.routes.push(...[method].flat().map((each) => `${each} ${url}`));
      });
    await configureApp(this.nest, config, logger);
    holdToOneConnection(this.nest.get(DataSource));
    moveWithClock(this.nest.get(DataSource), this.clock);
    await this.nest.listen(0, '127.0.0.1');
    this.url = await this.nest.getUrl();
    this.api = new Api(this.url);
  }
}

/** Tests run by themselves what is scheduled, when they want it. */
const firstRun = { ...FIRST_RUN };
beforeAll(() => Object.assign(FIRST_RUN, { least: 86_400_000, most: 86_400_000 }));
afterAll(() => Object.assign(FIRST_RUN, firstRun));

const TEST_ENV = {
  NODE_ENV: 'test',
  BCRYPT_COST: '4',
  RATE_LIMIT: 'off',
  LOGIN_GUARD: 'off',
  JWT_SECRET: 'a-key-of-the-tests-that-nobody-else-may-use',
};
