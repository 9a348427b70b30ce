/** An answer that does not end: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyReply } from 'fastify';

import type { ErrorCode } from '../../common/error-codes.js';

export const EVENT_STREAM_BOUNDS = {
  /** What a client may leave unread, in bytes. Whoever reads more slowly is cut off, and resumes where it was. */
  unread: 1_048_576,
  /** How long the last event may take to leave, in milliseconds. */
  goodbyeMs: 1_000,
};

/** Who ended it: the client, we because the client does not read, or we for what the code says. */
export type StreamEnd = 'client' | 'slow' | ErrorCode;

/** One event, or less: an id alone is remembered by clients, and is no event. */
export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  /** JSON has no line breaks, which would end the field. */
  readonly data?: object;
  /** Milliseconds until a lost connection is made again. */
  readonly retry?: number;
}

export function frameOf({ id, event, data, retry }: ServerEvent): string {
  const fields = { retry, id, event, data: data && JSON.stringify(data) };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]));
  return `${lines.join('')}\n`;
}

export class EventStream {
  /** Undefined while it lasts. */
  end: StreamEnd | undefined;
  /** For what we ended it; an answer that has not begun is this error. */
  refusal: ErrorCode | undefined;
  hasBegun = false;
  /** On the monotonic clock. */
  private writtenAt = performance.now();
  private readonly socket: Socket;

  /** @param onEnd called once */
  constructor(
    private readonly reply: FastifyReply,
    private readonly onEnd: (stream: EventStream) => void,
  ) {
    // The socket, too: a response behind another one on the same connection is not told when that closes.
    this.socket = reply.request.raw.socket;
    this.socket.once('close', this.abandon);
    // A reader that closes its half has gone: nothing else would tell, as long as there is nothing to write.
    this.socket.once('end', this.leave);
    reply.raw.once('close', this.abandon);
  }

  /** Answers; until then an error may be the answer. */
  begin(): void {
    // The connection is of no use after it, and a closed one tells the client at once.
    void this.reply.headers({ ...STREAM_HEADERS, connection: 'close' }).hijack();
    this.hasBegun = true;
    this.reply.raw.writeHead(200, this.reply.getHeaders() as OutgoingHttpHeaders);
    // Requests that wait behind it have paused the socket, which then would not tell that its client has gone.
    this.socket.resume();
  }

  /** Milliseconds since something was sent. */
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

  /** @param frame the last one; not waited for long */
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

  /** The client has gone, or is answered something else. */
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

/** Of the answer to HEAD, too. A buffering proxy (nginx) would keep events back. */
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A proxy that compresses would hold events back until it has gathered enough.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;
