import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { LOGGER } from '../../common/logger.js';
import { Jobs } from '../../common/schedule.js';
import { isStatementTimeout } from '../pg-errors.js';
import { deleteBatch, type DeletedRows } from '../sql.js';

const EVERY_MS = 10 * 60_000;
const BATCH = 1_000;
const SMALLER = 10;

@Injectable()
export class Cleanup {
  private readonly dead: DeletedRows[] = [];

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly jobs: Jobs,
  ) {
    jobs.add({
      everyMs: EVERY_MS,
      run: () => this.run(),
      onFault: (error) => {
        logger.warn({ err: error }, 'clean-up failed, and is tried again');
      },
    });
  }

  add(...dead: DeletedRows[]): void {
    this.dead.push(...dead);
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
    while (!this.jobs.isStopping) {
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
