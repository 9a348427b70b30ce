import type { EntityManager } from 'typeorm';

/** Closes an account that is due, or whose erasure was interrupted. A racing login locks the row and wins. */
export async function closeDueAccount(manager: EntityManager, except: readonly string[]): Promise<string | undefined> {
  const rows: { id: string }[] = await manager.query(
    `WITH due AS (
       SELECT id FROM users WHERE delete_after <= statement_timestamp() AND id <> ALL($1::uuid[])
        ORDER BY delete_after LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
     ), closed AS (
       UPDATE users u SET deletion = 'erasing' FROM due WHERE u.id = due.id RETURNING u.id
     ) SELECT id FROM closed`,
    [except],
  );
  return rows[0]?.id;
}

export interface ClosedAccount {
  readonly email: string;
  readonly username: string;
}

export async function lockClosedAccount(tx: EntityManager, id: string): Promise<ClosedAccount | undefined> {
  const rows: ClosedAccount[] = await tx.query(
    `SELECT email, username FROM users WHERE id = $1 AND deletion = 'erasing' FOR NO KEY UPDATE SKIP LOCKED`,
    [id],
  );
  return rows[0];
}

export async function deleteAccount(tx: EntityManager, id: string): Promise<void> {
  await tx.query('DELETE FROM users WHERE id = $1', [id]);
}
