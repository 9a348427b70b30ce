import type { EntityManager } from 'typeorm';

import { row, rows, sql } from '../../database/sql.js';

export interface MarkedAccount {
  readonly email: string;
  readonly username: string;
  readonly deleteAfter: Date;
}

/** Never later than decided before, nor before the last way back expires: a thief must not destroy the account. Lock the row first. */
export function markForDeletion(
  tx: EntityManager,
  { userId, by, delayMs }: { userId: string; by: 'own' | 'staff'; delayMs: number },
): Promise<MarkedAccount | undefined> {
  return row(
    tx,
    sql`UPDATE users SET deletion = ${by}, delete_after = least(delete_after, greatest(clock_timestamp() + ${delayMs}::float8 * interval '1 ms',
                                   (SELECT max(f.expires_at) FROM former_addresses f WHERE f.user_id = users.id)))
         WHERE id = ${userId} RETURNING email, username, delete_after AS "deleteAfter"`,
  );
}

export async function selectWaysBack(tx: EntityManager, userId: string): Promise<string[]> {
  const ways = await rows<{ email: string }>(
    tx,
    sql`SELECT email FROM former_addresses WHERE user_id = ${userId} AND expires_at > statement_timestamp() ORDER BY email`,
  );
  return ways.map(({ email }) => email);
}

/** Fails once the erasure has begun. Lock the row first. */
export function unmark(tx: EntityManager, userId: string): Promise<Omit<MarkedAccount, 'deleteAfter'> | undefined> {
  return row(
    tx,
    sql`UPDATE users SET deletion = NULL, delete_after = NULL WHERE id = ${userId} AND deletion <> 'erasing'
        RETURNING email, username`,
  );
}
