import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { beforeSending } from '../before-sending.js';

export type AnswerObserver = (request: FastifyRequest, reply: FastifyReply, hasLeft: boolean) => void;

declare module 'fastify' {
  interface FastifyReply {
    isWatched: boolean;
  }
}

/** Fastify only reports sent answers: a client that resets its connection would leave no trace. */
export function onAnswered(fastify: FastifyInstance, observers: readonly AnswerObserver[]): void {
  fastify.decorateReply('isWatched', false);
  const tell: AnswerObserver = (request, reply, hasLeft) => {
    for (const observe of observers) observe(request, reply, hasLeft);
  };
  fastify.addHook('onResponse', (request, reply, done) => {
    tell(request, reply, false);
    done();
  });
  beforeSending(fastify, (request, reply) => {
    if (reply.isWatched) return;
    reply.isWatched = true;
    const leave = (): void => {
      if (!reply.raw.writableFinished) tell(request, reply, true);
    };
    if (reply.raw.destroyed) leave();
    else reply.raw.once('close', leave);
  });
}
