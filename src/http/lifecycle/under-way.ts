import type { FastifyInstance, FastifyReply } from 'fastify';

declare module 'fastify' {
  interface FastifyReply {
    placeUnderWay: number;
  }
}

/** An array: V8 keeps what was in the outgrown tables of a Set, and so whole requests, until its next full collection. */
export class UnderWay {
  private readonly replies: FastifyReply[] = [];

  get size(): number {
    return this.replies.length;
  }

  all(): readonly FastifyReply[] {
    return [...this.replies];
  }

  follow(fastify: FastifyInstance): void {
    fastify.decorateReply('placeUnderWay', -1);
    fastify.addHook('onRequest', (_request, reply, done) => {
      // Of a client that has left, `close` has been.
      if (!reply.raw.destroyed) this.add(reply);
      done();
    });
  }

  private add(reply: FastifyReply): void {
    reply.placeUnderWay = this.replies.push(reply) - 1;
    reply.raw.once('close', () => {
      this.remove(reply);
    });
  }

  private remove(reply: FastifyReply): void {
    const last = this.replies.pop();
    if (last === undefined || last === reply) return;
    this.replies[reply.placeUnderWay] = last;
    last.placeUnderWay = reply.placeUnderWay;
  }
}
