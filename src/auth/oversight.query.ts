/** The SQL of what is done to other people's accounts. */
import type { EntityManager } from 'typeorm';

import type { Role } from '../common/access.js';
import { type DeletionKind, User } from '../users/user.entity.js';
import { isDisabledAt, isErasing } from '../users/users.query.js';

const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

export interface LockedAccount {
  readonly id: string;
  readonly role: Role;
  readonly epoch: number;
  /** Whether its address ever was. */
  readonly confirmed: boolean;
  /** Now. */
  readonly disabled: boolean;
  /** Of a ban that may be over by itself. */
  readonly banned: boolean;
  readonly disabledUntil: Date | null;
  readonly disabledReason: string | null;
  readonly deletion: DeletionKind | null;
  readonly deleteAfter: Date | null;
  readonly now: Date;
}

/** In one order for all, so that people who act on each other come one after the other. */
export function lockAccounts(tx: EntityManager, ids: readonly string[], offsetMs: number): Promise<LockedAccount[]> {
  return tx.query(
    `SELECT u.id, u.role, u.token_epoch AS epoch, u.email_confirmed_at IS NOT NULL AS confirmed, ${isDisabledAt('u', NOW)} AS disabled, u.status = 'disabled' AS banned,
            u.disabled_until AS "disabledUntil", u.disabled_reason AS "disabledReason", u.deletion,
            u.delete_after AS "deleteAfter", ${NOW} AS now
       FROM users u WHERE u.id = ANY($2::uuid[]) AND NOT ${isErasing('u')} ORDER BY u.id FOR NO KEY UPDATE`,
    [offsetMs, ids],
  );
}

export type StandingChange = Partial<Pick<User, 'role' | 'status' | 'disabledUntil' | 'disabledReason'>>;

/**
 * Changes a locked account and ends what its access tokens say.
 * @returns the epoch below which they have ended
 */
export async function changeStanding(tx: EntityManager, userId: string, change: StandingChange): Promise<number> {
  await tx.update(User, { id: userId }, { ...change, tokenEpoch: () => 'token_epoch + 1' });
  const rows: [{ epoch: number }] = await tx.query(
    `INSERT INTO revocations (user_id, min_epoch) SELECT id, token_epoch FROM users WHERE id = $1 RETURNING min_epoch AS epoch`,
    [userId],
  );
  return rows[0].epoch;
}
