/** Whether this instance takes requests: not during a shutdown. */
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

import { Clock } from '../common/clock.js';

const REMEMBERED_MS = 1_000;

@Injectable()
export class Readiness implements OnModuleDestroy {
  draining = false;
  private known: { readonly until: number; readonly answer: Promise<unknown> } | undefined;

  constructor(private readonly clock: Clock) {}

  /** Health checks are not rate-limited: all within a second share one query. */
  async ask(question: () => Promise<unknown>): Promise<void> {
    const now = this.clock.elapsedMs();
    const known = this.known !== undefined && now < this.known.until ? this.known : undefined;
    const asked = known ?? { until: now + REMEMBERED_MS, answer: question() };
    this.known = asked;
    try {
      await asked.answer;
    } catch (error) {
      if (this.known === asked) this.known = undefined;
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.draining = true;
  }
}
