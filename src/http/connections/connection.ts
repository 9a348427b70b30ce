/** One client connection: serves its requests in order, and always ends. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';

/** Counts, bytes and milliseconds. `docs/security.md` has a row for each. */
export const CONNECTION_BOUNDS = {
  waitingRequests: 100,
  /** Per body: a chunk of one byte costs as much as a long one, and the body limit does not bound their number. */
  chunks: 5_000,
  stalledMs: 30_000,
  /** Of answers that clients have not read, in all connections. */
  heldBytes: Math.min(67_108_864, Math.floor(getHeapStatistics().heap_size_limit / 8)),
  weighMs: 100,
  /** Looks without progress, until a client is no reader. Not a time: a process that stood still saw nobody read. */
  stillLooks: 20,
  /** Read and dropped, so that a client that still writes gets its answer. */
  lingerBytes: 16_777_216,
  lingerMs: 10_000,
  dueMs: 40_000,
  /** Without a complete request: longer than keep-alive plus the time for a head. */
  idleMs: 85_000,
  stopping: { unfinishedMs: 1_000, stalledMs: 2_000, lingerMs: 500 },
  checkMs: 5_000,
};

const DROP_CHECK_MS = 100;

export type CloseReason =
  | 'too_many_connections'
  | 'too_many_of_address'
  | 'too_many_waiting'
  | 'not_read'
  | 'not_answered'
  | 'not_drained'
  | 'idle';

export interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: () => void;
}

const SHARING = new WeakSet<ServerResponse>();

/** The body is in memory once for all answers: a client that does not read it costs nothing. */
export function sharesBody(response: ServerResponse): void {
  SHARING.add(response);
}

export class Connection {
  private latest: Turn | undefined;
  private current: Turn | undefined;
  private readonly waiting: Turn[] = [];
  private farewell: Promise<string | undefined> | undefined;
  private isLingering = false;
  private refuseStopping: (() => Promise<string>) | undefined;
  private idleSince = performance.now();
  private unread: { readonly since: number; readonly sent: number; seen: number; still: number } | undefined;
  private progress = -1;
  private progressAt = 0;

  constructor(
    readonly socket: Socket,
    private readonly onCut: (reason: CloseReason) => void,
  ) {
    // Node would close after the last answer. While the client still writes, that is a reset, and loses the answer.
    socket.destroySoon = () => {
      this.linger();
    };
  }

  get isEnding(): boolean {
    return this.farewell !== undefined || this.isLingering || this.socket.destroyed;
  }

  get unfinished(): IncomingMessage | undefined {
    return this.latest?.request.complete === false ? this.latest.request : undefined;
  }

  /** Answers stay in order (RFC 9112 section 9.3.2). */
  take(turn: Turn): void {
    if (this.isEnding) return;
    this.latest = turn;
    if (this.current === undefined) this.begin(turn);
    else if (this.waiting.length < CONNECTION_BOUNDS.waitingRequests) {
      this.waiting.push(turn);
      this.socket.pause();
    } else {
      this.onCut('too_many_waiting');
      this.endWith(Promise.resolve(undefined));
    }
  }

  endWith(answer: Promise<string | undefined>): void {
    if (this.isEnding) return;
    this.farewell = answer;
    this.socket.pause();
    while (this.waiting.at(-1)?.request.complete === false) this.waiting.pop();
    const timer = setTimeout(() => {
      this.cut('not_answered');
    }, CONNECTION_BOUNDS.dueMs).unref();
    this.socket.once('close', () => {
      clearTimeout(timer);
    });
    // Node removes its own listener after CONNECT.
    this.socket.on('drain', () => this.current?.response.emit('drain'));
    void this.conclude();
  }

  stop(refuse: () => Promise<string>): void {
    this.refuseStopping = refuse;
    this.endSoon(refuse);
  }

  private endSoon(refuse: () => Promise<string>): void {
    setTimeout(() => {
      if (!this.isDue) this.endWith(refuse());
    }, CONNECTION_BOUNDS.stopping.unfinishedMs).unref();
  }

  check(now: number): void {
    const { stalledMs } = this.refuseStopping ? CONNECTION_BOUNDS.stopping : CONNECTION_BOUNDS;
    const progress = this.socket.writableLength > 0 ? sentBy(this.socket) : -1;
    if (progress !== this.progress) [this.progress, this.progressAt] = [progress, now];
    else if (progress !== -1 && now - this.progressAt > stalledMs) this.cut('not_read');
    const isIdle = this.current === undefined && !this.isEnding;
    if (isIdle && now - this.idleSince > CONNECTION_BOUNDS.idleMs) this.cut('idle');
  }

