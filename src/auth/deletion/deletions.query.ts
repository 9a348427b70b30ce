import type { EntityManager } from 'typeorm';

import { row, rows, sql } from '../../database/sql.js';

export interface MarkedAccount {
  readonly email: string;
  readonly username: string;
  readonly deleteAfter: Date;
}

/** Ends logins under way. Never later than decided before, nor before the last way back expires: a thief must not destroy the account. Lock the row first. */
export function markForDeletion(
  tx: EntityManager,
  { userId, by, delayMs }: { userId: string; by: 'own' | 'staff'; delayMs: number },
): Promise<MarkedAccount | undefined> {
  return row(
    tx,
    sql`UPDATE users SET own_delete_after = CASE WHEN deletion = 'own' AND ${by} = 'staff' THEN delete_after END,
               token_epoch = token_epoch + 1, deletion = ${by}, delete_after = least(delete_after, greatest(clock_timestamp() + ${delayMs}::float8 * interval '1 ms',
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

export interface KeptAccount {
  readonly email: string;
  readonly username: string;
  readonly deleteAfter: Date | null;
}

/** What the version before left there is earlier: it did not know of the column. */
const HAS_OWN = sql`(own_delete_after >= delete_after)`;

/** Ends the wish of one side. Finds nothing where there is none, or once the erasure has begun. Lock the row first. */
export function unmark(tx: EntityManager, userId: string, by: 'own' | 'staff'): Promise<KeptAccount | undefined> {
  const others =
    by === 'own'
      ? sql`nullif(deletion, 'own'), CASE WHEN deletion = 'staff' THEN delete_after END`
      : sql`CASE WHEN ${HAS_OWN} THEN 'own' END, CASE WHEN ${HAS_OWN} THEN own_delete_after END`;
  const has = by === 'own' ? sql`(deletion = 'own' OR deletion = 'staff' AND ${HAS_OWN})` : sql`deletion = 'staff'`;
  return row(
    tx,
    sql`UPDATE users SET (deletion, delete_after) = ROW (${others}), own_delete_after = NULL WHERE id = ${userId} AND ${has}
        RETURNING email, username, delete_after AS "deleteAfter"`,
  );
}
