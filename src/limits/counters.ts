import type { Policy } from './policies.js';

export interface Window {
  readonly hits: number;
  readonly secondsLeft: number;
}

export interface Counter {
  hits: number;
  elsewhere: number;
  readonly endsAt: number;
}

export interface Counters {
  hit(policy: Policy, tracker: string): Window | Promise<Window>;
}

export const COUNTERS = Symbol('Counters');

const MOST_COUNTERS = 200_000;
const SWEEP_MS = 60_000;

export class MemoryCounters implements Counters {
  private readonly counters = new Map<string, Counter>();
  private sweepAt = 0;

  constructor(
    private readonly endOf: (policy: Policy, tracker: string) => number = ({ windowMs }) =>
      performance.now() + windowMs,
  ) {}

  hit(policy: Policy, tracker: string): Window {
    const counter = this.at(policy, tracker);
    counter.hits += 1;
    return windowOf(policy, counter);
  }

  at(policy: Policy, tracker: string): Counter {
    const now = performance.now();
    const key = `${policy.name} ${tracker}`;
    let counter = this.counters.get(key);
    if (counter === undefined || counter.endsAt <= now) {
      this.makeRoom(now);
      counter = { hits: 0, elsewhere: 0, endsAt: this.endOf(policy, tracker) };
      this.counters.set(key, counter);
    }
    return counter;
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

export function windowOf({ windowMs }: Policy, { hits, elsewhere, endsAt }: Counter): Window {
  return { hits: hits + elsewhere, secondsLeft: secondsOf(Math.min(windowMs, endsAt - performance.now())) };
}

export function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
