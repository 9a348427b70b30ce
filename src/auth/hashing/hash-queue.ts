/** Bounds password hashing under load: one hash per core or thread, and a queue with a time limit. */
import { AppError } from '../../common/errors.js';

export interface HashQueueOptions {
  readonly concurrency: number;
  readonly maxWaitMs: number;
  readonly maxWaiting: number;
}

const DEFAULTS = { maxWaitMs: 10_000, maxWaiting: 1_000 };

/** One thread stays free: DNS look-ups and files must not wait behind hashes. @param threads of libuv's pool */
export function hashesAtOnce(threads: number, cores: number): number {
  return Math.max(1, Math.min(cores, threads - 1));
}

const LATEST = 0.1;

interface Waiting {
  readonly start: () => void;
  readonly drop: (reason: AppError) => void;
  readonly isGone: () => boolean;
}

export class HashQueue {
  refused = 0;
  onStart: (waitedMs: number) => void = () => undefined;
  private readonly options: HashQueueOptions;
  private readonly waiting: Waiting[] = [];
  private running = 0;
  private meanMs: number | undefined;

  constructor(
    options: Partial<HashQueueOptions> & Pick<HashQueueOptions, 'concurrency'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  get lengths(): { readonly running: number; readonly waiting: number } {
    return { running: this.running, waiting: this.waiting.length };
  }

  get isFull(): boolean {
    const { concurrency, maxWaitMs, maxWaiting } = this.options;
    if (this.running < concurrency) return false;
    return this.waiting.length >= maxWaiting || this.waitMs() > maxWaitMs;
  }

  /** A client that hung up during the wait is not hashed for. @throws AppError `overloaded` with the estimated wait */
  async run<T>(work: () => Promise<T>, isGone: () => boolean = () => false): Promise<T> {
    const askedAt = this.now();
    await this.turn(isGone);
    const startedAt = this.now();
    this.onStart(startedAt - askedAt);
    try {
      const result = await work();
      this.learn(this.now() - startedAt);
      return result;
    } finally {
      this.running -= 1;
      this.startNext();
    }
  }

  private turn(isGone: () => boolean): Promise<void> {
    if (this.isFull) {
      this.refused += 1;
      throw new AppError('overloaded', {
        retryAfterSeconds: Math.max(1, Math.ceil(this.waitMs() / 1_000)),
        policies: ['password_hashes'],
      });
    }
    if (this.running < this.options.concurrency) {
      this.running += 1;
      return Promise.resolve();
    }
    return new Promise((start, drop) => {
      this.waiting.push({ start, drop, isGone });
    });
  }

  private startNext(): void {
    while (this.running < this.options.concurrency) {
      const next = this.waiting.shift();
      if (!next) return;
      if (next.isGone()) {
        next.drop(new AppError('overloaded'));
        continue;
      }
      this.running += 1;
      next.start();
    }
  }

  private waitMs(): number {
    return ((this.waiting.length + this.running) * (this.meanMs ?? 0)) / this.options.concurrency;
  }

  private learn(ms: number): void {
    this.meanMs = this.meanMs === undefined ? ms : this.meanMs + LATEST * (ms - this.meanMs);
  }
}
