/** Answers for Roost while it starts: alive, not ready, 503 to all else. Then hands its port over. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { Connection } from './http/connections/connection.js';
import { maxConnections } from './http/connections/connections.js';
import { AppError } from './common/errors.js';
import { problemReply, SECURITY_HEADERS } from './http/problem.js';

const RETRY_AFTER = 2;
const TIMEOUTS = { headersTimeout: 15_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };
const OPEN_MS = 45_000;
/** After the hand-over, so that both servers together keep to the bound of descriptors. */
const HANDED_OVER_MS = 1_000;

export class StartingServer {
  private handedOver = false;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    const most = maxConnections() ?? Infinity;
    server.on('connection', (socket) => {
      if (this.sockets.size >= most) socket.destroy();
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async listen(port: number, host: string): Promise<StartingServer> {
    const server = createServer(TIMEOUTS, answer);
    server.on('connection', bound);
    const starting = new StartingServer(server);
    server.listen(port, host);
    await once(server, 'listening');
    return starting;
  }

  get number(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Hands the listening socket over. It stays open: one of the two servers accepts each new connection. */
  handOverTo(next: Server): void {
    const listen = next.listen.bind(next);
    next.listen = () => {
      this.handedOver = true;
      this.letGo();
      return listen(this.server);
    };
  }

  letGo(): void {
    setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, HANDED_OVER_MS).unref();
  }

  close(): void {
    if (this.handedOver) return;
    this.server.close();
    this.server.closeIdleConnections();
  }
}

/** A client may reset its connection at any moment, or never close it. */
function bound(socket: Socket): void {
  socket.on('error', () => undefined);
  // Lingers, so that a client that first sends all of its body gets the answer.
  new Connection(socket, () => undefined);
  const timer = setTimeout(() => socket.destroy(), OPEN_MS).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const alive = /^\/health\/live(?:\?|$)/.test(request.url ?? '') && ['GET', 'HEAD'].includes(request.method ?? '');
  const { status, headers, body } = alive ? ALIVE : refusal();
  const length = { 'content-length': Buffer.byteLength(body), connection: 'close' };
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, ...length }).end(body);
}

const ALIVE = {
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  body: JSON.stringify({ status: 'ok' }),
};

function refusal(): typeof ALIVE {
  const error = new AppError('starting', { retryAfterSeconds: RETRY_AFTER });
  const { problem, headers } = problemReply(error, { id: randomUUID(), url: '' });
  return { status: problem.status, headers: headers as (typeof ALIVE)['headers'], body: JSON.stringify(problem) };
}
