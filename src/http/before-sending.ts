import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

type Sending = [FastifyRequest, FastifyReply, unknown, DoneFuncWithErrOrRes];

export function beforeSending(
  fastify: FastifyInstance,
  act: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  fastify.addHook('onSend', (...[request, reply, payload, done]: Sending) => {
    act(request, reply);
    done(null, payload);
  });
}
