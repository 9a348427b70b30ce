/** The SQL of deletions that are not final yet. */
import type { EntityManager } from 'typeorm';

import type { Role } from '../common/access.js';
import type { DeletionKind } from '../users/user.entity.js';
import { isHiddenAt } from '../users/users.query.js';

/** The database's time, moved by the injected clock's offset ($1, in milliseconds; 0 outside tests). */
const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

export interface Leaver {
  readonly id: string;
  readonly role: Role;
  readonly hashedPassword: string;
  readonly epoch: number;
  readonly deletion: DeletionKind | null;
  /** Whether it is disabled now, or going to be deleted. */
  readonly hidden: boolean;
}

/**
 * Locks an account that its owner deletes, and with an admin's all admins': two that leave at once come one after the other.
 * In one order for all, as everything that locks several accounts.
 */
export function lockLeaver(
  tx: EntityManager,
  { id, role }: { id: string; role: Role },
  offsetMs: number,
): Promise<Leaver[]> {
  return tx.query(
    `SELECT u.id, u.role, u.hashed_password AS "hashedPassword", u.token_epoch AS epoch, u.deletion,
            ${isHiddenAt('u', NOW)} AS hidden
       FROM users u WHERE u.id = $2 OR ($3 AND u.role = 'admin') ORDER BY u.id FOR NO KEY UPDATE`,
    [offsetMs, id, role === 'admin'],
  );
}

/** Whether no admin stays when this account leaves: each sees who else leaves, because each locks all of them. */
export function isLastAdmin(locked: readonly Leaver[], userId: string): boolean {
  const isAdmin = ({ id, role }: Leaver): boolean => id === userId && role === 'admin';
  return locked.some(isAdmin) && !locked.some(({ id, role, hidden }) => id !== userId && role === 'admin' && !hidden);
}

export interface MarkedAccount {
  readonly email: string;
  readonly username: string;
  readonly deleteAfter: Date;
}

/**
 * Never later than what was decided before, and never before an address that the account had can no more be brought back:
 * whoever took the account from its owner must not destroy it. The row is locked by the caller.
 */
export async function markForDeletion(
  tx: EntityManager,
  { userId, by, delayMs, offsetMs }: { userId: string; by: 'own' | 'staff'; delayMs: number; offsetMs: number },
): Promise<MarkedAccount | undefined> {
  const rows: MarkedAccount[] = await tx.query(
    `WITH marked AS (
       UPDATE users SET deletion = $3, delete_after = least(delete_after, greatest(${NOW} + $4::float8 * interval '1 ms',
                                (SELECT max(f.expires_at) FROM former_addresses f WHERE f.user_id = users.id)))
        WHERE id = $2 RETURNING email, username, delete_after
     ) SELECT email, username, delete_after AS "deleteAfter" FROM marked`,
    [offsetMs, userId, by, delayMs],
  );
  return rows[0];
}

/** Where an account could still be brought back to, besides its address. */
export async function selectWaysBack(tx: EntityManager, userId: string, offsetMs: number): Promise<string[]> {
  const rows: { email: string }[] = await tx.query(
    `SELECT email FROM former_addresses WHERE user_id = $2 AND expires_at > ${NOW} ORDER BY email`,
    [offsetMs, userId],
  );
  return rows.map(({ email }) => email);
}

/** Not once its erasure has begun. The row is locked by the caller. */
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
