/** Whether this instance takes requests: not during a shutdown. */
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import { Clock } from '../common/clock.js';
import { poolOf, Pulse } from '../database/data-source.js';

const REMEMBERED_MS = 1_000;

@Injectable()
export class Readiness implements OnModuleDestroy {
  draining = false;
  private known: { readonly until: number; readonly answer: Promise<unknown> } | undefined;

  constructor(
    private readonly clock: Clock,
    @InjectDataSource() private readonly database: DataSource,
    private readonly pulse: Pulse,
  ) {}

  /** Checks are not rate-limited: all within a second share one query. At a busy pool, where it would wait, an answer to others counts. */
  async ask(question: () => Promise<unknown>): Promise<void> {
    const now = this.clock.elapsedMs();
    if (poolOf(this.database).waitingCount > 0 && now < this.pulse.answeredAt + REMEMBERED_MS) return;
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
