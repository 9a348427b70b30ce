/** The process that starts the workers, replaces those that end, and stops them. */
import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';

import type { Logger } from 'pino';

import { sayReady } from '../say-ready.js';
import type { Config } from '../config/config.js';
import { poolShare, StartDatabase } from '../start-database.js';
import type { Running } from '../running.js';
import { StartError } from '../start-errors.js';
import { GatheredMetrics } from './gathered-metrics.js';
import { Handovers } from './handovers.js';
import { type Handlers, Line, type Message } from './line.js';
import { PrimaryCounters } from './primary-counters.js';
import type { Counted } from './shared-windows.js';
import type { Orders } from './worker.js';

const ENTRY = fileURLToPath(new URL('./worker.js', import.meta.url));
/** A worker that lived this long is replaced at once; others after a pause that doubles. Milliseconds. */
const STEADY_MS = 60_000;
const PAUSE_MS = { first: 500, longest: 30_000 };
const CRASH_MS = 2_000;
const GRACE_MS = 1_000;

interface Child {
  readonly pid: number | undefined;
  readonly line: Line;
  readonly ended: Promise<End>;
  readonly kill: () => void;
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly reason: string | undefined;
}

interface Slot {
  readonly number: number;
  failures: number;
}

export class Primary implements Running {
  private readonly database: StartDatabase;
  private readonly counters = new PrimaryCounters((worker, counted) => {
    this.children.get(worker)?.line.tell('elsewhere', counted);
  });
  private readonly handovers = new Handovers();
  private readonly metrics = new GatheredMetrics();
  private readonly children = new Map<number, Child>();
  private readonly pauses = new Set<NodeJS.Timeout>();
  private readonly ending = new AbortController();
  private readonly url = deferred<string>();
  private readonly failure = deferred<never>();
  private port: number | undefined;
  private isReady = false;

  constructor(
    private readonly config: Config,
    private readonly logger: Logger,
  ) {
    this.database = new StartDatabase(config, logger);
  }

  get isStopping(): boolean {
    return this.ending.signal.aborted;
  }

  async start(): Promise<void> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ exec: ENTRY, args: [] });
    cluster.on('listening', (_, { port }) => {
      this.port = port;
    });
    const [address = ''] = await Promise.race([this.failure.promise, this.serve()]);
    this.isReady = true;
    sayReady(this.config, this.logger, { address, embedded: this.database.embedded });
  }

  async stop(exitCode: number): Promise<never> {
    for (const { line } of this.children.values()) line.tell('stop');
    if (this.isStopping) return new Promise<never>(() => undefined);
    this.ending.abort();
    for (const pause of this.pauses) clearTimeout(pause);
    const { noticeMs, shutdownTimeoutMs } = this.config.http;
    setTimeout(
      () => {
        for (const { kill } of this.children.values()) kill();
        process.exit(1);
      },
      noticeMs + shutdownTimeoutMs + GRACE_MS,
    ).unref();
    const ends = await Promise.all(Array.from(this.children.values(), ({ ended }) => ended));
    await this.database.close();
    process.exit(ends.every(({ code }) => code === 0) ? exitCode : 1);
  }

  async crash(): Promise<never> {
    setTimeout(() => process.exit(1), CRASH_MS);
    void this.stop(1);
    return this.stop(1);
  }

  private async serve(): Promise<string[]> {
    const starter = await this.startStarter();
    this.ending.signal.throwIfAborted();
    const slots = Array.from({ length: this.config.workers }, (_, index) => ({ number: index + 1, failures: 0 }));
    const ready = slots.map((slot) => this.startWorker(slot));
    void Promise.any(ready).then(() => {
      starter.line.tell('stop');
    });
    const url = await this.database.open({
      signal: this.ending.signal,
      port: () => this.port,
      onLost: () => void this.stop(1),
    });
    this.url.resolve(url);
    return Promise.all(ready);
  }

  private startStarter(): Promise<Child> {
    return new Promise((resolve) => {
      const ready = (): void => {
        resolve(starter);
      };
      const starter = this.fork({ config: this.config }, { ready });
      void starter.ended.then((end) => {
        if (this.port === undefined) this.fail(end);
      });
    });
  }

  private startWorker(slot: Slot): Promise<string> {
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const { pid, ended } = this.fork(
        { config: this.configOf(slot.number), number: slot.number },
        {
          open: () => this.url.promise,
          ready: (address: string) => {
            this.logger.info({ event: 'worker_started', worker: slot.number, pid }, 'worker started');
            resolve(address);
          },
        },
      );
      void ended.then((end) => {
        if (!this.isReady) this.fail(end);
        else if (!this.isStopping) this.replace(slot, { ...end, pid, livedMs: performance.now() - startedAt });
      });
    });
  }

  private fork(orders: Orders, handlers: Handlers): Child {
    const worker = cluster.fork();
    const { id } = worker;
    let reason: string | undefined;
    const line: Line = new Line(sendTo(worker), {
      ...handlers,
      begin: () => {
        if (this.isStopping) line.tell('stop');
        return orders;
      },
      fault: (explanation: string) => {
        reason = explanation;
      },
      count: (counted: Counted) => this.counters.count(id, this.children.keys(), counted),
      counted: (all: Counted[]) => {
        for (const counted of all) this.counters.count(id, this.children.keys(), counted);
      },
      scrape: () => this.metrics.gather(this.children),
    });
    this.handovers.watch(worker);
    worker.on('message', (message: Message) => void line.receive(message));
    const ended = endOf(worker).then((end) => {
      this.children.delete(id);
      this.handovers.handOn(worker);
      this.metrics.keepTotalsOf(id);
      return { ...end, reason };
    });
    const kill = (): void => void worker.process.kill('SIGKILL');
    const child = { pid: worker.process.pid, line, ended, kill };
    this.children.set(id, child);
    return child;
  }

  private fail({ reason, signal, code }: End): void {
    this.failure.reject(new StartError(reason ?? `A worker ended while Roost started (${signal ?? code}).`));
  }

  private configOf(number: number): Config {
    const { config } = this;
    const poolMax = poolShare(config.database.poolMax, config.workers);
    return { ...config, runsJobs: number === 1, database: { ...config.database, poolMax } };
  }

  private replace(slot: Slot, { livedMs, ...end }: End & { pid: number | undefined; livedMs: number }): void {
    const isSteady = livedMs >= STEADY_MS;
    const { first, longest } = PAUSE_MS;
    const pauseMs = isSteady || slot.failures === 0 ? 0 : Math.min(longest, first * 2 ** (slot.failures - 1));
    slot.failures = isSteady ? 0 : slot.failures + 1;
    const facts = { event: 'worker_ended', worker: slot.number, ...end, pause_ms: pauseMs };
    this.logger.error(facts, 'a worker ended: it is replaced');
    const pause = setTimeout(() => {
      this.pauses.delete(pause);
      void this.startWorker(slot);
    }, pauseMs);
    this.pauses.add(pause);
  }
}

/** A worker that cannot be made emits an error and no exit. */
function endOf(worker: Worker): Promise<Omit<End, 'reason'>> {
  return new Promise((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve({ code, signal });
    });
    worker.on('error', () => {
      if (worker.process.pid === undefined) resolve({ code: 1, signal: null });
    });
  });
}

function sendTo(worker: Worker): (message: Message) => void {
  return (message) => {
    worker.send(message, () => undefined);
  };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((one, other) => {
    resolve = one;
    reject = other;
  });
  return { promise, resolve, reject };
}