  /** @returns the bytes in memory that the client has not read, which closing would free */
  weigh(now: number): number {
    const { socket, current } = this;
    const held = socket.destroyed ? 0 : socket.writableLength;
    const sent = sentBy(socket);
    if (held === 0) this.unread = undefined;
    else if (!this.unread) this.unread = { since: now, sent, seen: sent, still: 0 };
    else [this.unread.seen, this.unread.still] = [sent, sent === this.unread.seen ? this.unread.still + 1 : 0];
    return current !== undefined && SHARING.has(current.response) ? 0 : held;
  }

  get reads(): boolean {
    return (this.unread?.still ?? 0) < CONNECTION_BOUNDS.stillLooks;
  }

  /** Grows with what the client holds and for how long; the more it has read meanwhile, the less. */
  slowness(now: number): number {
    const { since, sent } = this.unread ?? { since: now, sent: 0 };
    return (this.socket.writableLength * (1 + now - since)) / (1 + Math.max(0, sentBy(this.socket) - sent));
  }

  cut(reason: CloseReason): void {
    if (this.socket.destroyed) return;
    this.onCut(reason);
    this.socket.destroy();
  }

  private begin(turn: Turn): void {
    this.current = turn;
    turn.response.once('finish', () => {
      if (!turn.request.complete && !this.isLingering) this.dropInput(() => turn.request.complete);
    });
    turn.response.once('close', () => {
      this.proceed();
    });
    turn.serve();
  }

  private proceed(): void {
    this.current = undefined;
    this.idleSince = performance.now();
    if (this.socket.destroyed || this.isLingering) return;
    const turn = this.waiting.shift();
    if (this.waiting.length === 0 && this.farewell === undefined) this.socket.resume();
    if (turn !== undefined) this.begin(turn);
    else if (this.farewell) void this.conclude();
    // Its answer was begun before the stop, and told the client to keep the connection.
    else if (this.refuseStopping) this.endSoon(this.refuseStopping);
  }

  private get isDue(): boolean {
    return this.current !== undefined && (this.current.request.complete || this.current.response.headersSent);
  }

  private async conclude(): Promise<void> {
    if (this.farewell === undefined) return;
    const answer = await this.farewell;
    if (this.isDue || this.isLingering || this.socket.destroyed) return;
    // A second answer to one request would count as the next one's (response splitting).
    const isAnswered = this.unfinished !== undefined && this.latest?.response.headersSent === true;
    if (answer !== undefined && !isAnswered) this.socket.write(answer, 'latin1');
    this.linger();
  }

  private linger(): void {
    if (this.isLingering || this.socket.destroyed) return;
    this.isLingering = true;
    this.socket.end();
    // Node's resume listener is removed with the parser's, and may be about to run.
    this.socket
      .pause()
      .once('resume', () => {
        this.leaveParser();
      })
      .resume();
    this.dropInput(() => this.socket.destroyed);
  }

  private leaveParser(): void {
    this.socket.removeAllListeners('data').on('data', () => undefined);
  }

  private dropInput(isOver: () => boolean): void {
    const { socket } = this;
    const [bytesBefore, startedAt] = [socket.bytesRead, performance.now()];
    const timer = setInterval(() => {
      const { lingerMs } = this.refuseStopping ? CONNECTION_BOUNDS.stopping : CONNECTION_BOUNDS;
      if (isOver() || socket.destroyed) clearInterval(timer);
      else if (socket.bytesRead - bytesBefore > CONNECTION_BOUNDS.lingerBytes) this.cut('not_drained');
      else if (performance.now() - startedAt > lingerMs) this.cut('not_drained');
    }, DROP_CHECK_MS).unref();
  }
}

/** What the system has taken, also of an answer that it has not taken whole. */
function sentBy(socket: Socket): number {
  const { bytesWritten = 0, writeQueueSize = 0 } = handleOf(socket) ?? {};
  return bytesWritten - writeQueueSize;
}

function handleOf(socket: Socket): { readonly bytesWritten?: number; readonly writeQueueSize?: number } | undefined {
  return (socket as { _handle?: ReturnType<typeof handleOf> | null })._handle ?? undefined;
}
