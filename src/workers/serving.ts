/** A worker's Roost: its database is the primary's, its limits and metrics are those of all workers. */
import type { Config } from '../config/config.js';
import { forgetDriverVariables } from '../config/variables.js';
import type { Metrics } from '../health/metrics.js';
import { loadRoost, loggerOf, run, type Running } from '../running.js';
import { ClusterCounters } from './cluster-counters.js';
import { type Gathered, sumOf } from './gathered-metrics.js';
import type { Line } from './line.js';
import type { Counted } from './shared-windows.js';

const PATIENCE_MS = 5_000;

interface Child {
  readonly number: number;
  readonly line: Line;
  readonly tellFault: (explanation: string) => Promise<void>;
  readonly onMade: (running: Running) => void;
}

export async function serveWith(config: Config, { number, line, tellFault, onMade }: Child): Promise<void> {
  if (config.database.url === undefined) forgetDriverVariables();
  const logger = loggerOf(config).child({ worker: number });
  const Roost = await loadRoost();
  const counters = new ClusterCounters(line, config.workers);
  Object.assign(line.handlers, {
    elsewhere: (counted: Counted) => {
      counters.learn(counted);
    },
  });
  const roost = new Roost(config, logger, {
    database: { open: () => line.ask<string>('open'), close: () => Promise.resolve() },
    onReady: (address) => {
      line.tell('ready', address);
    },
    counters,
    gather: (metrics) => {
      gather(line, metrics);
    },
  });
  onMade(roost);
  await run(roost, logger, tellFault);
}

function gather(line: Line, metrics: Metrics): void {
  const { registry } = metrics;
  Object.assign(line.handlers, { collect: () => registry.getMetricsAsJSON() });
  metrics.read = async () => {
    const gathered = await line.ask<Gathered>('scrape', { patienceMs: PATIENCE_MS });
    return (gathered ? sumOf(gathered) : registry).metrics();
  };
}
