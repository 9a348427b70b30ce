/** The process' clock, replaced in tests. Decisions shared by instances use the database's clock. */
import { Injectable } from '@nestjs/common';

@Injectable()
export class Clock {
  /** Milliseconds added to every clock of a decision, the database's too; 0 outside tests. */
  readonly offsetMs: number = 0;
  /** Measured lag behind the database's clock, in milliseconds: other machines judge our tokens, too. */
  skewMs = 0;

  now(): Date {
    return new Date(this.systemMs() + this.skewMs + this.offsetMs);
  }

  epochSeconds(): number {
    return Math.floor((this.systemMs() + this.skewMs + this.offsetMs) / 1_000);
  }

  systemMs(): number {
    return Date.now();
  }
}
