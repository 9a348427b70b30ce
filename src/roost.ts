/** One running Roost: its database, its HTTP server, their start and their stop. */
import { setTimeout as delay } from 'node:timers/promises';

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';

import { configureApp, createAdapter } from './app.js';
import { AppModule } from './app.module.js';
import { NestLogger } from './common/logger.js';
import { type Config, misspeltMessage } from './config/config.js';
import { forgetDriverVariables } from './config/variables.js';
import { type DatabaseTarget, waitForDatabase } from './database/connect.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded/embedded.js';
import { migrate } from './database/schema/migrate.js';
import { embeddedIn } from './database/open.js';
import { lackingRights, requireRights } from './database/schema/rights.js';
import { Readiness } from './health/readiness.js';
import { StartingServer } from './starting-server.js';

/** Time for a load balancer to notice that this instance drains, before it stops listening. Production only. */
const NOTICE_MS = 5_000;
const CRASH_MS = 2_000;

export class Roost {
  private port: StartingServer | undefined;
  private app: NestFastifyApplication | undefined;
  private embedded: EmbeddedPostgres | undefined;
  private embeddedStart: Promise<unknown> | undefined;
  private serving: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private readonly impatience = new AbortController();

  constructor(
    private readonly config: Config,
    private readonly logger: Logger,
  ) {}

  get isStopping(): boolean {
    return this.ending.signal.aborted;
  }

  async start(): Promise<void> {
    const { http } = this.config;
    this.port = await StartingServer.listen(http.port, http.host);
    const url = await this.openDatabase();
    this.ending.signal.throwIfAborted();
    this.serving = this.serve(url, this.port);
    await this.serving;
  }

  async stop(exitCode: number): Promise<never> {
    if (this.isStopping) {
      this.impatience.abort();
      return new Promise<never>(() => undefined);
    }
    this.ending.abort();
    const isReady = this.app !== undefined && this.config.nodeEnv === 'production';
    if (this.app && isReady) {
      this.app.get(Readiness).draining = true;
      await delay(NOTICE_MS, undefined, { signal: this.impatience.signal }).catch(() => undefined);
    }
    setTimeout(() => process.exit(1), this.config.http.shutdownTimeoutMs).unref();
    this.port?.close();
    await Promise.allSettled([this.embeddedStart, this.serving]);
    await this.app?.close();
    await this.embedded?.stop();
    process.exit(exitCode);
  }

  async crash(): Promise<never> {
    setTimeout(() => process.exit(1), CRASH_MS);
    this.impatience.abort();
    return this.stop(1);
  }

  private async openDatabase(): Promise<string> {
    const { database } = this.config;
    const url = database.url ?? (await this.startEmbedded());
    const targets: [DatabaseTarget, ...DatabaseTarget[]] = [{ name: 'DATABASE_URL', url }];
    if (database.directUrl !== undefined) targets.push({ name: 'DATABASE_DIRECT_URL', url: database.directUrl });
    for (const target of targets) {
      await waitForDatabase(target, {
        patienceMs: database.waitMs,
        signal: this.ending.signal,
        onWait: (reason, secondsLeft) => {
          const facts = { reason, seconds_left: secondsLeft, port: this.port?.number };
          this.logger.warn(facts, `waiting for the database in ${target.name}`);
        },
      });
    }
    await this.migrate(targets);
    return url;
  }

  /** Migrates over the last target, the direct one where there are two. The first must have the rights to serve. */
  private async migrate(targets: readonly [DatabaseTarget, ...DatabaseTarget[]]): Promise<void> {
    const direct = targets[1] ?? targets[0];
    try {
      const migrations = await migrate(direct.url, {
        onWait: () => {
          const reason = 'waiting: another instance is migrating the database, or a session holds a lock on a table';
          this.logger.info({ event: 'migration_waits' }, reason);
        },
        onFault: (event, error) => {
          this.logger.warn({ event, err: error }, 'failed at start: will be retried');
        },
      });
      if (migrations.length > 0) this.logger.info({ migrations }, 'the schema was migrated');
    } catch (error) {
      throw (await lackingRights(error, direct)) ?? error;
    }
    await requireRights(targets[0]);
  }

  private async startEmbedded(): Promise<string> {
    forgetDriverVariables();
    const starting = startEmbeddedPostgres({
      ...embeddedIn(this.config.database.dataDir),
      signal: this.ending.signal,
      onLost: (error) => {
        this.logger.fatal(error.message);
        void this.stop(1);
      },
    });
    this.embeddedStart = starting;
    this.embedded = await starting;
    return this.embedded.url;
  }

  private async serve(url: string, port: StartingServer): Promise<void> {
    const { config, logger } = this;
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
    if (this.ending.signal.aborted) return;
    port.handOverTo(this.app.getHttpServer());
    await this.app.listen(config.http.port, config.http.host);
    if (!this.isStopping) this.announce(await this.app.getUrl());
  }

  private announce(address: string): void {
    const { config, embedded } = this;
    const base = config.http.publicUrl ?? address;
    const database = embedded ? `PostgreSQL 18 of its own, in ${embedded.dataDir}` : 'DATABASE_URL';
    for (const name of config.unused) this.logger.warn({ name }, `${name} is set but has no effect here`);
    for (const { name, meant } of config.misspelt)
      this.logger.warn({ event: 'variable_unknown', name }, `${name} ${misspeltMessage(meant)}`);
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
      ...(embedded?.isNew === true ? ['            It is new, and empty.'] : []),
      ...(embedded?.notices ?? []).map((notice) => `            ${notice}`),
      `  Mail      ${config.mail.mailbox ? `${base}/dev/mailbox` : 'SMTP_URL'}`,
      '',
      '  Ctrl-C stops it.',
    ];
    process.stdout.write(`\n${lines.join('\n')}\n\n`);
  }
}
