import { type Aggregator, Counter, Gauge, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** A number that is kept elsewhere, and read at each scrape: it must cost little. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** How those of several workers become one: their sum by default. */
  readonly ofWorkers?: Aggregator;
  /** What is not finite is left out. */
  readonly read: () => number | readonly Sample[];
}

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
