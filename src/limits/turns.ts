import { AppError } from '../common/errors.js';

/** How many wait, and for how many milliseconds: as long as for a connection of the pool. */
export const TURNS = { waiting: 200, waitMs: 2_500 };

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}

export class Turns {
  private readonly byKey = new Map<string, Queue>();

  constructor(
    private readonly atOnce: number,
    private readonly whenFull: 'rate_limited' | 'overloaded' = 'rate_limited',
  ) {}

  /** @returns what ends the turn; without a promise where nobody has to wait. @throws AppError `rate_limited`, `overloaded` */
  take(key: string): (() => void) | Promise<() => void> {
    const queue = this.byKey.get(key) ?? { running: 0, waiting: [] };
    this.byKey.set(key, queue);
    const leave = (): void => {
      this.leave(key, queue);
    };
    if (queue.running < this.atOnce) {
      queue.running += 1;
      return leave;
    }
    if (queue.waiting.length >= TURNS.waiting)
      throw new AppError(this.whenFull, { retryAfterSeconds: 1, policies: ['concurrent_requests'] });
    return new Promise((start, refuse) => {
      const begin = (): void => {
        clearTimeout(timer);
        start(leave);
      };
      const timer = setTimeout(() => {
        queue.waiting.splice(queue.waiting.indexOf(begin), 1);
        refuse(new AppError('overloaded', { retryAfterSeconds: 1, policies: ['concurrent_requests'] }));
      }, TURNS.waitMs);
      queue.waiting.push(begin);
    });
  }

  private leave(key: string, queue: Queue): void {
    const next = queue.waiting.shift();
    if (next) next();
    else if ((queue.running -= 1) === 0) this.byKey.delete(key);
  }
}
