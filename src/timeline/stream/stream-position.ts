/**
 * Which transactions' posts a reader has taken in. Ids, times and the numbers of transactions are all given before the
 * commit, and are no order in which posts appear; a snapshot says exactly which transactions it saw.
 */
import type { CursorKey } from '../../common/pagination.js';

/** An id of none: all posts come after it. */
const NO_POST = '0';

export interface Position {
  /** Which numbers its transactions in its own way. */
  readonly server: string;
  /** Of this transaction and all later ones nothing was taken in. */
  readonly next: number;
  /** Of these before it neither, but for posts up to an id; in ascending order. */
  readonly open: readonly OpenTransaction[];
}

export interface OpenTransaction {
  readonly tx: number;
  readonly afterId: string;
}

/** @param snapshot as PostgreSQL writes a `pg_snapshot`: `xmin:xmax:`, and those between that are under way */
export function positionOf(server: string, snapshot: string): Position {
  const [, xmax = '', underway = ''] = snapshot.split(':');
  const open = underway === '' ? [] : underway.split(',').map((tx) => ({ tx: Number(tx), afterId: NO_POST }));
  return { server, next: Number(xmax), open };
}

export interface ReadPost {
  readonly tx: number;
  readonly id: string;
}

/**
 * Where a client stands that has read until each of some posts.
 * @param posts what appeared between the positions, in the order of transactions and ids
 * @param ended false when there may be more of them
 */
export function withPositions<T extends ReadPost>(
  posts: readonly T[],
  { from, to, ended }: { from: Position; to: Position; ended: boolean },
): { post: T; position: Position }[] {
  return posts.map((post, index) => {
    const following = posts[index + 1];
    if (!following && ended) return { post, position: to };
    return { post, position: between(from, to, { post, more: !following || following.tx === post.tx }) };
  });
}

/** On the way from one position to a later one. @param more whether the post's transaction may have others after it */
function between(from: Position, to: Position, { post, more }: { post: ReadPost; more: boolean }): Position {
  return {
    server: to.server,
    next: Math.max(from.next, post.tx + 1),
    open: [
      ...to.open.filter(({ tx }) => tx < post.tx),
      ...(more ? [{ tx: post.tx, afterId: post.id }] : []),
      ...from.open.filter(({ tx }) => tx > post.tx),
    ],
  };
}

/** Transactions by their distance: ids of events are sent back in a header, which has a limit. */
export function positionKey({ server, next, open }: Position): CursorKey {
  return [server, next, ...open.flatMap(({ tx, afterId }) => [next - tx, afterId === NO_POST ? 0 : afterId])];
}

/** @param key made by {@link positionKey} */
export function positionOfKey([server, next, ...open]: CursorKey): Position {
  const pairs = Array.from({ length: open.length / 2 }, (_, index) => open.slice(2 * index, 2 * index + 2));
  return {
    server: String(server),
    next: Number(next),
    open: pairs.map(([distance, afterId]) => ({ tx: Number(next) - Number(distance), afterId: String(afterId) })),
  };
}
