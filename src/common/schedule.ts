/** Periodic work of an instance: one run at a time; a stop waits for the run under way. It rests while nobody uses the instance. */
import { randomInt } from 'node:crypto';

import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';

export const FIRST_RUN = { least: 10_000, most: 60_000 };
/** Milliseconds: without a use until the rest begins, and the longest rest of periodic work. */
export const REST = { afterMs: 30_000, longestMs: 6 * 3_600_000 };
const JITTER = 0.1;

export interface Scheduled {
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  readonly onFault: (error: unknown) => void;
  /** While true, runs are left out, for `REST.longestMs` at most. */
  readonly rests?: () => boolean;
}

export type Choose = (least: number, most: number) => number;

export class Schedule {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private ranAt = -Infinity;

  constructor(
    private readonly scheduled: Scheduled,
    private readonly choose: Choose = (least, most) => randomInt(least, most + 1),
  ) {}

  start(): void {
    const { everyMs } = this.scheduled;
    this.wait(this.choose(Math.min(FIRST_RUN.least, everyMs), Math.min(FIRST_RUN.most, everyMs)));
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
  }

  private wait(ms: number): void {
    const { everyMs } = this.scheduled;
    this.timer = setTimeout(() => {
      this.wait(this.choose(Math.floor(everyMs * (1 - JITTER)), Math.ceil(everyMs * (1 + JITTER))));
      if (this.scheduled.rests?.() !== true || performance.now() - this.ranAt >= REST.longestMs) this.run();
    }, ms).unref();
  }

  private run(): void {
    this.ranAt = performance.now();
    this.running ??= this.scheduled
      .run()
      .then(() => undefined, this.scheduled.onFault)
      .finally(() => {
        this.running = undefined;
      });
  }
}

@Injectable()
export class Activity {
  private usedAt = performance.now();
  private readonly uses: (() => boolean)[] = [];
  private readonly listeners: (() => void)[] = [];

  get isIdle(): boolean {
    return performance.now() - this.usedAt > REST.afterMs && !this.uses.some((isUnderWay) => isUnderWay());
  }

  use(): void {
    const wasIdle = this.isIdle;
    this.usedAt = performance.now();
    if (wasIdle) for (const listener of this.listeners) listener();
  }

  useWhile(isUnderWay: () => boolean): void {
    this.uses.push(isUnderWay);
  }

  onResumed(listener: () => void): void {
    this.listeners.push(listener);
  }
}

/** The periodic work of this instance. With several workers, the first one does it for all. */
@Injectable()
export class Jobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly added: { readonly run: () => Promise<unknown>; readonly schedule: Schedule }[] = [];
  private readonly stopping = new AbortController();

  constructor(
    private readonly activity: Activity,
    private readonly isOurs: boolean,
  ) {}

  get count(): number {
    return this.added.length;
  }

  get isStopping(): boolean {
    return this.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  add(job: Omit<Scheduled, 'rests'>): void {
    const schedule = new Schedule({
      ...job,
      rests: () => this.activity.isIdle,
      onFault: (error) => {
        if (!this.isStopping) job.onFault(error);
      },
    });
    this.added.push({ run: job.run, schedule });
  }

  onApplicationBootstrap(): void {
    if (this.isOurs) for (const { schedule } of this.added) schedule.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.added.map(({ schedule }) => schedule.stop()));
  }

  async runAll(): Promise<void> {
    for (const { run } of this.added) await run();
  }
}
