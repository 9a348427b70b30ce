/**
 * The SQL of streams. What a position has not taken in is read by the index of `posts (tx, id)` alone: one range, and a
 * few transactions that were under way, as ranges, too: for an equality the planner takes another index where one transaction
 * has written most posts, and reads all of them. That one stays open for an hour costs a look-up, and delays nobody's posts.
 */
import type { EntityManager } from 'typeorm';

import { utcText } from '../../common/timestamps.js';
import { NOW, SERVER } from '../../database/sql.js';
import { isHiddenAt } from '../../users/users.query.js';
import type { ListedPost } from '../posts/posts.query.js';
import { type Position, positionOf } from './stream-position.js';

/**
 * By $2 to $4, of {@link positionValues}, at most $5 of the range and of each open transaction.
 * @param only of these transactions: before each limit, or what follows on those that are left out would be lost
 */
function notTakenIn(only: (tx: string) => string = () => 'true'): string {
  return `SELECT late.tx, late.id, late.author_id FROM unnest($3::bigint[], $4::bigint[]) o(tx, after_id)
          CROSS JOIN LATERAL (
            SELECT tx, id, author_id FROM posts WHERE (tx, id) > (o.tx, o.after_id) AND tx <= o.tx ORDER BY tx, id LIMIT $5
          ) late WHERE ${only('o.tx')}
         UNION ALL
        (SELECT tx, id, author_id FROM posts WHERE tx >= $2 AND ${only('tx')} ORDER BY tx, id LIMIT $5)`;
}

const COLUMNS = `n.tx::text AS tx, n.id::text, n.author_id AS "authorId", u.username, p.text,
              ${utcText('p.created_at')} AS "createdAt"`;

function positionValues({ next, open }: Position): unknown[] {
  return [next, open.map(({ tx }) => tx), open.map(({ afterId }) => afterId)];
}

export interface StreamedPost extends ListedPost {
  readonly tx: number;
  /** False when it was deleted, or its author hidden, before it was read. */
  readonly shown: boolean;
}

export interface NewPostsRead {
  /** When it was read: all until then is among the posts, or would be if they were not limited. */
  readonly now: Position;
  /** In the order of transactions and ids. */
  readonly posts: readonly StreamedPost[];
}

interface Found extends Omit<StreamedPost, 'tx'> {
  readonly snapshot: string;
  readonly server: string;
  /** Null where there is no post. */
  readonly tx: string | null;
}

export async function selectPosition(manager: EntityManager): Promise<Position> {
  const [{ server, snapshot }]: [Pick<Found, 'server' | 'snapshot'>] = await manager.query(
    `SELECT ${SERVER} AS server, pg_current_snapshot()::text AS snapshot`,
  );
  return positionOf(server, snapshot);
}

/** Reads, in one statement and so in one snapshot, what has appeared since a position. */
export async function readNewPosts(
  manager: EntityManager,
  { since, limit, offsetMs }: { since: Position; limit: number; offsetMs: number },
): Promise<NewPostsRead> {
  const found: [Found, ...Found[]] = await manager.query(
    `SELECT ${SERVER} AS server, pg_current_snapshot()::text AS snapshot, r.*
       FROM (VALUES (1)) one
       LEFT JOIN LATERAL (
         SELECT ${COLUMNS}, p.deleted_at IS NULL AND NOT ${isHiddenAt('u', NOW)} AS shown
           FROM (SELECT * FROM (${notTakenIn()}) every ORDER BY tx, id LIMIT $5) n
           JOIN posts p ON p.id = n.id
           JOIN users u ON u.id = n.author_id
       ) r ON true
      ORDER BY r.tx::bigint, r.id::bigint`,
    [offsetMs, ...positionValues(since), limit],
  );
  return { now: positionOf(found[0].server, found[0].snapshot), posts: found.flatMap(streamed) };
}

function streamed({ tx, ...post }: Found): StreamedPost[] {
  return tx === null ? [] : [{ ...post, tx: Number(tx) }];
}

export interface Recipient {
  readonly authorId: string;
  readonly viewerId: string;
}

/** Who, of some viewers, follows whom, of some authors, and has not muted them. */
export function selectRecipients(
  manager: EntityManager,
  { authorIds, viewerIds }: { authorIds: readonly string[]; viewerIds: readonly string[] },
): Promise<Recipient[]> {
  return manager.query(
    `SELECT f.followee_id AS "authorId", f.follower_id AS "viewerId"
       FROM follows f
      WHERE f.followee_id = ANY($1::uuid[]) AND f.follower_id = ANY($2::uuid[])
        AND NOT EXISTS (SELECT FROM mutes m WHERE m.user_id = f.follower_id AND m.muted_id = f.followee_id)`,
    [authorIds, viewerIds],
  );
}

export interface Missed {
  readonly viewerId: string;
  readonly since: Position;
  /** Of a later snapshot: what it has not taken in either is left out. */
  readonly until: Position;
  /** At most so many posts of anybody are looked at. */
  readonly scanned: number;
  /** At most so many of them are for the viewer. */
  readonly limit: number;
  readonly offsetMs: number;
}

/** What a viewer's stream would have delivered between two positions. @returns undefined when it is too much */
export async function selectMissedPosts(
  manager: EntityManager,
  { viewerId, since, until, scanned, limit, offsetMs }: Missed,
): Promise<StreamedPost[] | undefined> {
  const found: [Found & { tooMany: boolean }] = await manager.query(
    `WITH missed AS MATERIALIZED (
       SELECT tx, id, author_id FROM (${notTakenIn((tx) => `${tx} < $6 AND ${tx} <> ALL($7::bigint[])`)}) every
        ORDER BY tx, id LIMIT $5
     )
     SELECT counted.n >= $5 AS "tooMany", r.*
       FROM (SELECT count(*) AS n FROM missed) counted
       LEFT JOIN (
         SELECT ${COLUMNS}, true AS shown
           FROM missed n
           JOIN posts p ON p.id = n.id
           JOIN users u ON u.id = n.author_id
          WHERE p.deleted_at IS NULL AND NOT ${isHiddenAt('u', NOW)}
            AND (n.author_id = $8 OR n.author_id IN (
              SELECT followee_id FROM follows WHERE follower_id = $8
              EXCEPT SELECT muted_id FROM mutes WHERE user_id = $8))
          ORDER BY n.tx, n.id LIMIT $9
       ) r ON true
      ORDER BY r.tx::bigint, r.id::bigint`,
    [offsetMs, ...positionValues(since), scanned, until.next, until.open.map(({ tx }) => tx), viewerId, limit],
  );
  const posts = found.flatMap(streamed);
  return found[0].tooMany || posts.length === limit ? undefined : posts;
}
