/** The SQL of follows, mutes and blocks. Changes to follows first lock the `user_stats` of both people, ordered by id:
 * counts stay exact, and people who act on each other do not deadlock. */
import type { EntityManager } from 'typeorm';

import type { ErrorCode } from '../../common/error-codes.js';
import { deleteBatch, row, rows, run, type Sql, sql } from '../../database/sql.js';
import type { About } from './person.decorator.js';
import { hasBlockedViewer, IS_HIDDEN, USERNAME } from './viewing.query.js';

export interface Edge {
  readonly followerId: string;
  readonly followeeId: string;
}

export async function lockStats(tx: EntityManager, userIds: readonly string[]): Promise<string[]> {
  const locked = await rows<{ user_id: string }>(
    tx,
    sql`SELECT user_id FROM user_stats WHERE user_id = ANY(${userIds}::uuid[]) ORDER BY user_id FOR NO KEY UPDATE`,
  );
  return locked.map(({ user_id }) => user_id);
}

export async function insertFollow(
  manager: EntityManager,
  { principal: { userId }, username }: About,
  atMost: number,
): Promise<ErrorCode | null> {
  const answered = await row<{ refusal: ErrorCode | null }>(
    manager,
    sql`SELECT CASE WHEN ${IS_HIDDEN} OR ${hasBlockedViewer(userId)} THEN 'user_not_found'
                    WHEN u.id = ${userId} THEN 'not_oneself'
                    ELSE follow(${userId}, u.id, ${atMost}) END AS refusal
          FROM users u WHERE ${USERNAME} = ${username.toLowerCase()}`,
  );
  return answered ? answered.refusal : 'user_not_found';
}

export async function deleteFollows(tx: EntityManager, edges: readonly Edge[]): Promise<void> {
  await run(
    tx,
    sql`WITH gone AS (
          DELETE FROM follows f
           USING unnest(${edges.map(({ followerId }) => followerId)}::uuid[], ${edges.map(({ followeeId }) => followeeId)}::uuid[])
                 AS e (follower, followee)
           WHERE f.follower_id = e.follower AND f.followee_id = e.followee RETURNING f.follower_id, f.followee_id
        ), change AS (
          SELECT user_id, sum(following) AS following, sum(followers) AS followers
            FROM (SELECT follower_id, 1, 0 FROM gone UNION ALL SELECT followee_id, 0, 1 FROM gone)
                 AS part (user_id, following, followers)
           GROUP BY user_id
        ) UPDATE user_stats s
             SET following_count = s.following_count - c.following, followers_count = s.followers_count - c.followers
            FROM change c WHERE s.user_id = c.user_id`,
  );
}

/** Each side in the order of its index: else each batch would look at every edge again. */
export async function eraseFollows(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const edges = await rows<Edge>(
    tx,
    sql`(SELECT follower_id AS "followerId", followee_id AS "followeeId" FROM follows
          WHERE follower_id = ${userId} ORDER BY created_at DESC LIMIT ${limit})
        UNION ALL
        (SELECT follower_id, followee_id FROM follows WHERE followee_id = ${userId} ORDER BY created_at DESC LIMIT ${limit}) LIMIT ${limit}`,
  );
  await lockStats(
    tx,
    edges.flatMap(({ followerId, followeeId }) => [followerId, followeeId]),
  );
  await deleteFollows(tx, edges);
  return edges.length;
}

export interface Pair {
  readonly self: string;
  readonly other: string;
}

export async function insertMute(manager: EntityManager, { self, other }: Pair): Promise<void> {
  await run(manager, sql`INSERT INTO mutes (user_id, muted_id) VALUES (${self}, ${other}) ON CONFLICT DO NOTHING`);
}

export async function deleteMute(manager: EntityManager, { self, other }: Pair): Promise<void> {
  await run(manager, sql`DELETE FROM mutes WHERE user_id = ${self} AND muted_id = ${other}`);
}

export async function insertBlock(tx: EntityManager, { self, other }: Pair): Promise<void> {
  await run(tx, sql`INSERT INTO blocks (blocker_id, blocked_id) VALUES (${self}, ${other}) ON CONFLICT DO NOTHING`);
}

export async function deleteBlock(manager: EntityManager, { self, other }: Pair): Promise<void> {
  await run(manager, sql`DELETE FROM blocks WHERE blocker_id = ${self} AND blocked_id = ${other}`);
}

export function eraseMutes(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const sides = [sql`user_id = ${userId}`, sql`muted_id = ${userId}`];
  return deleteSides(tx, { table: 'mutes', key: 'user_id, muted_id', sides }, limit);
}

export function eraseBlocks(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const sides = [sql`blocker_id = ${userId}`, sql`blocked_id = ${userId}`];
  return deleteSides(tx, { table: 'blocks', key: 'blocker_id, blocked_id', sides }, limit);
}

async function deleteSides(
  tx: EntityManager,
  { sides, ...pairs }: { table: string; key: string; sides: readonly Sql[] },
  limit: number,
): Promise<number> {
  let deleted = 0;
  for (const where of sides) deleted += await deleteBatch(tx, { ...pairs, where }, limit - deleted);
  return deleted;
}
