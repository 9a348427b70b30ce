import type { FastifyInstance } from 'fastify';

import type { AuthenticatedRequest } from '../../common/access.js';
import type { Replicas } from './replicas.js';

const READS = ['GET', 'HEAD', 'OPTIONS'];

/** Before the answer to a write, every instance is told of it. */
export function announceWrites(fastify: FastifyInstance, { writes }: Replicas): void {
  fastify.addHook('onSend', async ({ method, user }: AuthenticatedRequest) => {
    if (user !== undefined && !READS.includes(method)) await writes.announce(user.userId);
  });
}
