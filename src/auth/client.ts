/** Who asks for what costs a hash, of a request. */
import type { FastifyRequest } from 'fastify';

import { originOf } from '../common/origin.js';
import type { Client } from './sessions.js';

export function clientOf(request: FastifyRequest): Client {
  return { ...originOf(request), isGone: () => request.socket.destroyed };
}
