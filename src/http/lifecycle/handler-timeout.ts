/** Answers 503 where a handler takes too long. Fastify's own limit makes a timer and an exception for each request. */
import type { FastifyInstance } from 'fastify';

import { AppError } from '../../common/errors.js';
import { sendProblem } from '../hardening.js';
import { isStreaming } from '../streaming.js';
import type { UnderWay } from './under-way.js';

/** Milliseconds. `check` is how much later than its limit a handler may be stopped. */
export interface HandlerLimits {
  readonly handler: number;
  readonly stream: number;
  readonly check: number;
}

export function limitHandlers(fastify: FastifyInstance, underWay: UnderWay, limits: HandlerLimits): void {
  const { handler, stream, check } = limits;
  const timer = setInterval(() => {
    for (const reply of underWay.all()) {
      if (reply.elapsedTime < (isStreaming(reply.request.routeOptions) ? stream : handler) || reply.sent) continue;
      if (reply.raw.headersSent) reply.raw.destroy();
      else sendProblem(reply.request, reply, new AppError('overloaded', { retryAfterSeconds: 1 }));
    }
  }, check).unref();
  fastify.addHook('onClose', (_instance, done) => {
    clearInterval(timer);
    done();
  });
}
