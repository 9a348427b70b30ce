/** Every socket that clients open: each has an error listener, limits and an end. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { networkOf } from '../../common/address.js';
import { type CloseReason, Connection, CONNECTION_BOUNDS, type Turn } from './connection.js';
import { AppError } from '../../common/errors.js';
import type { ParserError, RawAnswers } from './raw-errors.js';

/** For the database, logs and files. */
const RESERVED_DESCRIPTORS = 256;

export interface ConnectionLimits {
  /** Open at a time; undefined: no limit. */
  readonly perAddress: number | undefined;
  /** Proxies, which speak for many clients. */
  readonly isExempt: (address: string) => boolean;
}

export class Connections {
  private readonly all = new Map<Socket, Connection>();
  private readonly ofNetwork = new Map<string, number>();
  private isStopping = false;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly answers: RawAnswers,
  ) {}

  get open(): number {
    return this.all.size;
  }

  /** Call when the server has its handler, and before it listens. */
  guard(fastify: FastifyInstance): void {
    const { server } = fastify;
    // A client may close its half right after its request.
    Object.assign(server, { httpAllowHalfOpen: true, maxConnections: maxConnections(limitsOfProcess()) });
    server.on('connection', (socket: Socket) => {
      this.accept(socket);
    });
    server.on('drop', (data?: { remoteAddress?: string }) => {
      this.answers.noteClosed('too_many_connections', data?.remoteAddress ?? '');
    });
    server.on('clientError', (error: ParserError, socket: Socket) => {
      this.refuse(fastify, error, socket);
    });
    this.giveTurns(fastify);
    const timer = setInterval(() => {
      this.check();
    }, CONNECTION_BOUNDS.checkMs).unref();
    fastify.addHook('preClose', (done) => {
      this.stop(timer);
      done();
    });
  }

  private accept(socket: Socket): void {
    // Node takes its own listener away before it emits `connect`; an error without one would end the process.
    socket.on('error', () => undefined);
    const address = socket.remoteAddress ?? '';
    const connection = new Connection(socket, (reason: CloseReason) => {
      this.answers.noteClosed(reason, address);
    });
    this.all.set(socket, connection);
    socket.once('close', () => this.all.delete(socket));
    if (this.isOneTooMany(socket, address)) {
      this.answers.noteClosed('too_many_of_address', address);
      socket.destroy();
    } else if (this.isStopping) this.retire(connection);
  }

  private isOneTooMany(socket: Socket, address: string): boolean {
    const { perAddress, isExempt } = this.limits;
    if (perAddress === undefined || isExempt(address)) return false;
    const network = networkOf(address);
    const open = (this.ofNetwork.get(network) ?? 0) + 1;
    this.ofNetwork.set(network, open);
    socket.once('close', () => {
      const left = (this.ofNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.ofNetwork.set(network, left);
      else this.ofNetwork.delete(network);
    });
    return open > perAddress;
  }

  /** An expectation that Node does not know is refused like any other request. */
  private giveTurns({ server, allowedMethods }: FastifyInstance): void {
    const handlers = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      const serve: Turn['serve'] = () => {
        for (const handle of handlers) handle(request, response);
      };
      if (request.headers['transfer-encoding'] !== undefined) boundChunks(request);
      this.all.get(request.socket)?.take({ request, response, serve });
    };
    server.on('request', take).on('checkExpectation', take);
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      this.all.get(socket)?.endWith(this.answers.unrouted(socket, request, allowedMethods));
    });
  }

  private refuse({ allowedMethods }: FastifyInstance, error: ParserError, socket: Socket): void {
    const connection = this.all.get(socket);
    // Node tells of lost connections in the same way, and of bytes after a request that said it was the last.
    if (connection === undefined || connection.isEnding || error.code === 'HPE_CLOSED_CONNECTION') return;
    const headers = connection.unfinished?.headers;
    connection.endWith(this.answers.malformed(socket, error, { allowedMethods, headers }));
  }

  private check(): void {
    const now = performance.now();
    for (const connection of this.all.values()) connection.check(now);
  }

  private stop(timer: NodeJS.Timeout): void {
    this.isStopping = true;
    clearInterval(timer);
    setInterval(() => {
      this.check();
    }, CONNECTION_BOUNDS.stopping.lingerMs).unref();
    for (const [socket, connection] of this.all) {
      // Browsers and clients open connections in advance, and may never use them.
      if (socket.bytesRead === 0) socket.destroy();
      else this.retire(connection);
    }
  }

  private retire(connection: Connection): void {
    connection.stop(() =>
      this.answers.refuse(connection.socket, new AppError('draining'), connection.unfinished?.headers),
    );
  }
}

/** Node's parser gives the request each chunk by itself. Whoever reads too many gets an error, and no more of them. */
function boundChunks(request: IncomingMessage): void {
  const push = request.push.bind(request);
  let chunks = 0;
  let isOver = false;
  request.push = (chunk: unknown) => {
    if (chunk === null) return push(null);
    chunks += 1;
    if (!isOver && chunks > CONNECTION_BOUNDS.chunks && request.listenerCount('data') > 0) {
      isOver = true;
      request.emit('error', new AppError('payload_too_large'));
    }
    return isOver || push(chunk);
  };
}

/** @param limits as the system lists those of a process @returns undefined where there is none, or it is not told */
export function maxConnections(limits = limitsOfProcess()): number | undefined {
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Math.max(1, Number(soft) - RESERVED_DESCRIPTORS);
}

/** Node raises its limit of descriptors as far as it may. */
function limitsOfProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
