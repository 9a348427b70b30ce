import { Counter, Gauge, type Registry } from 'prom-client';

import type { Measure, Sample } from '../common/registries/measures.js';

export function register(registry: Registry, { name, help, labels = [], ofWorkers = 'sum', read }: Measure): void {
  const options = { name, help, labelNames: labels, aggregator: ofWorkers, registers: [registry] };
  const samples = (): readonly Sample[] => {
    const found = read();
    const all: readonly Sample[] = typeof found === 'number' ? [[{}, found]] : found;
    return all.filter(([, value]) => Number.isFinite(value));
  };
  if (name.endsWith('_total'))
    new Counter({
      ...options,
      collect() {
        this.reset();
        if (labels.length === 0) this.inc(0);
        for (const [of, value] of samples()) this.inc(of, value);
      },
    });
  else
    new Gauge({
      ...options,
      collect() {
        this.reset();
        if (labels.length === 0) this.remove();
        for (const [of, value] of samples()) this.set(of, value);
      },
    });
}
