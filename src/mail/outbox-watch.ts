/** Counts the mails that wait, for the metrics: a scrape asks the database nothing. */
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { Activity, Schedule } from '../common/schedule.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { countWaitingMails, type WaitingMails } from './outbox.query.js';

const EVERY_MS = 60_000;
const MOST_COUNTED = 1_000;

@Injectable()
export class OutboxWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Undefined while not known. */
  waiting: WaitingMails | undefined;
  private readonly schedule: Schedule;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly database: DataSource,
    activity: Activity,
  ) {
    this.schedule = new Schedule({
      everyMs: EVERY_MS,
      run: () => this.read(),
      onFault: () => {
        this.waiting = undefined;
      },
      rests: () => activity.isIdle,
    });
  }

  onApplicationBootstrap(): void {
    if (this.config.runsJobs) this.schedule.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.schedule.stop();
  }

  async read(): Promise<void> {
    this.waiting = await countWaitingMails(this.database.manager, MOST_COUNTED);
  }
}
