/** Locks on accounts, until the end of the transaction. Several are locked in the order of ids: no deadlocks. */
import type { EntityManager } from 'typeorm';

import type { Role } from '../common/access.js';
import { rows, run, sql } from '../database/sql.js';
import type { DeletionKind } from './user.js';
import { IS_ERASING, isDisabledAt, isHiddenAt } from './users.query.js';

export interface LockedAccount {
  readonly id: string;
  readonly role: Role;
  readonly epoch: number;
  readonly confirmed: boolean;
  readonly disabled: boolean;
  readonly banned: boolean;
  readonly disabledUntil: Date | null;
  readonly disabledReason: string | null;
  readonly deletion: DeletionKind | null;
  readonly deleteAfter: Date | null;
  readonly now: Date;
}

export function lockAccounts(tx: EntityManager, ids: readonly string[]): Promise<LockedAccount[]> {
  return rows(
    tx,
    sql`SELECT u.id, u.role, u.token_epoch AS epoch, u.email_confirmed_at IS NOT NULL AS confirmed,
               ${isDisabledAt('clock_timestamp()')} AS disabled, u.status = 'disabled' AS banned,
               u.disabled_until AS "disabledUntil", u.disabled_reason AS "disabledReason", u.deletion,
               u.delete_after AS "deleteAfter", clock_timestamp() AS now
          FROM users u WHERE u.id = ANY(${ids}::uuid[]) AND NOT ${IS_ERASING} ORDER BY u.id FOR NO KEY UPDATE`,
  );
}

export interface Leaver {
  readonly id: string;
  readonly role: Role;
  readonly hashedPassword: string;
  readonly epoch: number;
  readonly deletion: DeletionKind | null;
  readonly hidden: boolean;
}

/** An admin's deletion locks all admins, ordered by id: two that leave at once are serialised. */
export function lockLeaver(tx: EntityManager, { id, role }: { id: string; role: Role }): Promise<Leaver[]> {
  return rows(
    tx,
    sql`SELECT u.id, u.role, u.hashed_password AS "hashedPassword", u.token_epoch AS epoch, u.deletion,
               ${isHiddenAt('clock_timestamp()')} AS hidden
          FROM users u WHERE u.id = ${id} OR (${role === 'admin'} AND u.role = 'admin') ORDER BY u.id FOR NO KEY UPDATE`,
  );
}

export function isLastAdmin(locked: readonly Leaver[], userId: string): boolean {
  const isAdmin = ({ id, role }: Leaver): boolean => id === userId && role === 'admin';
  return locked.some(isAdmin) && !locked.some(({ id, role, hidden }) => id !== userId && role === 'admin' && !hidden);
}

/** One lock order: two people who take each other's names are serialised, instead of a deadlock in the unique index. */
export async function lockUsernames(tx: EntityManager, usernames: readonly string[]): Promise<void> {
  const names = usernames.map((username) => username.toLowerCase());
  await run(
    tx,
    sql`SELECT pg_advisory_xact_lock(hashtextextended('username ' || name, 0))
          FROM (SELECT DISTINCT name FROM unnest(${names}::text[]) AS n (name) ORDER BY name OFFSET 0) AS names`,
  );
}
