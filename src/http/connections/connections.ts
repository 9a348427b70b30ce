import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { networkOf } from '../../common/address.js';
import { type CloseReason, Connection, CONNECTION_BOUNDS, type Turn } from './connection.js';
import { AppError } from '../../common/errors.js';
import type { ParserError, RawAnswers } from './raw-errors.js';
import type { ServeQueue } from './serve-queue.js';
import { UnreadAnswers } from './unread-answers.js';

const RESERVED_DESCRIPTORS = 256;

export interface ConnectionLimits {
  /** For a worker of a cluster: Node would offer refused connections again, for ever. */
  readonly inAll: number | undefined;
  readonly perAddress: number | undefined;
  readonly isExempt: (address: string) => boolean;
}

export class Connections {
  private readonly all = new Map<Socket, Connection>();
  private readonly ofNetwork = new Map<string, number>();
  private readonly unread = new UnreadAnswers(this.all);
  private isStopping = false;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly answers: RawAnswers,
    private readonly queue: ServeQueue,
  ) {}

  get open(): number {
    return this.all.size;
  }

  /** Call once the server has its handler, and before it listens. */
  guard(fastify: FastifyInstance): void {
    const { server } = fastify;
    // A client may half-close right after its request. A stream then ends.
    Object.assign(server, {
      httpAllowHalfOpen: true,
      maxConnections: this.limits.inAll === undefined ? maxConnections() : undefined,
    });
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
    // Node removes its own listener before `connect`; an unhandled error would end the process.
    socket.on('error', () => undefined);
    const address = socket.remoteAddress ?? '';
    const connection = new Connection(socket, (reason: CloseReason) => {
      this.answers.noteClosed(reason, address);
    });
    this.all.set(socket, connection);
    socket.once('close', () => this.all.delete(socket));
    const excess = this.excess(socket, address);
    if (excess) {
      this.answers.noteClosed(excess, address);
      socket.destroy();
    } else if (this.isStopping) this.retire(connection);
  }

  private excess(socket: Socket, address: string): CloseReason | undefined {
    const { inAll = Infinity, perAddress, isExempt } = this.limits;
    if (this.all.size > inAll) return 'too_many_connections';
    if (perAddress === undefined || isExempt(address)) return undefined;
    const network = networkOf(address);
    const open = (this.ofNetwork.get(network) ?? 0) + 1;
    this.ofNetwork.set(network, open);
    socket.once('close', () => {
      const left = (this.ofNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.ofNetwork.set(network, left);
      else this.ofNetwork.delete(network);
    });
    return open > perAddress ? 'too_many_of_address' : undefined;
  }

  private giveTurns({ server, allowedMethods }: FastifyInstance): void {
    const handlers = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      const handleAll = (): void => {
        for (const handle of handlers) handle(request, response);
      };
      const serve: Turn['serve'] = () => {
        this.queue.enter(request, handleAll);
      };
      if (request.headers['transfer-encoding'] !== undefined) boundChunks(request);
      this.all.get(request.socket)?.take({ request, response, serve });
      this.unread.weighSoon();
    };
    server.on('request', take).on('checkExpectation', take);
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      this.all.get(socket)?.endWith(this.answers.unrouted(socket, request, allowedMethods));
    });
  }

  private refuse({ allowedMethods }: FastifyInstance, error: ParserError, socket: Socket): void {
    const connection = this.all.get(socket);
    // Node also reports lost connections here, and bytes after a final request.
    if (connection === undefined || connection.isEnding || error.code === 'HPE_CLOSED_CONNECTION') return;
    const { unfinished } = connection;
    connection.endWith(this.answers.malformed(socket, error, { allowedMethods, unfinished }));
  }

  private check(): void {
    const now = performance.now();
    for (const connection of this.all.values()) connection.check(now);
    this.unread.weighSoon();
  }

  private stop(timer: NodeJS.Timeout): void {
    this.isStopping = true;
    clearInterval(timer);
    setInterval(() => {
      this.check();
    }, CONNECTION_BOUNDS.stopping.lingerMs).unref();
    for (const [socket, connection] of this.all) {
      if (socket.bytesRead === 0) socket.destroy();
      else this.retire(connection);
    }
  }

  private retire(connection: Connection): void {
    connection.stop(() => this.answers.refuse(connection.socket, new AppError('draining'), connection.unfinished));
  }
}

/** Node's parser passes each chunk by itself. Beyond the limit, the body ends with an error. */
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

export function maxConnections(limits = limitsOfProcess()): number | undefined {
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Math.max(1, Number(soft) - RESERVED_DESCRIPTORS);
}

function limitsOfProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
