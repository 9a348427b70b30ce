/** Answers 503 where a handler takes too long. Fastify's own limit makes a timer and an exception for each request. */
import type { FastifyInstance, FastifyReply } from 'fastify';

import { AppError } from '../common/errors.js';
import { sendProblem } from './hardening.js';
import { isStreaming } from './streaming.js';

/** Milliseconds. `check` is how much later than its limit a handler may be stopped. */
export interface HandlerLimits {
  readonly handler: number;
  readonly stream: number;
  readonly check: number;
}

export function limitHandlers(fastify: FastifyInstance, { handler, stream, check }: HandlerLimits): void {
  const running = new Set<FastifyReply>();
  fastify.addHook('onRequest', (_request, reply, done) => {
    running.add(reply);
    reply.raw.once('close', () => running.delete(reply));
    done();
  });
  const timer = setInterval(() => {
    for (const reply of running) {
      if (reply.elapsedTime < (isStreaming(reply.request.routeOptions) ? stream : handler)) continue;
      running.delete(reply);
      if (reply.sent) continue;
      if (reply.raw.headersSent) reply.raw.destroy();
      else sendProblem(reply.request, reply, new AppError('overloaded', { retryAfterSeconds: 1 }));
    }
  }, check).unref();
  fastify.addHook('onClose', (_instance, done) => {
    clearInterval(timer);
    done();
  });
}
