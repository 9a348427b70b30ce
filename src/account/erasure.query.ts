/** The SQL of erasure. */
import type { EntityManager } from 'typeorm';
import { NOW } from '../database/sql.js';

/**
 * Closes an account whose time has come, or whose erasure was begun and not ended: from then on nobody finds it. A login at
 * that moment has its row, and is left to win; or comes later, and finds nobody.
 * @param except accounts that are not to be looked at
 * @returns its id; undefined when there is none
 */
export async function closeDueAccount(
  manager: EntityManager,
  { except, offsetMs }: { except: readonly string[]; offsetMs: number },
): Promise<string | undefined> {
  const rows: { id: string }[] = await manager.query(
    `WITH due AS (
       SELECT id FROM users WHERE delete_after <= ${NOW} AND id <> ALL($2::uuid[])
        ORDER BY delete_after LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
     ), closed AS (
       UPDATE users u SET deletion = 'erasing' FROM due WHERE u.id = due.id RETURNING u.id
     ) SELECT id FROM closed`,
    [offsetMs, except],
  );
  return rows[0]?.id;
}

export interface ClosedAccount {
  readonly email: string;
  readonly username: string;
}

/** Until the end of the transaction. @returns undefined when another instance works on it, or it is gone */
export async function lockClosedAccount(tx: EntityManager, id: string): Promise<ClosedAccount | undefined> {
  const rows: ClosedAccount[] = await tx.query(
    `SELECT email, username FROM users WHERE id = $1 AND deletion = 'erasing' FOR NO KEY UPDATE SKIP LOCKED`,
    [id],
  );
  return rows[0];
}

/** What still refers to it goes with it: mailed tokens, and what was written by a request that was under way. */
export async function deleteAccount(tx: EntityManager, id: string): Promise<void> {
  await tx.query('DELETE FROM users WHERE id = $1', [id]);
}
