/** Adds up what the workers count, and tells them of each other. */
import type { Counter } from '../limits/counters.js';
import { type Counted, SharedWindows, stepOf } from './shared-windows.js';

export class PrimaryCounters {
  private readonly windows = new SharedWindows();
  private readonly parts = new WeakMap<Counter, Map<number, number>>();

  constructor(private readonly tell: (worker: number, counted: Counted) => void) {}

  count(worker: number, others: Iterable<number>, counted: Counted): number | undefined {
    const counter = this.windows.of(counted);
    if (!counter) return undefined;
    const parts = this.parts.get(counter) ?? new Map<number, number>();
    this.parts.set(counter, parts);
    const step = stepOf(counted.policy);
    const before = Math.floor(counter.hits / step);
    counter.hits += counted.hits - (parts.get(worker) ?? 0);
    parts.set(worker, counted.hits);
    if (Math.floor(counter.hits / step) > before)
      for (const other of others)
        if (other !== worker) this.tell(other, { ...counted, hits: counter.hits - (parts.get(other) ?? 0) });
    return counter.hits;
  }
}
