import type { EntityManager } from 'typeorm';

export interface MarkedAccount {
  readonly email: string;
  readonly username: string;
  readonly deleteAfter: Date;
}

/** Never later than decided before, nor before the last way back expires: a thief must not destroy the account. Lock the row first. */
export async function markForDeletion(
  tx: EntityManager,
  { userId, by, delayMs }: { userId: string; by: 'own' | 'staff'; delayMs: number },
): Promise<MarkedAccount | undefined> {
  const rows: MarkedAccount[] = await tx.query(
    `WITH marked AS (
       UPDATE users SET deletion = $2, delete_after = least(delete_after, greatest(clock_timestamp() + $3::float8 * interval '1 ms',
                                (SELECT max(f.expires_at) FROM former_addresses f WHERE f.user_id = users.id)))
        WHERE id = $1 RETURNING email, username, delete_after
     ) SELECT email, username, delete_after AS "deleteAfter" FROM marked`,
    [userId, by, delayMs],
  );
  return rows[0];
}

export async function selectWaysBack(tx: EntityManager, userId: string): Promise<string[]> {
  const rows: { email: string }[] = await tx.query(
    `SELECT email FROM former_addresses WHERE user_id = $1 AND expires_at > statement_timestamp() ORDER BY email`,
    [userId],
  );
  return rows.map(({ email }) => email);
}

/** Fails once the erasure has begun. Lock the row first. */
export async function unmark(
  tx: EntityManager,
  userId: string,
): Promise<Omit<MarkedAccount, 'deleteAfter'> | undefined> {
  const rows: MarkedAccount[] = await tx.query(
    `WITH kept AS (
       UPDATE users SET deletion = NULL, delete_after = NULL WHERE id = $1 AND deletion <> 'erasing'
       RETURNING email, username
     ) SELECT email, username FROM kept`,
    [userId],
  );
  return rows[0];
}
