import type { EntityManager } from 'typeorm';

import { row, run, sql } from '../database/sql.js';

/** Closes an account that is due, or whose erasure was interrupted. A racing login locks the row and wins. */
export async function closeDueAccount(manager: EntityManager, except: readonly string[]): Promise<string | undefined> {
  const closed = await row<{ id: string }>(
    manager,
    sql`WITH due AS (
          SELECT id FROM users WHERE delete_after <= statement_timestamp() AND id <> ALL(${except}::uuid[])
           ORDER BY delete_after LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE users u SET deletion = 'erasing' FROM due WHERE u.id = due.id RETURNING u.id`,
  );
  return closed?.id;
}

export interface ClosedAccount {
  readonly email: string;
  readonly username: string;
}

export function lockClosedAccount(tx: EntityManager, id: string): Promise<ClosedAccount | undefined> {
  return row(
    tx,
    sql`SELECT email, username FROM users WHERE id = ${id} AND deletion = 'erasing' FOR NO KEY UPDATE SKIP LOCKED`,
  );
}

export async function deleteAccount(tx: EntityManager, id: string): Promise<void> {
  await run(tx, sql`DELETE FROM users WHERE id = ${id}`);
}
