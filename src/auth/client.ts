import type { FastifyRequest } from 'fastify';

import { originOf } from '../common/origin.js';
import type { Client } from './sessions.js';

/** Who sends a request. */
export function clientOf(request: FastifyRequest): Client {
  return { ...originOf(request), isGone: () => request.socket.destroyed };
}
