/** Work that an instance does again and again: one run at a time, and whoever stops it waits for the one under way. */
import { randomInt } from 'node:crypto';

/** Instances that start together do not all run at once, and one that lives for minutes only does its share. Milliseconds. */
export const FIRST_RUN = { least: 10_000, most: 60_000 };
/** How far a pause may be from the one that was asked for, as a share of it. */
const JITTER = 0.1;

export interface Scheduled {
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  /** The next run tries again. */
  readonly onFault: (error: unknown) => void;
}

/** @returns a whole number from `least` to `most` */
export type Choose = (least: number, most: number) => number;

export class Schedule {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly scheduled: Scheduled,
    private readonly choose: Choose = (least, most) => randomInt(least, most + 1),
  ) {}

  /** Soon for the first time, and then after each pause. A run that lasts longer than the pause keeps the next from starting. */
  start(): void {
    const { everyMs } = this.scheduled;
    this.wait(this.choose(Math.min(FIRST_RUN.least, everyMs), Math.min(FIRST_RUN.most, everyMs)));
  }

  /** @returns when the run under way has ended */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
  }

  private wait(ms: number): void {
    const { everyMs, run, onFault } = this.scheduled;
    this.timer = setTimeout(() => {
      this.wait(this.choose(Math.floor(everyMs * (1 - JITTER)), Math.ceil(everyMs * (1 + JITTER))));
      this.running ??= run()
        .then(() => undefined, onFault)
        .finally(() => {
          this.running = undefined;
        });
    }, ms).unref();
  }
}
