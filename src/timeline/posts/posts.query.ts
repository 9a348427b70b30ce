import type { EntityManager } from 'typeorm';

import { type Database, deleteBatch, empty, one, raw, row, rows, run, sql, utcText } from '../../database/sql.js';
import { isSeen, type Viewing } from '../people/viewing.query.js';

export interface ListedPost {
  readonly id: string;
  readonly authorId: string;
  readonly username: string;
  readonly text: string;
  readonly createdAt: string;
}

const LISTED = sql`SELECT p.id::text, p.author_id AS "authorId", u.username, p.text, ${utcText('p.created_at')} AS "createdAt"
          FROM posts p JOIN users u ON u.id = p.author_id`;

export async function insertPost(
  manager: EntityManager,
  { authorId, text }: { authorId: string; text: string },
): Promise<ListedPost | undefined> {
  const { id, username, createdAt } = await one<{ id: string | null; username: string; createdAt: string }>(
    manager,
    sql`SELECT id, username, created_at AS "createdAt" FROM insert_post(${authorId}, ${text})`,
  );
  return id === null ? undefined : { id, authorId, username, text, createdAt };
}

export function selectPost(manager: EntityManager, id: string, viewing: Viewing): Promise<ListedPost | undefined> {
  return row(manager, sql`${LISTED} WHERE p.id = ${id} AND p.deleted_at IS NULL AND ${isSeen(viewing)}`);
}

export interface AuthorPage {
  readonly authorId: string;
  readonly before: string | undefined;
  readonly limit: number;
}

export function selectPostsOf(db: Database, { authorId, before, limit }: AuthorPage): Promise<ListedPost[]> {
  const below = before === undefined ? empty : sql`AND p.id < ${before}`;
  return rows(
    db,
    sql`${LISTED} WHERE p.author_id = ${authorId} AND p.deleted_at IS NULL ${below} ORDER BY p.id DESC LIMIT ${limit}`,
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
  const deleted = await row<{ author_id: string }>(
    manager,
    sql`WITH deleted AS (
          UPDATE posts SET deleted_at = clock_timestamp(), deleted_by = ${deleterId}
           WHERE id = ${id} AND deleted_at IS NULL AND (author_id = ${deleterId} OR ${any}) RETURNING author_id
        ), counted AS (
          UPDATE user_stats SET posts_count = posts_count - 1 FROM deleted WHERE user_id = author_id
        ) SELECT author_id FROM deleted`,
  );
  return deleted?.author_id;
}

export async function restorePost(manager: EntityManager, id: string): Promise<boolean> {
  const restored = await rows(
    manager,
    sql`WITH restored AS (
          UPDATE posts SET deleted_at = NULL, deleted_by = NULL
           WHERE id = ${id} AND deleted_at IS NOT NULL AND deleted_by <> author_id RETURNING author_id
        ), counted AS (
          UPDATE user_stats SET posts_count = posts_count + 1 FROM restored WHERE user_id = author_id
        ) SELECT FROM restored`,
  );
  return restored.length === 1;
}

export function selectAnyPost(manager: EntityManager, id: string): Promise<ListedPost | undefined> {
  return row(manager, sql`${LISTED} WHERE p.id = ${id} AND p.deleted_at IS NULL`);
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
  return rows(
    manager,
    sql`SELECT id::text, text, ${utcText('created_at')} AS "createdAt", ${utcText('deleted_at')} AS "deletedAt"
          FROM posts p WHERE author_id = ${authorId} AND p.id > ${after ?? '0'} ORDER BY p.id LIMIT ${limit}`,
  );
}

export function erasePosts(tx: EntityManager, authorId: string, limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'posts', where: sql`author_id = ${authorId}` }, limit);
}

export const POSTS_CHANNEL = 'posts';

/** Outside the posting transaction: commits that notify wait for one another. */
export async function notifyOfPosts(manager: EntityManager): Promise<void> {
  await run(manager, raw(`NOTIFY ${POSTS_CHANNEL}`));
}
