/** The SQL of follows, mutes and blocks. Changes to follows first lock the `user_stats` of both people, ordered by id:
 * counts stay exact, and people who act on each other do not deadlock. */
import type { EntityManager } from 'typeorm';

export function hasBlocked(blocker: string, blocked: string): string {
  return `EXISTS (SELECT FROM blocks b WHERE b.blocker_id = ${blocker} AND b.blocked_id = ${blocked})`;
}

export interface Edge {
  readonly followerId: string;
  readonly followeeId: string;
}

export async function lockStats(tx: EntityManager, userIds: readonly string[]): Promise<string[]> {
  const rows: { user_id: string }[] = await tx.query(
    'SELECT user_id FROM user_stats WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR NO KEY UPDATE',
    [userIds],
  );
  return rows.map(({ user_id }) => user_id);
}

export interface FollowOutcome {
  readonly following: number | null;
  readonly hasBlocked: boolean;
  readonly isBlocked: boolean;
}

/** Lock both stats first. Adds nothing when the edge exists or one has blocked the other. */
export async function insertFollow(tx: EntityManager, { followerId, followeeId }: Edge): Promise<FollowOutcome> {
  const [outcome]: [FollowOutcome] = await tx.query(
    `WITH blocked AS (
       SELECT EXISTS (SELECT FROM blocks WHERE blocker_id = $1 AND blocked_id = $2) AS "hasBlocked",
              EXISTS (SELECT FROM blocks WHERE blocker_id = $2 AND blocked_id = $1) AS "isBlocked"
     ), added AS (
       INSERT INTO follows (follower_id, followee_id)
       SELECT $1, $2 FROM blocked WHERE NOT ("hasBlocked" OR "isBlocked")
       ON CONFLICT DO NOTHING RETURNING 1
     ), counted AS (
       UPDATE user_stats
          SET following_count = following_count + (user_id = $1)::int, followers_count = followers_count + (user_id = $2)::int
        WHERE user_id IN ($1, $2) AND EXISTS (SELECT FROM added) RETURNING user_id, following_count
     ) SELECT "hasBlocked", "isBlocked", (SELECT following_count FROM counted WHERE user_id = $1) AS following FROM blocked`,
    [followerId, followeeId],
  );
  return outcome;
}

/** Lock the stats of everybody involved first. */
export async function deleteFollows(tx: EntityManager, edges: readonly Edge[]): Promise<void> {
  await tx.query(
    `WITH gone AS (
       DELETE FROM follows f USING unnest($1::uuid[], $2::uuid[]) AS e (follower, followee)
        WHERE f.follower_id = e.follower AND f.followee_id = e.followee RETURNING f.follower_id, f.followee_id
     ), change AS (
       SELECT user_id, sum(following) AS following, sum(followers) AS followers
         FROM (SELECT follower_id, 1, 0 FROM gone UNION ALL SELECT followee_id, 0, 1 FROM gone)
              AS part (user_id, following, followers)
        GROUP BY user_id
     ) UPDATE user_stats s
          SET following_count = s.following_count - c.following, followers_count = s.followers_count - c.followers
         FROM change c WHERE s.user_id = c.user_id`,
    [edges.map(({ followerId }) => followerId), edges.map(({ followeeId }) => followeeId)],
  );
}

export async function eraseFollows(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const edges: Edge[] = await tx.query(
    `SELECT follower_id AS "followerId", followee_id AS "followeeId" FROM follows
      WHERE follower_id = $1 OR followee_id = $1 LIMIT $2`,
    [userId, limit],
  );
  await lockStats(
    tx,
    edges.flatMap(({ followerId, followeeId }) => [followerId, followeeId]),
  );
  await deleteFollows(tx, edges);
  return edges.length;
}

export function eraseMutes(tx: EntityManager, userId: string, limit: number): Promise<number> {
  return eraseRelations(tx, { table: 'mutes', by: 'user_id', of: 'muted_id' }, { userId, limit });
}

export function eraseBlocks(tx: EntityManager, userId: string, limit: number): Promise<number> {
  return eraseRelations(tx, { table: 'blocks', by: 'blocker_id', of: 'blocked_id' }, { userId, limit });
}

async function eraseRelations(
  tx: EntityManager,
  { table, by, of }: { table: string; by: string; of: string },
  { userId, limit }: { userId: string; limit: number },
): Promise<number> {
  const [{ erased }]: [{ erased: number }] = await tx.query(
    `WITH gone AS (
       DELETE FROM ${table} WHERE (${by}, ${of}) IN (SELECT ${by}, ${of} FROM ${table} WHERE ${by} = $1 OR ${of} = $1 LIMIT $2)
       RETURNING 1
     ) SELECT count(*)::int AS erased FROM gone`,
    [userId, limit],
  );
  return erased;
}
