/** The process' wall clock, replaced in tests. What instances must agree on uses the database's clock instead. */
import { Injectable } from '@nestjs/common';

@Injectable()
export class Clock {
  /** Added to every clock a decision is taken by, the database's too; 0 outside tests. Milliseconds. */
  readonly offsetMs: number = 0;

  now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  /** Whole seconds since 1970, as tokens count time (RFC 7519 NumericDate). */
  epochSeconds(): number {
    return Math.floor((Date.now() + this.offsetMs) / 1_000);
  }
}
