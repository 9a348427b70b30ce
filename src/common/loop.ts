/** Work that is done at intervals, and at once when woken; one run at a time. */
export interface LoopOptions {
  readonly pauseMs: () => number;
  readonly run: () => Promise<void>;
  readonly isDone?: () => boolean;
}

export class Loop {
  private woken = false;
  private stopped = false;
  private resume: () => void = () => undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: LoopOptions) {}

  get isStopped(): boolean {
    return this.stopped;
  }

  start(): void {
    this.running ??= this.keepRunning();
  }

  wake(): void {
    this.woken = true;
    this.resume();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended();
  }

  async ended(): Promise<void> {
    this.wake();
    await this.running;
  }

  private async keepRunning(): Promise<void> {
    // Ending at once, it would be kept as running, and never be started again.
    await Promise.resolve();
    for (;;) {
      if (!this.woken) await this.pause();
      if (this.stopped || this.options.isDone?.() === true) break;
      this.woken = false;
      await this.options.run();
    }
    this.running = undefined;
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.options.pauseMs()).unref();
      this.resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
