import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../../common/logger.js';
import { Activity, Schedule } from '../../common/schedule.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { isStatementTimeout } from '../pg-errors.js';
import { deleteBatch, type DeletedRows } from '../sql.js';

const EVERY_MS = 10 * 60_000;
const BATCH = 1_000;
const SMALLER = 10;

@Injectable()
export class Cleanup implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly schedule = new Schedule({
    everyMs: EVERY_MS,
    rests: () => this.activity.isIdle,
    run: () => this.run(),
    onFault: (error) => {
      this.logger.warn({ err: error }, 'clean-up failed, and is tried again');
    },
  });
  private readonly dead: DeletedRows[] = [];
  private stopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly activity: Activity,
  ) {}

  add(...dead: DeletedRows[]): void {
    this.dead.push(...dead);
  }

  onApplicationBootstrap(): void {
    if (this.config.runsJobs) this.schedule.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.schedule.stop();
  }

  async run(batch = BATCH): Promise<Record<string, number>> {
    const deleted: Record<string, number> = {};
    for (const dead of this.dead) deleted[dead.table] = (deleted[dead.table] ?? 0) + (await this.clean(dead, batch));
    if (Object.values(deleted).some((count) => count > 0))
      this.logger.info({ event: 'cleaned_up', ...deleted }, 'cleaned up');
    return deleted;
  }

  private async clean(dead: DeletedRows, batch: number): Promise<number> {
    let deleted = 0;
    let limit = batch;
    while (!this.stopped) {
      try {
        const last = await deleteBatch(this.database, { ...dead, skipLocked: true }, limit);
        deleted += last;
        // A batch is smaller, too, where rows were changed meanwhile.
        if (last === 0) break;
      } catch (error) {
        limit = isStatementTimeout(error) ? Math.floor(limit / SMALLER) : 0;
        if (limit > 0) continue;
        this.logger.warn(
          { event: 'clean_up_failed', table: dead.table, err: error },
          'clean-up failed, and is tried again',
        );
        break;
      }
    }
    return deleted;
  }
}
