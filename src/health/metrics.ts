import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { Measure } from '../common/registries/measures.js';
import type { AnswerObserver } from '../http/lifecycle/answered.js';
import { register } from './measure.js';

export interface ObservedQueue {
  readonly waiting: number;
  readonly refused: number;
}

export interface ObservedConnections {
  readonly connections: { readonly open: number };
  readonly answers: { readonly closed: ReadonlyMap<string, number>; readonly refused: ReadonlyMap<string, number> };
}

@Injectable()
export class Metrics {
  readonly registry = new Registry();
  /** In the text format of Prometheus. Of several workers, each answers for all. */
  read = (): Promise<string> => this.registry.metrics();
  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by method, route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });

  private readonly errors = new Counter({
    name: 'http_errors_total',
    help: 'Answers with an error, by its code.',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  private readonly hashWaits = new Histogram({
    name: 'password_hash_wait_seconds',
    help: 'Time that a password hash waited for its turn.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  readonly observeRequest: AnswerObserver = (request, reply) => {
    if (reply.problemCode !== undefined) this.errors.inc({ code: reply.problemCode });
    if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) return;
    // The route's pattern instead of the address bounds the number of series.
    const route = request.routeOptions.url ?? 'none';
    const seconds = (request.waitedMs + reply.elapsedTime) / 1_000;
    this.requests.observe({ method: request.method, route, status: reply.statusCode }, seconds);
  };

  readonly observeHashWait = (waitedMs: number): void => {
    this.hashWaits.observe(waitedMs / 1_000);
  };

  watch(measures: readonly Measure[]): void {
    for (const measure of measures) register(this.registry, measure);
  }

  observeConnections({ connections, answers }: ObservedConnections): void {
    const registers = [this.registry];
    new Gauge({
      name: 'http_connections',
      help: 'Connections of clients that are open.',
      registers,
      collect() {
        this.set(connections.open);
      },
    });
    new Counter({
      name: 'http_connections_closed_total',
      help: 'Connections that we closed, by reason.',
      labelNames: ['reason'] as const,
      registers,
      collect() {
        this.reset();
        for (const [reason, times] of answers.closed) this.inc({ reason }, times);
      },
    });
    new Counter({
      name: 'http_unparsed_requests_total',
      help: 'Requests that were refused before they could be parsed, by the code of the answer.',
      labelNames: ['code'] as const,
      registers,
      collect() {
        this.reset();
        for (const [code, times] of answers.refused) this.inc({ code }, times);
      },
    });
  }

  observeQueue(queue: ObservedQueue): void {
    const registers = [this.registry];
    new Gauge({
      name: 'http_requests_waiting',
      help: 'Requests that wait to be served.',
      registers,
      collect() {
        this.set(queue.waiting);
      },
    });
    new Counter({
      name: 'http_requests_shed_total',
      help: 'Requests refused because they had waited too long.',
      registers,
      collect() {
        this.reset();
        this.inc(queue.refused);
      },
    });
  }
}
