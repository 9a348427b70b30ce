/** Reads that no index shortens: one at a time for a person, and few for all, so that others find connections. */
import { Injectable } from '@nestjs/common';

import { Turns } from './turns.js';

const ALL = 'all';

@Injectable()
export class CostlyReads {
  private readonly ofPerson = new Turns(1);
  private readonly ofAll: Turns;

  constructor(atOnce: number) {
    this.ofAll = new Turns(atOnce, 'overloaded');
  }

  /** @throws AppError `rate_limited` or `overloaded` when too many wait, or for too long */
  async run<T>(userId: string, read: () => Promise<T>): Promise<T> {
    const leave = await this.ofPerson.take(userId);
    try {
      const leaveAll = await this.ofAll.take(ALL);
      return await read().finally(leaveAll);
    } finally {
      leave();
    }
  }
}
