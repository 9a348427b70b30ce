import type { EntityManager } from 'typeorm';

import { utcText } from '../../common/timestamps.js';
import { isSeen, type Viewing } from '../people/viewing.query.js';

export interface ListedPost {
  readonly id: string;
  readonly authorId: string;
  readonly username: string;
  readonly text: string;
  readonly createdAt: string;
}

const COLUMNS = `p.id::text, p.author_id AS "authorId", u.username, p.text, ${utcText('p.created_at')} AS "createdAt"`;

export async function insertPost(
  manager: EntityManager,
  { authorId, text }: { authorId: string; text: string },
): Promise<ListedPost | undefined> {
  const [inserted]: [{ id: string | null; username: string; createdAt: string }] = await manager.query(
    'SELECT id, username, created_at AS "createdAt" FROM insert_post($1, $2)',
    [authorId, text],
  );
  const { id, username, createdAt } = inserted;
  return id === null ? undefined : { id, authorId, username, text, createdAt };
}

export async function selectPost(
  manager: EntityManager,
  id: string,
  viewing: Viewing,
): Promise<ListedPost | undefined> {
  const rows: ListedPost[] = await manager.query(
    `SELECT ${COLUMNS} FROM posts p JOIN users u ON u.id = p.author_id
      WHERE p.id = $2 AND p.deleted_at IS NULL AND ${isSeen(viewing)}`,
    [viewing.viewerId, id],
  );
  return rows[0];
}

export interface AuthorPage {
  readonly authorId: string;
  readonly before: string | undefined;
  readonly limit: number;
}

export function selectPostsOf(manager: EntityManager, { authorId, before, limit }: AuthorPage): Promise<ListedPost[]> {
  const values: unknown[] = [authorId, limit];
  const below = before === undefined ? '' : `AND p.id < $${values.push(before)}`;
  return manager.query(
    `SELECT ${COLUMNS} FROM posts p JOIN users u ON u.id = p.author_id
      WHERE p.author_id = $1 AND p.deleted_at IS NULL ${below} ORDER BY p.id DESC LIMIT $2`,
    values,
  );
}

export interface Deletion {
  readonly id: string;
  readonly deleterId: string;
  readonly any: boolean;
}

export async function deletePost(
  manager: EntityManager,
  { id, deleterId, any }: Deletion,
): Promise<string | undefined> {
  const rows: { author_id: string }[] = await manager.query(
    `WITH deleted AS (
       UPDATE posts SET deleted_at = clock_timestamp(), deleted_by = $2
        WHERE id = $1 AND deleted_at IS NULL AND (author_id = $2 OR $3) RETURNING author_id
     ), counted AS (
       UPDATE user_stats SET posts_count = posts_count - 1 FROM deleted WHERE user_id = author_id
     ) SELECT author_id FROM deleted`,
    [id, deleterId, any],
  );
  return rows[0]?.author_id;
}

export async function restorePost(manager: EntityManager, id: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    `WITH restored AS (
       UPDATE posts SET deleted_at = NULL, deleted_by = NULL
        WHERE id = $1 AND deleted_at IS NOT NULL AND deleted_by <> author_id RETURNING author_id
     ), counted AS (
       UPDATE user_stats SET posts_count = posts_count + 1 FROM restored WHERE user_id = author_id
     ) SELECT FROM restored`,
    [id],
  );
  return rows.length === 1;
}

export async function selectAnyPost(manager: EntityManager, id: string): Promise<ListedPost | undefined> {
  const rows: ListedPost[] = await manager.query(
    `SELECT ${COLUMNS} FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = $1 AND p.deleted_at IS NULL`,
    [id],
  );
  return rows[0];
}

export interface KeptPost {
  readonly id: string;
  readonly text: string;
  readonly createdAt: string;
  readonly deletedAt: string | null;
}

export function selectPostBatch(
  manager: EntityManager,
  authorId: string,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<KeptPost[]> {
  return manager.query(
    `SELECT id::text, text, ${utcText('created_at')} AS "createdAt", ${utcText('deleted_at')} AS "deletedAt"
       FROM posts p WHERE author_id = $1 AND p.id > $2 ORDER BY p.id LIMIT $3`,
    [authorId, after ?? '0', limit],
  );
}

export async function erasePosts(tx: EntityManager, authorId: string, limit: number): Promise<number> {
  const [{ erased }]: [{ erased: number }] = await tx.query(
    `WITH gone AS (
       DELETE FROM posts WHERE id IN (SELECT id FROM posts WHERE author_id = $1 LIMIT $2) RETURNING 1
     ) SELECT count(*)::int AS erased FROM gone`,
    [authorId, limit],
  );
  return erased;
}

export const POSTS_CHANNEL = 'posts';

/** Outside the posting transaction: commits that notify wait for one another. */
export async function notifyOfPosts(manager: EntityManager): Promise<void> {
  await manager.query(`NOTIFY ${POSTS_CHANNEL}`);
}
