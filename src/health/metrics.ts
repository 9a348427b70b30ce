/** What Prometheus is told about this instance. */
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is told of streams. */
export interface ObservedStreams {
  readonly open: number;
  readonly delivered: number;
}

@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by method, route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  observeRequests(fastify: FastifyInstance): void {
    fastify.addHook('onResponse', (request, reply, done) => {
      // How long a stream was open is no time to answer.
      if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) {
        done();
        return;
      }
      // The route's pattern and never the address: the number of series stays bounded.
      const route = request.routeOptions.url ?? 'none';
      this.requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
      done();
    });
  }

  observeStreams(streams: ObservedStreams): void {
    const registers = [this.registry];
    new Gauge({
      name: 'timeline_streams',
      help: 'Streams of new posts that are open.',
      registers,
      collect() {
        this.set(streams.open);
      },
    });
    new Counter({
      name: 'timeline_stream_posts_total',
      help: 'Posts written to streams.',
      registers,
      collect() {
        this.reset();
        this.inc(streams.delivered);
      },
    });
  }
}
