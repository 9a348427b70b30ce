/** Bounds the answers that clients have asked for and do not read, in all connections together. */
import { type Connection, CONNECTION_BOUNDS } from './connection.js';

interface Unread {
  readonly connection: Connection;
  readonly held: number;
}

export class UnreadAnswers {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly connections: ReadonlyMap<unknown, Connection>) {}

  /** Costs the same for any number of requests; nothing while there are none, and all answers are read. */
  weighSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (this.weigh(performance.now()) > 0) this.weighSoon();
    }, CONNECTION_BOUNDS.weighMs).unref();
  }

  private weigh(now: number): number {
    const unread: Unread[] = [];
    let sum = 0;
    for (const connection of this.connections.values()) {
      const held = connection.weigh(now);
      sum += held;
      if (held > 0) unread.push({ connection, held });
    }
    return sum > CONNECTION_BOUNDS.heldBytes ? closeSlowest(unread, sum, now) : sum;
  }
}

/** Who reads stays while the sum is less than twice the bound: what is still on its way to the system's buffers looks like reading. */
function closeSlowest(unread: readonly Unread[], sum: number, now: number): number {
  const mayGo = sum > 2 * CONNECTION_BOUNDS.heldBytes ? unread : unread.filter(({ connection }) => !connection.reads);
  const slowest = mayGo
    .map(({ connection, held }) => ({ connection, held, slowness: connection.slowness(now) }))
    .sort((a, b) => b.slowness - a.slowness);
  let left = sum;
  for (const { connection, held } of slowest) {
    if (left <= CONNECTION_BOUNDS.heldBytes) break;
    connection.cut('not_read');
    left -= held;
  }
  return left;
}
