/** Work that an instance does again and again: one run at a time, and whoever stops it waits for the one under way. */

export interface Scheduled {
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  /** The next run tries again. */
  readonly onFault: (error: unknown) => void;
}

export class Schedule {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly scheduled: Scheduled) {}

  /** For the first time after a pause. A run that lasts longer than the pause keeps the next from starting. */
  start(): void {
    const { everyMs, run, onFault } = this.scheduled;
    this.timer = setInterval(() => {
      this.running ??= run()
        .then(() => undefined, onFault)
        .finally(() => {
          this.running = undefined;
        });
    }, everyMs).unref();
  }

  /** @returns when the run under way has ended */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }
}
