import type { FastifyInstance } from 'fastify';

import type { AuthenticatedRequest } from '../../common/access.js';
import type { Replicas } from './replicas.js';

const READS = ['GET', 'HEAD', 'OPTIONS'];

/** Before a write is acknowledged, every instance is told of it. Where that fails, the answer is 503. */
export function announceWrites(fastify: FastifyInstance, { writes }: Replicas): void {
  fastify.addHook('onSend', async ({ method, user }: AuthenticatedRequest, { statusCode }) => {
    if (user === undefined || READS.includes(method)) return;
    const told = writes.announce(user.userId);
    if (statusCode < 400) await told;
    else told.catch(() => undefined);
  });
}
