/** The SQL of follows, mutes and blocks. Changes to follows first lock the `user_stats` of both people, ordered by id:
 * counts stay exact, and people who act on each other do not deadlock. */
import type { EntityManager } from 'typeorm';

import type { ErrorCode } from '../../common/error-codes.js';
import { deleteBatch, one, rows, run, sql } from '../../database/sql.js';

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
  { followerId, followeeId }: Edge,
  atMost: number,
): Promise<ErrorCode | null> {
  const answer = sql`SELECT follow(${followerId}, ${followeeId}, ${atMost}) AS refusal`;
  return (await one<{ refusal: ErrorCode | null }>(manager, answer)).refusal;
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

export async function eraseFollows(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const edges = await rows<Edge>(
    tx,
    sql`SELECT follower_id AS "followerId", followee_id AS "followeeId" FROM follows
         WHERE follower_id = ${userId} OR followee_id = ${userId} LIMIT ${limit}`,
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
  const where = sql`user_id = ${userId} OR muted_id = ${userId}`;
  return deleteBatch(tx, { table: 'mutes', key: 'user_id, muted_id', where }, limit);
}

export function eraseBlocks(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const where = sql`blocker_id = ${userId} OR blocked_id = ${userId}`;
  return deleteBatch(tx, { table: 'blocks', key: 'blocker_id, blocked_id', where }, limit);
}
