/** Whether this instance wants requests: not once it is shutting down. */
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

import { Clock } from '../common/clock.js';

const REMEMBERED_MS = 1_000;

@Injectable()
export class Readiness implements OnModuleDestroy {
  draining = false;
  private known: { readonly until: number; readonly answer: Promise<unknown> } | undefined;

  constructor(private readonly clock: Clock) {}

  /** Health checks are not limited, so that a second of them, or all at once, costs one question. */
  async ask(question: () => Promise<unknown>): Promise<void> {
    const now = performance.now() + this.clock.offsetMs;
    const known = this.known !== undefined && now < this.known.until ? this.known : undefined;
    const asked = known ?? { until: now + REMEMBERED_MS, answer: question() };
    this.known = asked;
    try {
      await asked.answer;
    } catch (error) {
      // A database that is back is told of at once.
      if (this.known === asked) this.known = undefined;
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.draining = true;
  }
}
