/** Starts Roost, says where it is, and stops it gracefully. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';

import { configureApp, createAdapter } from './app.js';
import { AppModule } from './app.module.js';
import { createLogger, NestLogger } from './common/logger.js';
import { type Config, loadConfig } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { readVariables } from './config/variables.js';
import { DatabaseStartError, waitForDatabase } from './database/connect.js';
import { type EmbeddedPostgres, EmbeddedPostgresError, startEmbeddedPostgres } from './database/embedded.js';
import { migrate } from './database/migrate.js';
import { Readiness } from './health/readiness.js';

/** How long a load balancer may take to notice that this instance is draining, before it stops listening. Production only. */
const NOTICE_MS = 5_000;

class Roost {
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
    for (const name of await migrate(config.database.directUrl ?? url)) logger.info({ migration: name }, 'migrated');
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
    setTimeout(() => process.exit(1), this.config.http.shutdownTimeoutMs).unref();
    if (this.app && this.config.nodeEnv === 'production') {
      this.app.get(Readiness).draining = true;
      await delay(NOTICE_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    await this.app?.close();
    await this.embedded?.stop();
    process.exit(exitCode);
  }

  private async startEmbedded(): Promise<string> {
    this.embedded = await startEmbeddedPostgres({
      dataDir: join(this.config.database.dataDir, 'postgres'),
      database: 'roost',
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
    const database = embedded ? `PostgreSQL 18 of its own, in ${embedded.dataDir}` : 'DATABASE_URL';
    for (const name of config.unused)
      this.logger.warn({ name }, `${name} is set, and this version has no use for it yet`);
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
      '',
      '  Ctrl-C stops it.',
    ];
    process.stdout.write(`\n${lines.join('\n')}\n\n`);
  }
}

/** What the person who starts Roost can mend; anything else is a defect and keeps its stack. */
function explanation(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof DatabaseStartError || error instanceof EmbeddedPostgresError)
    return error.message;
  const { code, port } = error as { code?: unknown; port?: number };
  if (code === 'EADDRINUSE') return `Port ${port ?? ''} is already in use: stop what listens there, or set PORT.`;
  if (code === 'EACCES' && port !== undefined) return `Port ${port} needs more rights: set PORT to one above 1023.`;
  return undefined;
}

async function main(): Promise<void> {
  const config = loadConfig(readVariables());
  const logger = createLogger(config.logLevel);
  const roost = new Roost(config, logger);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void roost.stop(0));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, event);
      void roost.stop(1);
    });
  }
  try {
    await roost.start();
  } catch (error) {
    complain(error);
    await roost.stop(1);
  }
}

function complain(error: unknown): void {
  const text = explanation(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`\nRoost could not start.\n\n${text}\n\n`);
}

try {
  await main();
} catch (error) {
  complain(error);
  process.exit(1);
}
