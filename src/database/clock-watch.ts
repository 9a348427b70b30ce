/** Measures this machine's clock against the database's, which times the tokens of all instances. */
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Clock } from '../common/clock.js';
import { LOGGER } from '../common/logger.js';
import { Activity, Schedule } from '../common/schedule.js';
import { one, sql } from './sql.js';

const EVERY_MS = 60_000;
const IGNORED_MS = 1_000;
const TOLD_MS = 5_000;

@Injectable()
export class ClockWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private isTold = false;
  private readonly schedule = new Schedule({
    everyMs: EVERY_MS,
    rests: () => this.activity.isIdle,
    run: () => this.measure(),
    onFault: () => undefined,
  });

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly clock: Clock,
    private readonly activity: Activity,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const measure = (): Promise<void> => this.measure().catch(() => undefined);
    await measure();
    this.schedule.start();
    this.activity.onResumed(() => void measure());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.schedule.stop();
  }

  private async measure(): Promise<void> {
    const { skewMs, uncertainMs } = await this.difference();
    const mayBeAsKnown = Math.abs(skewMs - this.clock.skewMs) <= uncertainMs;
    if (uncertainMs > IGNORED_MS && mayBeAsKnown) return;
    const isOff = Math.abs(skewMs) > Math.max(IGNORED_MS, uncertainMs);
    this.clock.skewMs = isOff ? skewMs : 0;
    const isTold = isOff && Math.abs(skewMs) >= TOLD_MS;
    if (isTold === this.isTold) return;
    this.isTold = isTold;
    const seconds = Math.round(-skewMs / 1_000);
    if (isTold)
      this.logger.warn(
        { event: 'clock_off', seconds },
        `the clock of this machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the database's, which times the tokens`,
      );
    else this.logger.info({ event: 'clock_right' }, "the clock of this machine agrees with the database's again");
  }

  private async difference(): Promise<{ skewMs: number; uncertainMs: number }> {
    const askedAt = this.clock.systemMs();
    const now = sql`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
    const { ms } = await one<{ ms: number }>(this.database, now);
    const answeredAt = this.clock.systemMs();
    const skewMs = Math.round(ms - (askedAt + answeredAt) / 2);
    return { skewMs, uncertainMs: answeredAt - askedAt };
  }
}
