import fc from 'fast-check';

import {
  type Position,
  positionKey,
  positionOf,
  positionOfKey,
  withPositions,
} from '../../src/timeline/stream/stream-position.js';

const MOST = 12;
const SERVER = '1.5';

/** Transactions below {@link MOST} that are over, and the snapshot that sees them. */
function snapshotOf(over: ReadonlySet<number>): Position {
  const next = Math.max(0, ...over) + 1;
  const open = Array.from({ length: next - 1 }, (_, index) => index + 1).filter((tx) => !over.has(tx));
  return positionOf(SERVER, `1:${next}:${open.join(',')}`);
}

interface Posted {
  readonly tx: number;
  readonly id: string;
}

function isTakenIn({ next, open }: Position, { tx, id }: Posted): boolean {
  const underway = open.find((each) => each.tx === tx);
  return tx < next && (underway === undefined || Number(id) <= Number(underway.afterId));
}

const transactions = fc.uniqueArray(fc.integer({ min: 1, max: MOST }));
const history = fc.record({
  before: transactions,
  meanwhile: transactions,
  /** How many posts each transaction has. */
  posts: fc.array(fc.nat({ max: 3 }), { minLength: MOST, maxLength: MOST }),
  cut: fc.nat({ max: MOST * 3 }),
});

describe('a position', () => {
  it('on the way between two snapshots has taken in what was before, and the posts until it: nothing else', () => {
    fc.assert(
      fc.property(history, ({ before, meanwhile, posts, cut }) => {
        const [first, later] = [new Set(before), new Set([...before, ...meanwhile])];
        const [from, to] = [snapshotOf(first), snapshotOf(later)];
        const all = posts.flatMap((count, index) =>
          Array.from({ length: count }, (_, n): Posted => ({ tx: index + 1, id: String(100 * (MOST - index) + n) })),
        );
        const appeared = all.filter((post) => later.has(post.tx) && !isTakenIn(from, post));
        const read = appeared.slice(0, cut);
        const along = withPositions(read, { from, to, ended: read.length === appeared.length });
        for (const [index, { position }] of along.entries()) {
          const kept = positionOfKey(positionKey(position));
          expect(kept).toEqual(position);
          const taken = all.filter((post) => isTakenIn(kept, post));
          const expected = all.filter((post) => first.has(post.tx) || read.slice(0, index + 1).includes(post));
          expect(taken).toEqual(expected);
          expect(kept.open.map(({ tx }) => tx)).toEqual(kept.open.map(({ tx }) => tx).toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 500 },
    );
  });
});
