/** Which transactions' posts a reader has taken in. Ids, times and transaction numbers are assigned before the commit,
 * so none is the order in which posts appear. A snapshot tells exactly which transactions it saw. */
import type { CursorKey } from '../../common/pagination.js';

const NO_POST = '0';

export interface Position {
  readonly server: string;
  readonly next: number;
  /** Earlier transactions that were open, each with the last post taken in; ascending. */
  readonly open: readonly OpenTransaction[];
}

export interface OpenTransaction {
  readonly tx: number;
  readonly afterId: string;
}

export function positionOf(server: string, snapshot: string): Position {
  const [, xmax = '', underway = ''] = snapshot.split(':');
  const open = underway === '' ? [] : underway.split(',').map((tx) => ({ tx: Number(tx), afterId: NO_POST }));
  return { server, next: Number(xmax), open };
}

export interface ReadPost {
  readonly tx: number;
  readonly id: string;
}

/** @param posts all between the positions, by transaction and id @param ended false when more may follow */
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

/** Distances keep event ids short: clients send them in a header, which has a limit. */
export function positionKey({ server, next, open }: Position): CursorKey {
  return [server, next, ...open.flatMap(({ tx, afterId }) => [next - tx, afterId === NO_POST ? 0 : afterId])];
}

export function positionOfKey([server, next, ...open]: CursorKey): Position {
  const pairs = Array.from({ length: open.length / 2 }, (_, index) => open.slice(2 * index, 2 * index + 2));
  return {
    server: String(server),
    next: Number(next),
    open: pairs.map(([distance, afterId]) => ({ tx: Number(next) - Number(distance), afterId: String(afterId) })),
  };
}
