/** The client of a request that will hash a password. */
import type { FastifyRequest } from 'fastify';

import { originOf } from '../common/origin.js';
import type { Client } from './sessions.js';

export function clientOf(request: FastifyRequest): Client {
  const { socket } = request;
  // A closed half looks the same as a closed connection until something is written.
  return { ...originOf(request), isGone: () => socket.destroyed || socket.readableEnded };
}
