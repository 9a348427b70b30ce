/** Accounts as moderators and admins see them. */
import type { EntityManager } from 'typeorm';

import { utcText } from '../common/timestamps.js';
import type { User } from './user.entity.js';

/** A ban with an end is over by itself. @param now an expression of the database's time */
export function isDisabledAt(table: string, now: string): string {
  return `(${table}.status = 'disabled' AND (${table}.disabled_until IS NULL OR ${table}.disabled_until > ${now}))`;
}

/** The database's time, moved by the injected clock's offset ($1, in milliseconds; 0 outside tests). */
const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

type Time = 'createdAt' | 'updatedAt' | 'emailConfirmedAt' | 'disabledUntil';

/** An account as it is read for staff: the status is that of now, timestamps are text. */
export type ListedUser = Omit<User, Time | 'hashedPassword' | 'tokenEpoch'> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly emailConfirmedAt: string | null;
  readonly disabledUntil: string | null;
};

const COLUMNS = `u.id, u.email, u.username, u.display_name AS "displayName", u.bio, u.role,
            ${utcText('u.email_confirmed_at')} AS "emailConfirmedAt", s.status,
            CASE s.status WHEN 'disabled' THEN ${utcText('u.disabled_until')} END AS "disabledUntil",
            CASE s.status WHEN 'disabled' THEN u.disabled_reason END AS "disabledReason",
            ${utcText('u.created_at')} AS "createdAt", ${utcText('u.updated_at')} AS "updatedAt"`;

const FROM = `users u, LATERAL (SELECT CASE WHEN ${isDisabledAt('u', NOW)} THEN 'disabled' ELSE 'active' END AS status) s`;

export async function selectUser(
  manager: EntityManager,
  id: string,
  offsetMs: number,
): Promise<ListedUser | undefined> {
  const rows: ListedUser[] = await manager.query(`SELECT ${COLUMNS} FROM ${FROM} WHERE u.id = $2`, [offsetMs, id]);
  return rows[0];
}

export async function selectIsDisabled(manager: EntityManager, id: string, offsetMs: number): Promise<boolean> {
  const rows: unknown[] = await manager.query(`SELECT 1 FROM users u WHERE u.id = $2 AND ${isDisabledAt('u', NOW)}`, [
    offsetMs,
    id,
  ]);
  return rows.length === 1;
}
