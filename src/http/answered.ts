/** Tells of every request once: when its answer is out, and when its client left before that. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** @param hasLeft whether nobody got the answer; what it would have been is known all the same */
export type AnswerObserver = (request: FastifyRequest, reply: FastifyReply, hasLeft: boolean) => void;

/** Fastify tells of answers that are out only: whoever reset the connection after a request would leave no trace. */
export function onAnswered(fastify: FastifyInstance, observe: AnswerObserver): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    observe(request, reply, false);
    done();
  });
  const watched = new WeakSet<FastifyReply>();
  fastify.addHook('onSend', async (request, reply) => {
    // An answer that fails is followed by that of its error.
    if (watched.has(reply)) return;
    watched.add(reply);
    const leave = (): void => {
      if (!reply.raw.writableFinished) observe(request, reply, true);
    };
    if (reply.raw.destroyed) leave();
    else reply.raw.once('close', leave);
  });
}
