/** Observes every request once: answered, or abandoned by its client. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export type AnswerObserver = (request: FastifyRequest, reply: FastifyReply, hasLeft: boolean) => void;

export type UnderWay = Pick<ReadonlySet<FastifyRequest>, 'size'>;

/** Fastify only reports sent answers: a client that resets its connection would leave no trace. */
export function onAnswered(fastify: FastifyInstance, observers: readonly AnswerObserver[]): UnderWay {
  const underWay = new Set<FastifyRequest>();
  fastify.addHook('onRequest', (request, _, done) => {
    underWay.add(request);
    done();
  });
  const tell: AnswerObserver = (request, reply, hasLeft) => {
    underWay.delete(request);
    for (const observe of observers) observe(request, reply, hasLeft);
  };
  fastify.addHook('onResponse', (request, reply, done) => {
    tell(request, reply, false);
    done();
  });
  const watched = new WeakSet<FastifyReply>();
  fastify.addHook('onSend', async (request, reply) => {
    if (watched.has(reply)) return;
    watched.add(reply);
    const leave = (): void => {
      if (!reply.raw.writableFinished) tell(request, reply, true);
    };
    if (reply.raw.destroyed) leave();
    else reply.raw.once('close', leave);
  });
  return underWay;
}
