/** One serving Roost: its HTTP server, its start and its stop. */
import { setTimeout as delay } from 'node:timers/promises';

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';

import { configureApp, createAdapter } from './app.js';
import { AppModule } from './app.module.js';
import { NestLogger } from './common/logger.js';
import type { Config } from './config/config.js';
import { Metrics } from './health/metrics.js';
import { Readiness } from './health/readiness.js';
import type { Counters } from './limits/counters.js';
import type { StartDatabase } from './start-database.js';
import type { StartingServer } from './starting-server.js';

const CRASH_MS = 2_000;

export interface Surroundings {
  readonly database: Pick<StartDatabase, 'open' | 'close'>;
  readonly listen?: () => Promise<StartingServer>;
  readonly onReady: (address: string) => void;
  readonly counters?: Counters;
  readonly gather?: (metrics: Metrics) => void;
}

export class Roost {
  private port: StartingServer | undefined;
  private app: NestFastifyApplication | undefined;
  private serving: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private readonly impatience = new AbortController();

  constructor(
    private readonly config: Config,
    private readonly logger: Logger,
    private readonly around: Surroundings,
  ) {}

  get isStopping(): boolean {
    return this.ending.signal.aborted;
  }

  async start(): Promise<void> {
    this.port = await this.around.listen?.();
    const url = await this.around.database.open({
      signal: this.ending.signal,
      port: () => this.port?.number,
      onLost: () => void this.stop(1),
    });
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
    const { noticeMs, shutdownTimeoutMs } = this.config.http;
    if (this.app && noticeMs > 0) {
      this.app.get(Readiness).draining = true;
      await delay(noticeMs, undefined, { signal: this.impatience.signal }).catch(() => undefined);
    }
    setTimeout(() => process.exit(1), shutdownTimeoutMs).unref();
    await Promise.allSettled([this.serving]);
    // Not before: the application may be about to take it over.
    this.port?.close();
    await this.app?.close();
    await this.around.database.close();
    process.exit(exitCode);
  }

  async crash(): Promise<never> {
    setTimeout(() => process.exit(1), CRASH_MS);
    this.impatience.abort();
    return this.stop(1);
  }

  private async serve(url: string, port?: StartingServer): Promise<void> {
    const { config, logger, around } = this;
    this.app = await NestFactory.create<NestFastifyApplication>(
      AppModule.with(config, url, { logger, counters: around.counters }),
      createAdapter(config),
      {
        logger: new NestLogger(logger),
        bodyParser: false,
        abortOnError: false,
      },
    );
    await configureApp(this.app, config, logger);
    around.gather?.(this.app.get(Metrics));
    if (this.ending.signal.aborted) return;
    port?.handOverTo(this.app.getHttpServer());
    await this.app.listen(config.http.port, config.http.host);
    if (!this.isStopping) around.onReady(await this.app.getUrl());
  }
}
