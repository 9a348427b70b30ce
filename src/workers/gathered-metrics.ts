/** The metrics of all workers. Totals of workers that ended stay, so that no sum falls. */
import { AggregatorRegistry, type MetricObject, type Registry } from 'prom-client';

import type { Line } from './line.js';

const PATIENCE_MS = 1_000;
const TOTALS = ['counter', 'histogram'];

export type Gathered = readonly (readonly MetricObject[])[];

export class GatheredMetrics {
  private readonly last = new Map<number, readonly MetricObject[]>();
  private departed: readonly MetricObject[] = [];

  async gather(running: ReadonlyMap<number, { readonly line: Line }>): Promise<Gathered> {
    await Promise.all(
      Array.from(running, async ([id, { line }]) => {
        const metrics = await line.ask<MetricObject[]>('collect', { patienceMs: PATIENCE_MS });
        // An answer may come after its worker's end.
        if (metrics && running.has(id)) this.last.set(id, metrics);
      }),
    );
    return [...this.last.values(), this.departed];
  }

  keepTotalsOf(id: number): void {
    const totals = this.last.get(id)?.filter(({ type }) => TOTALS.includes(String(type))) ?? [];
    this.last.delete(id);
    this.departed = sumOf([this.departed, totals]).getMetricsAsArray();
  }
}

export function sumOf(gathered: Gathered): Registry {
  return AggregatorRegistry.aggregate([...gathered]);
}
