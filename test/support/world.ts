/** What tests may move: time. Everything else is real. */
import { Clock } from '../../src/common/clock.js';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Runs with real time, moved forward by what tests say. */
export class TestClock extends Clock {
  /** Milliseconds. TestApp moves the database's clock with it. */
  offsetMs = 0;

  override systemMs(): number {
    return super.systemMs() + this.offsetMs;
  }

  override elapsedMs(): number {
    return super.elapsedMs() + this.offsetMs;
  }

  /** @param duration such as `31s`, `2h` or `30d` */
  advance(duration: `${number}${keyof typeof UNIT_MS}`): void {
    this.offsetMs += parseInt(duration, 10) * UNIT_MS[duration.slice(-1) as keyof typeof UNIT_MS];
  }
}
