/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyReply, FastifyRequest } from 'fastify';

import type { ErrorCode } from '../../common/error-codes.js';

export const EVENT_STREAM_BOUNDS = {
  /** Bytes. A slower reader is disconnected, and resumes from its last event. */
  unread: 1_048_576,
  goodbyeMs: 1_000,
};

export type StreamEnd = 'client' | 'slow' | ErrorCode;

/** An id alone is remembered by clients and dispatches no event. */
export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  /** JSON contains no line breaks, which would end the field. */
  readonly data?: object;
  readonly retry?: number;
}

export function frameOf({ id, event, data, retry }: ServerEvent): string {
  const fields = { retry, id, event, data: data && JSON.stringify(data) };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]));
  return `${lines.join('')}\n`;
}

/** Before there is a stream: of a client that has left, there is no event any more. */
export function hasLeft({ raw: { socket } }: FastifyRequest): boolean {
  return socket.destroyed || socket.readableEnded;
}

export class EventStream {
  end: StreamEnd | undefined;
  refusal: ErrorCode | undefined;
  hasBegun = false;
  private writtenAt = performance.now();
  private readonly socket: Socket;

  constructor(
    private readonly reply: FastifyReply,
    private readonly onEnd: (stream: EventStream) => void,
  ) {
    // The socket, too: a pipelined response is not told that its connection closed.
    this.socket = reply.request.raw.socket;
    this.socket.once('close', this.abandon);
    // A half-close means that the reader left; nothing else tells before the next write.
    this.socket.once('end', this.leave);
    reply.raw.once('close', this.abandon);
  }

  begin(): void {
    void this.reply.headers({ ...STREAM_HEADERS, connection: 'close' }).hijack();
    this.hasBegun = true;
    this.reply.raw.writeHead(200, this.reply.getHeaders() as OutgoingHttpHeaders);
    // Pipelined requests pause the socket, which would hide that the client left.
    this.socket.resume();
  }

  get quietMs(): number {
    return performance.now() - this.writtenAt;
  }

  write(frame: string | Buffer): void {
    if (this.end !== undefined) return;
    this.reply.raw.write(frame);
    this.writtenAt = performance.now();
    if (this.reply.raw.writableLength <= EVENT_STREAM_BOUNDS.unread) return;
    this.socket.destroy();
    this.conclude('slow');
  }

  close(code: ErrorCode, frame: string): void {
    if (this.end !== undefined) return;
    this.refusal = code;
    if (this.hasBegun) {
      this.reply.raw.end(frame);
      const timer = setTimeout(() => this.socket.destroy(), EVENT_STREAM_BOUNDS.goodbyeMs).unref();
      this.socket.once('close', () => {
        clearTimeout(timer);
      });
    }
    this.conclude(code);
  }

  readonly abandon = (): void => {
    this.conclude('client');
  };

  private readonly leave = (): void => {
    this.socket.destroy();
  };

  private conclude(end: StreamEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.socket.off('close', this.abandon);
    this.socket.off('end', this.leave);
    this.reply.raw.off('close', this.abandon);
    this.onEnd(this);
  }
}

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A compressing proxy would buffer events.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;
