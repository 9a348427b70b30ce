/** The process' wall clock, replaced in tests. What instances must agree on uses the database's clock instead. */
import { Injectable } from '@nestjs/common';

@Injectable()
export class Clock {
  /** Added to every clock a decision is taken by, the database's too; 0 outside tests. Milliseconds. */
  readonly offsetMs: number = 0;
  /** What this machine's clock lacks to the database's, as measured: tokens are judged on other machines, too. Milliseconds. */
  skewMs = 0;

  now(): Date {
    return new Date(this.systemMs() + this.skewMs + this.offsetMs);
  }

  /** Whole seconds since 1970, as tokens count time (RFC 7519 NumericDate). */
  epochSeconds(): number {
    return Math.floor((this.systemMs() + this.skewMs + this.offsetMs) / 1_000);
  }

  /** This machine's, whatever the others say. Milliseconds since 1970. */
  systemMs(): number {
    return Date.now();
  }
}
