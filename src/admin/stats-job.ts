/** Counts what `GET /admin/stats` shows, so that a look reads a few rows however many there are. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../common/logger.js';
import { Jobs } from '../common/schedule.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { alone } from '../database/live-client.js';
import { keepAccounts, keepDays, lockStats } from './stats.query.js';

const EVERY_MS = 10 * 60_000;

@Injectable()
export class StatsJob {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly jobs: Jobs,
  ) {
    jobs.add({
      everyMs: EVERY_MS,
      run: () => this.run(),
      onFault: (error) => {
        logger.warn({ event: 'stats_uncounted', err: error }, 'statistics could not be counted: will be retried');
      },
    });
  }

  async run(): Promise<void> {
    const url = this.config.database.directUrl ?? (this.database.options as { url: string }).url;
    const { signal } = this.jobs;
    for (const keep of [keepDays, keepAccounts])
      await alone({ url, name: 'roost-stats', signal }, async (db) => {
        if (await lockStats(db)) await keep(db);
      });
  }
}
