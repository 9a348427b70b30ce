/** Counts the mails that wait, for the metrics: a scrape asks the database nothing. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { Jobs } from '../common/schedule.js';
import { countWaitingMails, type WaitingMails } from './outbox.query.js';

const EVERY_MS = 60_000;
const MOST_COUNTED = 1_000;

@Injectable()
export class OutboxWatch {
  waiting: WaitingMails | undefined;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    jobs: Jobs,
  ) {
    jobs.add({
      everyMs: EVERY_MS,
      run: () => this.read(),
      onFault: () => {
        this.waiting = undefined;
      },
    });
  }

  async read(): Promise<void> {
    this.waiting = await countWaitingMails(this.database.manager, MOST_COUNTED);
  }
}
