/** Every socket that clients open: it has an error listener for as long as it lives. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Node takes its own listener away before it emits `connect`, and an error without one ends the process. */
export function guardConnections(server: Server): void {
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
  });
}
