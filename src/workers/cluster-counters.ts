/** Rate limits of a worker: far from a limit it counts by itself and tells; near to it, or where it is exact, it asks. */
import { type Counter, type Counters, type Window, windowOf } from '../limits/counters.js';
import { PER_ADDRESS, PER_USER, type Policy } from '../limits/policies.js';
import type { Line } from './line.js';
import { type Counted, SharedWindows, stepOf } from './shared-windows.js';

const ESTIMATED = new Set([PER_ADDRESS.name, PER_USER.name]);
const PATIENCE_MS = 1_000;
const BATCH_MS = 50;

export class ClusterCounters implements Counters {
  private readonly windows = new SharedWindows();
  private readonly untold = new Map<Counter, () => Counted>();
  private readonly asked = new WeakSet<Counter>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly line: Line,
    private readonly workers: number,
  ) {}

  hit(policy: Policy, tracker: string): Window | Promise<Window> {
    const counter = this.windows.at(policy, tracker);
    counter.hits += 1;
    const window = windowOf(policy, counter);
    if (window.hits > policy.limit && this.asked.has(counter)) return window;
    // All workers together cannot pass the limit before each of them asks.
    const isFar = window.hits < policy.limit / 2 && counter.hits < policy.limit / this.workers;
    if (!isFar || !ESTIMATED.has(policy.name)) return this.ask(policy, tracker, counter);
    if (counter.hits % stepOf(policy, this.workers) === 0) {
      this.untold.set(counter, () => this.windows.counted(policy, tracker));
      this.timer ??= setTimeout(() => {
        this.tell();
      }, BATCH_MS).unref();
    }
    return window;
  }

  learn(counted: Counted): void {
    const counter = this.windows.of(counted);
    if (counter) counter.elsewhere = Math.max(counter.elsewhere, counted.hits);
  }

  private async ask(policy: Policy, tracker: string, counter: Counter): Promise<Window> {
    this.asked.add(counter);
    const body = this.windows.counted(policy, tracker);
    const total = await this.line.ask<number>('count', { body, patienceMs: PATIENCE_MS });
    if (total === undefined) return windowOf(policy, counter);
    counter.elsewhere = Math.max(counter.elsewhere, total - body.hits);
    return { ...windowOf(policy, counter), hits: total };
  }

  private tell(): void {
    this.timer = undefined;
    this.line.tell(
      'counted',
      Array.from(this.untold.values(), (counted) => counted()),
    );
    this.untold.clear();
  }
}
