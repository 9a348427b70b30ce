/** Standard output for the log: a reader that stalls or leaves holds nothing up. */
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import { type DestinationStream, pino } from 'pino';

export const OUTPUT = {
  /** Characters that wait for the reader. Lines beyond them are dropped, and counted. */
  most: 8 * 2 ** 20,
  retryMs: 100,
  flushMs: 1_000,
};

const NOTHING = Buffer.alloc(0);

export function standardOutput(format = (line: string): string => line): Output {
  const own = ownDescriptor();
  const output = new Output({ descriptor: own ?? 1, mayWait: own === undefined }, format);
  process.on('exit', () => {
    output.flushSync();
  });
  return output;
}

/**
 * Of a pipe or a terminal: whether a write to descriptor 1 waits for its reader is up to all processes that have it.
 * After fstat of a pipe without bigint, Node no longer resolves links of packages, and loads them twice.
 */
function ownDescriptor(): number | undefined {
  try {
    if (!fstatSync(1, { bigint: true }).isFIFO() && !isatty(1)) return undefined;
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

export interface Target {
  readonly descriptor: number;
  readonly mayWait: boolean;
}

/** Lines of one turn of the event loop are written at once: a write for each costs a twentieth of a request. */
export class Output implements DestinationStream {
  private waiting = '';
  private left = NOTHING;
  private current = NOTHING;
  private state: 'idle' | 'begun' | 'writing' | 'refused' = 'idle';
  private dropped = 0;

  constructor(
    private readonly target: Target,
    private readonly format: (line: string) => string,
  ) {}

  write(line: string): void {
    if (this.waiting.length + this.left.length > OUTPUT.most) {
      this.dropped += 1;
      return;
    }
    this.tellDropped();
    this.waiting += this.format(line);
    this.begin();
  }

  /** As much as the reader takes. pino also calls it after each fatal line. */
  flushSync(): void {
    const giveUpAt = performance.now() + OUTPUT.flushMs;
    this.tellDropped();
    // The process does not end before a write of the thread pool.
    const isWriting = this.state === 'writing';
    let left = Buffer.concat([isWriting ? NOTHING : this.current, this.left, Buffer.from(this.waiting)]);
    this.waiting = '';
    if (!isWriting) this.current = NOTHING;
    if (left.length > 0)
      do {
        try {
          left = left.subarray(writeSync(this.target.descriptor, left));
        } catch (error) {
          if (!isFull(error)) left = NOTHING;
          else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        }
      } while (left.length > 0 && performance.now() < giveUpAt);
    this.left = left;
    if (left.length > 0) this.begin();
  }

  private begin(): void {
    if (this.state !== 'idle') return;
    this.state = 'begun';
    setImmediate(() => {
      this.next();
    });
  }

  private next(): void {
    if (this.current.length === 0) {
      this.current = Buffer.concat([this.left, Buffer.from(this.waiting)]);
      this.left = NOTHING;
      this.waiting = '';
    }
    const { descriptor, mayWait } = this.target;
    if (this.current.length === 0) this.state = 'idle';
    else if (mayWait) {
      this.state = 'writing';
      write(descriptor, this.current, (error, written) => {
        this.taken(error, written);
      });
    } else
      try {
        this.taken(null, writeSync(descriptor, this.current));
      } catch (error) {
        this.taken(error, 0);
      }
  }

  private taken(error: unknown, written: number): void {
    if (isFull(error)) {
      this.state = 'refused';
      setTimeout(() => {
        this.next();
      }, OUTPUT.retryMs).unref();
      return;
    }
    this.current = error ? NOTHING : this.current.subarray(written);
    this.next();
  }

  private tellDropped(): void {
    const lines = this.dropped;
    this.dropped = 0;
    if (lines === 0) return;
    this.waiting += this.format(
      `{"level":"warn"${pino.stdTimeFunctions.isoTime()},"event":"log_lines_dropped","lines":${lines},"msg":"the reader of the log was too slow"}\n`,
    );
  }
}

function isFull(error: unknown): boolean {
  return ['EAGAIN', 'EBUSY'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');
}
