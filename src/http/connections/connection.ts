/** One connection of a client: its requests take turns, its answers come in order, and it always has an end. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Counts, bytes and milliseconds. `docs/security.md` has a row for each. */
export const CONNECTION_BOUNDS = {
  /** Requests of one connection that wait for the answer to the one before them. */
  waitingRequests: 100,
  /** Of one body. A chunk of one byte costs as much as one of many, and no length of a body bounds their number. */
  chunks: 5_000,
  /** An answer that the client does not read makes no progress. */
  stalledMs: 30_000,
  /** Read and dropped, so that a client that is still writing gets its answer. */
  lingerBytes: 16_777_216,
  lingerMs: 10_000,
  /** For the answers that are due when the connection is about to end. */
  dueMs: 40_000,
  /** Without a whole request: longer than keep-alive and the time for a head together. */
  idleMs: 85_000,
  /** While stopping, each of these is shorter. */
  stopping: { unfinishedMs: 1_000, stalledMs: 2_000, lingerMs: 500 },
  checkMs: 5_000,
};

const DROP_CHECK_MS = 100;

/** Why we closed a connection that its client could have kept. */
export type CloseReason =
  | 'too_many_connections'
  | 'too_many_of_address'
  | 'too_many_waiting'
  | 'not_read'
  | 'not_answered'
  | 'not_drained'
  | 'idle';

/** A request, its answer, and how it is served. */
export interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: () => void;
}

export class Connection {
  /** The newest request; its answer may be out already. */
  private latest: Turn | undefined;
  private current: Turn | undefined;
  private readonly waiting: Turn[] = [];
  /** Set once the connection takes no more requests; the promise is the last answer, if there is one. */
  private farewell: Promise<string | undefined> | undefined;
  private isLingering = false;
  private isStopping = false;
  private idleSince = performance.now();
  private progress = '';
  private progressAt = 0;

  /** @param onCut told why, when it is not the client who ends it */
  constructor(
    readonly socket: Socket,
    private readonly onCut: (reason: CloseReason) => void,
  ) {
    // Node closes after the last answer. While the client still writes, that would be a reset, and lose the answer.
    socket.destroySoon = () => {
      this.linger();
    };
  }

  /** Whether a parser's error is no news: the connection is ending. */
  get isEnding(): boolean {
    return this.farewell !== undefined || this.isLingering || this.socket.destroyed;
  }

  /** The request whose body is under way: what is refused now is refused of it. */
  get unfinished(): IncomingMessage | undefined {
    return this.latest?.request.complete === false ? this.latest.request : undefined;
  }

  /** Serves a request when those before it have been answered: RFC 9112 section 9.3.2 has them in order. */
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

  /** Ends the connection after the answers that are due. @param answer bytes of the last one; undefined: none */
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
    // After CONNECT, Node has taken its own listener off.
    this.socket.on('drain', () => this.current?.response.emit('drain'));
    void this.conclude();
  }

  /** No more requests: what is whole is answered, anything else gets a moment more. */
  stop(refuse: () => Promise<string>): void {
    this.isStopping = true;
    setTimeout(() => {
      if (!this.isDue) this.endWith(refuse());
    }, CONNECTION_BOUNDS.stopping.unfinishedMs).unref();
  }

  /** Call from time to time. @param now on the monotonic clock */
  check(now: number): void {
    const { stalledMs } = this.isStopping ? CONNECTION_BOUNDS.stopping : CONNECTION_BOUNDS;
    const progress = this.socket.writableLength > 0 ? progressOf(this.socket) : '';
    if (progress !== this.progress) [this.progress, this.progressAt] = [progress, now];
    else if (progress !== '' && now - this.progressAt > stalledMs) this.cut('not_read');
    const isIdle = this.current === undefined && !this.isEnding;
    if (isIdle && now - this.idleSince > CONNECTION_BOUNDS.idleMs) this.cut('idle');
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
    else void this.conclude();
  }

  /** An answer that has begun, or of a request that arrived whole. */
  private get isDue(): boolean {
    return this.current !== undefined && (this.current.request.complete || this.current.response.headersSent);
  }

  private async conclude(): Promise<void> {
    if (this.farewell === undefined) return;
    const answer = await this.farewell;
    if (this.isDue || this.isLingering || this.socket.destroyed) return;
    // A second answer to one request would be taken for that of the next (response splitting).
    const isAnswered = this.unfinished !== undefined && this.latest?.response.headersSent === true;
    if (answer !== undefined && !isAnswered) this.socket.write(answer, 'latin1');
    this.linger();
  }

  /** Ends our half, then waits for the client to end its own. */
  private linger(): void {
    if (this.isLingering || this.socket.destroyed) return;
    this.isLingering = true;
    this.socket.end();
    // Node starts to read again in a listener of its own, which goes with the parser's; it may be about to.
    this.socket
      .pause()
      .once('resume', () => {
        this.leaveParser();
      })
      .resume();
    this.dropInput(() => this.socket.destroyed);
  }

  /** Nothing that still comes is a request. */
  private leaveParser(): void {
    this.socket.removeAllListeners('data').on('data', () => undefined);
  }

  /** A bounded amount, for a bounded time. */
  private dropInput(isOver: () => boolean): void {
    const { socket } = this;
    const [bytesBefore, startedAt] = [socket.bytesRead, performance.now()];
    const timer = setInterval(() => {
      const { lingerMs } = this.isStopping ? CONNECTION_BOUNDS.stopping : CONNECTION_BOUNDS;
      if (isOver() || socket.destroyed) clearInterval(timer);
      else if (socket.bytesRead - bytesBefore > CONNECTION_BOUNDS.lingerBytes) this.cut('not_drained');
      else if (performance.now() - startedAt > lingerMs) this.cut('not_drained');
    }, DROP_CHECK_MS).unref();
  }

  private cut(reason: CloseReason): void {
    if (this.socket.destroyed) return;
    this.onCut(reason);
    this.socket.destroy();
  }
}

/** Bytes that left the process, and what the kernel has yet to take of the write under way. */
function progressOf(socket: Socket): string {
  return `${socket.bytesWritten - socket.writableLength} ${handleOf(socket)?.writeQueueSize ?? ''}`;
}

function handleOf(socket: Socket): { readonly writeQueueSize?: number; readonly reading?: boolean } | undefined {
  return (socket as { _handle?: ReturnType<typeof handleOf> | null })._handle ?? undefined;
}
