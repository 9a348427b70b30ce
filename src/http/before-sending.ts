import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const LONG_TEXT = 32_768;

export type Sending = [FastifyRequest, FastifyReply, unknown, DoneFuncWithErrOrRes];

export function beforeSending(
  fastify: FastifyInstance,
  act: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  fastify.addHook('onSend', (...[request, reply, payload, done]: Sending) => {
    act(request, reply);
    done(null, payload);
  });
}

/** Until its client has read it, a string would be in memory twice, once in two bytes a character. */
export function sendLongTextAsBytes(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (...[, , payload, done]: Sending) => {
    done(null, typeof payload === 'string' && payload.length > LONG_TEXT ? Buffer.from(payload) : payload);
  });
}
