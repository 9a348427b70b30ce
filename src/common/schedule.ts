/** Periodic work of an instance: one run at a time; a stop waits for the run under way. */
import { randomInt } from 'node:crypto';

export const FIRST_RUN = { least: 10_000, most: 60_000 };
const JITTER = 0.1;

export interface Scheduled {
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  readonly onFault: (error: unknown) => void;
}

export type Choose = (least: number, most: number) => number;

export class Schedule {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

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
