/** The process' clock, replaced in tests. Decisions shared by instances use the database's clock. */
import { Injectable } from '@nestjs/common';

@Injectable()
export class Clock {
  /** Measured lag behind the database's clock, in milliseconds: other machines judge our tokens, too. */
  skewMs = 0;

  now(): Date {
    return new Date(this.systemMs() + this.skewMs);
  }

  epochSeconds(): number {
    return Math.floor((this.systemMs() + this.skewMs) / 1_000);
  }

  systemMs(): number {
    return Date.now();
  }

  /** Since some moment of the past. Never goes back, whatever happens to the system's clock. */
  elapsedMs(): number {
    return performance.now();
  }
}
