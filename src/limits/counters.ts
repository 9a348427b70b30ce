/** Fixed windows in memory, at constant cost. */
import type { Policy } from './policies.js';

export interface Window {
  readonly hits: number;
  readonly secondsLeft: number;
}

export interface Counters {
  hit(policy: Policy, tracker: string): Window | Promise<Window>;
}

export const COUNTERS = Symbol('Counters');

const MOST_COUNTERS = 200_000;
const SWEEP_MS = 60_000;

export class MemoryCounters implements Counters {
  private readonly counters = new Map<string, { hits: number; readonly endsAt: number }>();
  private sweepAt = 0;

  hit({ name, windowMs }: Policy, tracker: string): Window {
    const now = performance.now();
    const key = `${name} ${tracker}`;
    let counter = this.counters.get(key);
    if (counter === undefined || counter.endsAt <= now) {
      this.makeRoom(now);
      counter = { hits: 0, endsAt: now + windowMs };
      this.counters.set(key, counter);
    }
    counter.hits += 1;
    return { hits: counter.hits, secondsLeft: secondsOf(Math.min(windowMs, counter.endsAt - now)) };
  }

  private makeRoom(now: number): void {
    if (now >= this.sweepAt) {
      this.sweepAt = now + SWEEP_MS;
      for (const [key, { endsAt }] of this.counters) if (endsAt <= now) this.counters.delete(key);
    }
    const [oldest] = this.counters.size < MOST_COUNTERS ? [] : this.counters.keys();
    if (oldest !== undefined) this.counters.delete(oldest);
  }
}

export function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
