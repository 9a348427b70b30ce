/** Connections on which nothing was ever asked, as browsers and clients open them in advance. */
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

/** Node takes them for busy: without this, each would hold up stopping for as long as its client likes. */
export function closeSilentConnections(fastify: FastifyInstance): void {
  const sockets = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  fastify.addHook('preClose', (done) => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    done();
  });
}
