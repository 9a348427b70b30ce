/** Counts what `GET /admin/stats` shows, so that a look reads a few rows however many there are. */
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../common/logger.js';
import { Activity, Schedule } from '../common/schedule.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { alone } from '../database/live-client.js';
import { keepAccounts, keepDays, lockStats } from './stats.query.js';

const EVERY_MS = 10 * 60_000;

@Injectable()
export class StatsJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly schedule = new Schedule({
    everyMs: EVERY_MS,
    rests: () => this.activity.isIdle,
    run: () => this.run(),
    onFault: (error) => {
      if (!this.stopping.signal.aborted)
        this.logger.warn({ event: 'stats_uncounted', err: error }, 'statistics could not be counted: will be retried');
    },
  });
  private readonly stopping = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly activity: Activity,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.runsJobs) this.schedule.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.schedule.stop();
  }

  async run(): Promise<void> {
    const url = this.config.database.directUrl ?? (this.database.options as { url: string }).url;
    const { signal } = this.stopping;
    for (const keep of [keepDays, keepAccounts])
      await alone({ url, name: 'roost-stats', signal }, async (db) => {
        if (await lockStats(db)) await keep(db);
      });
  }
}
