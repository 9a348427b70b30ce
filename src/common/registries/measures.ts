/** The registry of what `/metrics` shows: the module of each room may add numbers of its own. */
import { Injectable } from '@nestjs/common';
import type { Aggregator } from 'prom-client';

type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

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

@Injectable()
export class Measures {
  private readonly measures: Measure[] = [];

  add(...measures: Measure[]): void {
    this.measures.push(...measures);
  }

  all(): readonly Measure[] {
    return this.measures;
  }
}
