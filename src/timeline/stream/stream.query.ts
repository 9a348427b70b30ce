/** The SQL of streams. Posts beyond a position come from the index `posts (tx, id)`: one range, and a small range for
 * each transaction that was open. For equality, the planner may take another index and read all posts of a large
 * transaction. A transaction open for an hour costs a look-up and delays nobody's posts. */
import type { EntityManager } from 'typeorm';

import { utcText } from '../../common/timestamps.js';
import { SERVER } from '../../database/sql.js';
import { isHiddenAt } from '../../users/users.query.js';
import type { ListedPost } from '../posts/posts.query.js';
import { type Position, positionOf } from './stream-position.js';

/** $1 to $3 of {@link positionValues}, $4 per range. @param only filters before the limits, or posts would be lost */
function notTakenIn(only: (tx: string) => string = () => 'true'): string {
  return `SELECT late.tx, late.id, late.author_id FROM unnest($2::bigint[], $3::bigint[]) o(tx, after_id)
          CROSS JOIN LATERAL (
            SELECT tx, id, author_id FROM posts WHERE (tx, id) > (o.tx, o.after_id) AND tx <= o.tx ORDER BY tx, id LIMIT $4
          ) late WHERE ${only('o.tx')}
         UNION ALL
        (SELECT tx, id, author_id FROM posts WHERE tx >= $1 AND ${only('tx')} ORDER BY tx, id LIMIT $4)`;
}

const COLUMNS = `n.tx::text AS tx, n.id::text, n.author_id AS "authorId", u.username, p.text,
              ${utcText('p.created_at')} AS "createdAt"`;

function positionValues({ next, open }: Position): unknown[] {
  return [next, open.map(({ tx }) => tx), open.map(({ afterId }) => afterId)];
}

export interface StreamedPost extends ListedPost {
  readonly tx: number;
  readonly shown: boolean;
}

export interface NewPostsRead {
  readonly now: Position;
  readonly posts: readonly StreamedPost[];
}

interface Found extends Omit<StreamedPost, 'tx'> {
  readonly snapshot: string;
  readonly server: string;
  readonly tx: string | null;
}

export async function selectPosition(manager: EntityManager): Promise<Position> {
  const [{ server, snapshot }]: [Pick<Found, 'server' | 'snapshot'>] = await manager.query(
    `SELECT ${SERVER} AS server, pg_current_snapshot()::text AS snapshot`,
  );
  return positionOf(server, snapshot);
}

/** One statement, one snapshot. */
export async function readNewPosts(
  manager: EntityManager,
  { since, limit }: { since: Position; limit: number },
): Promise<NewPostsRead> {
  const found: [Found, ...Found[]] = await manager.query(
    `SELECT ${SERVER} AS server, pg_current_snapshot()::text AS snapshot, r.*
       FROM (VALUES (1)) one
       LEFT JOIN LATERAL (
         SELECT ${COLUMNS}, p.deleted_at IS NULL AND NOT ${isHiddenAt('u', 'statement_timestamp()')} AS shown
           FROM (SELECT * FROM (${notTakenIn()}) every ORDER BY tx, id LIMIT $4) n
           JOIN posts p ON p.id = n.id
           JOIN users u ON u.id = n.author_id
       ) r ON true
      ORDER BY r.tx::bigint, r.id::bigint`,
    [...positionValues(since), limit],
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
  /** Of a later snapshot; transactions open in it are excluded, too. */
  readonly until: Position;
  readonly scanned: number;
  readonly limit: number;
}

export async function selectMissedPosts(
  manager: EntityManager,
  { viewerId, since, until, scanned, limit }: Missed,
): Promise<StreamedPost[] | undefined> {
  const found: [Found & { tooMany: boolean }] = await manager.query(
    `WITH missed AS MATERIALIZED (
       SELECT tx, id, author_id FROM (${notTakenIn((tx) => `${tx} < $5 AND ${tx} <> ALL($6::bigint[])`)}) every
        ORDER BY tx, id LIMIT $4
     )
     SELECT counted.n >= $4 AS "tooMany", r.*
       FROM (SELECT count(*) AS n FROM missed) counted
       LEFT JOIN (
         SELECT ${COLUMNS}, true AS shown
           FROM missed n
           JOIN posts p ON p.id = n.id
           JOIN users u ON u.id = n.author_id
          WHERE p.deleted_at IS NULL AND NOT ${isHiddenAt('u', 'statement_timestamp()')}
            AND (n.author_id = $7 OR n.author_id IN (
              SELECT followee_id FROM follows WHERE follower_id = $7
              EXCEPT SELECT muted_id FROM mutes WHERE user_id = $7))
          ORDER BY n.tx, n.id LIMIT $8
       ) r ON true
      ORDER BY r.tx::bigint, r.id::bigint`,
    [...positionValues(since), scanned, until.next, until.open.map(({ tx }) => tx), viewerId, limit],
  );
  const posts = found.flatMap(streamed);
  return found[0].tooMany || posts.length === limit ? undefined : posts;
}
