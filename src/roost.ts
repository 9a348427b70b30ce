/** One running Roost: its database, its HTTP server, and how both come and go. */
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';

import { configureApp, createAdapter } from './app.js';
import { AppModule } from './app.module.js';
import { NestLogger } from './common/logger.js';
import type { Config } from './config/config.js';
import { waitForDatabase } from './database/connect.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded.js';
import { migrate } from './database/migrate.js';
import { embeddedIn } from './database/open.js';
import { Readiness } from './health/readiness.js';

/** How long a load balancer may take to notice that this instance is draining, before it stops listening. Production only. */
const NOTICE_MS = 5_000;

export class Roost {
  private app: NestFastifyApplication | undefined;
  private embedded: EmbeddedPostgres | undefined;
  private stopping: AbortController | undefined;

  constructor(
    private readonly config: Config,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    const { config, logger } = this;
    const url = config.database.url ?? (await this.startEmbedded());
    await waitForDatabase(url, (reason) => {
      logger.warn({ reason }, 'waiting for the database');
    });
    const migrated = await migrate(config.database.directUrl ?? url, {
      onWait: () => {
        logger.info(
          { event: 'migration_waits' },
          'another instance migrates the database, or somebody holds a table: waiting',
        );
      },
      onFault: (event, error) => {
        logger.warn({ event, err: error }, 'not done at start');
      },
    });
    for (const name of migrated) logger.info({ migration: name }, 'migrated');
    this.app = await NestFactory.create<NestFastifyApplication>(
      AppModule.with(config, url, logger),
      createAdapter(config),
      {
        logger: new NestLogger(logger),
        bodyParser: false,
        abortOnError: false,
      },
    );
    configureApp(this.app, config, logger);
    await this.app.listen(config.http.port, config.http.host);
    this.announce(await this.app.getUrl());
  }

  /** Finishes what is under way and ends; a second signal skips the notice to load balancers. */
  async stop(exitCode: number): Promise<never> {
    if (this.stopping) {
      this.stopping.abort();
      return new Promise<never>(() => undefined);
    }
    this.stopping = new AbortController();
    if (this.app && this.config.nodeEnv === 'production') {
      this.app.get(Readiness).draining = true;
      await delay(NOTICE_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    setTimeout(() => process.exit(1), this.config.http.shutdownTimeoutMs).unref();
    await this.app?.close();
    await this.embedded?.stop();
    process.exit(exitCode);
  }

  private async startEmbedded(): Promise<string> {
    this.embedded = await startEmbeddedPostgres({
      ...embeddedIn(this.config.database.dataDir),
      onLost: (error) => {
        this.logger.fatal(error.message);
        void this.stop(1);
      },
    });
    return this.embedded.url;
  }

  private announce(address: string): void {
    const { config, embedded } = this;
    const base = config.http.publicUrl ?? address;
    const database = embedded ? `PostgreSQL 18 of its own, in ${readable(embedded.dataDir)}` : 'DATABASE_URL';
    for (const name of config.unused) this.logger.warn({ name }, `${name} is set, and has no effect here`);
    if (config.mail.smtpUrl === undefined && !config.mail.mailbox)
      this.logger.warn({ event: 'mail_waits' }, 'SMTP_URL is not set: mails wait in the database until it is');
    if (config.nodeEnv === 'production') {
      this.logger.info({ address, database }, 'Roost is ready');
      return;
    }
    const lines = [
      'Roost is ready.',
      '',
      `  API       ${base}/api/v1`,
      ...(config.http.docs ? [`  Docs      ${base}/docs`] : []),
      `  Database  ${database}`,
      ...(embedded?.notices ?? []).map((notice) => `            ${notice}`),
      `  Mail      ${config.mail.mailbox ? `${base}/dev/mailbox` : 'SMTP_URL'}`,
      '',
      '  Ctrl-C stops it.',
    ];
    process.stdout.write(`\n${lines.join('\n')}\n\n`);
  }
}

/** Relative, where that is shorter to read. */
function readable(path: string): string {
  const below = relative('.', path);
  return below.startsWith('..') ? path : below;
}
