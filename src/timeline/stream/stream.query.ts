/** The SQL of streams. Posts beyond a position come from the index `posts (tx, id)`: one range, and a small range for
 * each transaction that was open. For equality, the planner may take another index and read all posts of a large
 * transaction. A transaction open for an hour costs a look-up and delays nobody's posts. */
import type { EntityManager } from 'typeorm';

import { one, rows, SERVER, type Sql, sql, utcText } from '../../database/sql.js';
import { isHiddenAt } from '../../users/users.query.js';
import type { ListedPost } from '../posts/posts.query.js';
import { type Position, positionOf } from './stream-position.js';

/** @param limit of each range @param only filters before the limits, or posts would be lost */
function notTakenIn({ next, open }: Position, limit: number, only: (tx: Sql) => Sql = () => sql`true`): Sql {
  return sql`SELECT late.tx, late.id, late.author_id
          FROM unnest(${open.map(({ tx }) => tx)}::bigint[], ${open.map(({ afterId }) => afterId)}::bigint[]) o(tx, after_id)
         CROSS JOIN LATERAL (
            SELECT tx, id, author_id FROM posts WHERE (tx, id) > (o.tx, o.after_id) AND tx <= o.tx ORDER BY tx, id LIMIT ${limit}
          ) late WHERE ${only(sql`o.tx`)}
         UNION ALL
        (SELECT tx, id, author_id FROM posts WHERE tx >= ${next} AND ${only(sql`tx`)} ORDER BY tx, id LIMIT ${limit})`;
}

const COLUMNS = sql`n.tx::text AS tx, n.id::text, n.author_id AS "authorId", u.username, p.text,
                 ${utcText('p.created_at')} AS "createdAt"`;

const IS_SHOWN = sql`p.deleted_at IS NULL AND NOT ${isHiddenAt('statement_timestamp()')}`;

export interface StreamedPost extends ListedPost {
  readonly tx: number;
  readonly shown: boolean;
}

export interface NewPost extends StreamedPost {
  readonly followersOfAuthor: number;
}

export interface NewPostsRead {
  readonly now: Position;
  readonly posts: readonly NewPost[];
}

interface Found extends Omit<StreamedPost, 'tx'> {
  readonly snapshot: string;
  readonly server: string;
  readonly tx: string | null;
}

type FoundNew = Found & Pick<NewPost, 'followersOfAuthor'>;

export async function selectPosition(manager: EntityManager): Promise<Position> {
  const { server, snapshot } = await one<Pick<Found, 'server' | 'snapshot'>>(
    manager,
    sql`SELECT ${SERVER} AS server, pg_current_snapshot()::text AS snapshot`,
  );
  return positionOf(server, snapshot);
}

export async function readNewPosts(
  manager: EntityManager,
  { since, limit }: { since: Position; limit: number },
): Promise<NewPostsRead> {
  const found = (await rows<FoundNew>(
    manager,
    sql`SELECT ${SERVER} AS server, pg_current_snapshot()::text AS snapshot, r.*
          FROM (VALUES (1)) one
          LEFT JOIN LATERAL (
            SELECT ${COLUMNS}, ${IS_SHOWN} AS shown, s.followers_count AS "followersOfAuthor"
              FROM (SELECT * FROM (${notTakenIn(since, limit)}) every ORDER BY tx, id LIMIT ${limit}) n
              JOIN posts p ON p.id = n.id
              JOIN users u ON u.id = n.author_id
              JOIN user_stats s ON s.user_id = n.author_id
          ) r ON true
         ORDER BY r.tx::bigint, r.id::bigint`,
  )) as [FoundNew, ...FoundNew[]];
  return { now: positionOf(found[0].server, found[0].snapshot), posts: found.flatMap(streamed) };
}

function streamed<T extends Found>({ tx, ...post }: T): (Omit<T, 'tx'> & { readonly tx: number })[] {
  return tx === null ? [] : [{ ...post, tx: Number(tx) }];
}

export interface Recipient {
  readonly authorId: string;
  readonly viewerId: string;
}

const IS_MUTED = sql`EXISTS (SELECT FROM mutes m WHERE m.user_id = f.follower_id AND m.muted_id = f.followee_id)`;

export function selectFollowers(manager: EntityManager, authorIds: readonly string[]): Promise<Recipient[]> {
  return rows(
    manager,
    sql`SELECT f.followee_id AS "authorId", f.follower_id AS "viewerId"
          FROM follows f WHERE f.followee_id = ANY(${authorIds}::uuid[]) AND NOT ${IS_MUTED}`,
  );
}

export function selectFollowersAmong(
  manager: EntityManager,
  authorIds: readonly string[],
  viewerIds: readonly string[],
): Promise<Recipient[]> {
  return rows(
    manager,
    sql`SELECT f.followee_id AS "authorId", f.follower_id AS "viewerId"
          FROM unnest(${viewerIds}::uuid[]) v(id)
          JOIN follows f ON f.follower_id = v.id AND f.followee_id = ANY(${authorIds}::uuid[])
         WHERE NOT ${IS_MUTED}`,
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
  const isBefore = (tx: Sql): Sql =>
    sql`${tx} < ${until.next} AND ${tx} <> ALL(${until.open.map(({ tx }) => tx)}::bigint[])`;
  const found = (await rows<Found & { tooMany: boolean }>(
    manager,
    sql`WITH missed AS MATERIALIZED (
          SELECT tx, id, author_id FROM (${notTakenIn(since, scanned, isBefore)}) every ORDER BY tx, id LIMIT ${scanned}
        )
        SELECT counted.n >= ${scanned} AS "tooMany", r.*
          FROM (SELECT count(*) AS n FROM missed) counted
          LEFT JOIN (
            SELECT ${COLUMNS}, true AS shown
              FROM missed n
              JOIN posts p ON p.id = n.id
              JOIN users u ON u.id = n.author_id
             WHERE ${IS_SHOWN}
               AND (n.author_id = ${viewerId} OR n.author_id IN (
                 SELECT followee_id FROM follows WHERE follower_id = ${viewerId}
                 EXCEPT SELECT muted_id FROM mutes WHERE user_id = ${viewerId}))
             ORDER BY n.tx, n.id LIMIT ${limit}
          ) r ON true
         ORDER BY r.tx::bigint, r.id::bigint`,
  )) as [Found & { tooMany: boolean }];
  const posts = found.flatMap(streamed);
  return found[0].tooMany || posts.length === limit ? undefined : posts;
}
