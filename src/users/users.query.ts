import type { EntityManager } from 'typeorm';

import type { Role } from '../common/access.js';
import type { CursorKey } from '../common/pagination.js';
import { escapeLike } from '../common/text.js';
import { isoTimestamp, utcText } from '../common/timestamps.js';
import type { AccountStatus, User } from './user.entity.js';

export function isDisabledAt(table: string, now: string): string {
  return `(${table}.status = 'disabled' AND (${table}.disabled_until IS NULL OR ${table}.disabled_until > ${now}))`;
}

export function isHiddenAt(table: string, now: string): string {
  return `is_hidden(${table}, ${now})`;
}

/** From its first step on, an account under erasure cannot be found, changed or logged into. */
export function isErasing(table: string): string {
  return `(${table}.deletion IS NOT DISTINCT FROM 'erasing')`;
}

type Time = 'createdAt' | 'updatedAt' | 'emailConfirmedAt' | 'disabledUntil' | 'deleteAfter';

export type ListedUser = Omit<User, Time | 'hashedPassword' | 'tokenEpoch'> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly emailConfirmedAt: string | null;
  readonly disabledUntil: string | null;
  readonly deleteAfter: string | null;
};

const COLUMNS = `u.id, u.email, u.username, u.display_name AS "displayName", u.bio, u.role,
            ${utcText('u.email_confirmed_at')} AS "emailConfirmedAt", s.status,
            CASE s.status WHEN 'disabled' THEN ${utcText('u.disabled_until')} END AS "disabledUntil",
            CASE s.status WHEN 'disabled' THEN u.disabled_reason END AS "disabledReason",
            u.deletion, ${utcText('u.delete_after')} AS "deleteAfter",
            ${utcText('u.created_at')} AS "createdAt", ${utcText('u.updated_at')} AS "updatedAt"`;

const FROM = `users u, LATERAL (SELECT CASE WHEN ${isDisabledAt('u', 'statement_timestamp()')} THEN 'disabled' ELSE 'active' END AS status) s`;

export async function selectUser(manager: EntityManager, id: string): Promise<ListedUser | undefined> {
  const rows: ListedUser[] = await manager.query(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE u.id = $1 AND NOT ${isErasing('u')}`,
    [id],
  );
  return rows[0];
}

export const USER_SORTS = ['-created_at', 'created_at', 'email', 'username'] as const;
export type UserSort = (typeof USER_SORTS)[number];

export interface UserFilter {
  readonly q?: string | undefined;
  readonly role?: Role | undefined;
  readonly status?: AccountStatus | undefined;
  readonly confirmed?: boolean | undefined;
  readonly deleting?: boolean | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdTo?: Date | undefined;
}

interface Order {
  readonly column: string;
  readonly type: 'timestamptz' | 'varchar' | 'text';
  readonly direction: 'ASC' | 'DESC';
  readonly keyOf: (user: ListedUser) => CursorKey;
}

const byCreation = ({ createdAt, id }: ListedUser): CursorKey => [isoTimestamp(createdAt), id];

const ORDERS: Record<UserSort, Order> = {
  '-created_at': { column: 'u.created_at', type: 'timestamptz', direction: 'DESC', keyOf: byCreation },
  created_at: { column: 'u.created_at', type: 'timestamptz', direction: 'ASC', keyOf: byCreation },
  email: { column: 'u.email', type: 'varchar', direction: 'ASC', keyOf: ({ email, id }) => [email, id] },
  // Must match the index.
  username: {
    column: 'lower(u.username COLLATE "C")',
    type: 'text',
    direction: 'ASC',
    keyOf: ({ username, id }) => [username.toLowerCase(), id],
  },
};

export function userKey(sort: UserSort, user: ListedUser): CursorKey {
  return ORDERS[sort].keyOf(user);
}

/** Must match the trigram index. */
const SEARCHED = `fold_text(u.email || ' ' || u.username || ' ' || coalesce(u.display_name, ''))`;

export function selectUserPage(
  manager: EntityManager,
  { q, role, status, confirmed, deleting, createdFrom, createdTo }: UserFilter,
  page: { sort: UserSort; after: CursorKey | undefined; limit: number },
): Promise<ListedUser[]> {
  const { column, type, direction } = ORDERS[page.sort];
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [`NOT ${isErasing('u')}`];
  if (q !== undefined) {
    const pattern = `fold_text(${bind(`%${escapeLike(q)}%`)})`;
    conditions.push(`${SEARCHED} LIKE ${pattern}`);
    // Only a text with a space matches across two; the planner has no statistics for each.
    const each = ['u.email', 'u.username', 'u.display_name'].map((column) => `fold_text(${column}) LIKE ${pattern}`);
    if (q.includes(' ')) conditions.push(`(${each.join(' OR ')})`);
  }
  if (role !== undefined) conditions.push(`u.role = ${bind(role)}`);
  if (status !== undefined) conditions.push(`s.status = ${bind(status)}`);
  if (confirmed !== undefined) conditions.push(`u.email_confirmed_at IS ${confirmed ? 'NOT ' : ''}NULL`);
  if (deleting !== undefined) conditions.push(`u.delete_after IS ${deleting ? 'NOT ' : ''}NULL`);
  if (createdFrom) conditions.push(`u.created_at >= ${bind(createdFrom)}`);
  if (createdTo) conditions.push(`u.created_at < ${bind(createdTo)}`);
  if (page.after) {
    const [value, id] = page.after;
    const comparison = direction === 'ASC' ? '>' : '<';
    conditions.push(`(${column}, u.id) ${comparison} (${bind(value)}::${type}, ${bind(id)}::uuid)`);
  }
  return manager.query(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE ${conditions.join(' AND ')}
      ORDER BY ${column} ${direction}, u.id ${direction} LIMIT ${bind(page.limit)}`,
    values,
  );
}

export async function selectIsDisabled(manager: EntityManager, id: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    `SELECT 1 FROM users u WHERE u.id = $1 AND ${isDisabledAt('u', 'statement_timestamp()')}`,
    [id],
  );
  return rows.length === 1;
}

/** Whether an address is reserved for another account. The row exists long before the address is free, so a transaction
 * that finds the address free sees the row. @param user an expression; null: nobody */
export function isKept(email: string, { user, now }: { user: string; now: string }): string {
  return `EXISTS (SELECT FROM former_addresses k WHERE k.email = ${email} AND k.expires_at > ${now} AND k.user_id IS DISTINCT FROM ${user})`;
}

export async function insertUser(
  tx: EntityManager,
  user: { email: string; username: string; hashedPassword: string },
): Promise<string | undefined> {
  const rows: { id: string }[] = await tx.query(
    `INSERT INTO users (email, username, hashed_password)
     SELECT $1::varchar, $2::varchar, $3::varchar WHERE NOT ${isKept('$1', { user: 'NULL', now: 'clock_timestamp()' })}
     ON CONFLICT (email) DO NOTHING RETURNING id`,
    [user.email, user.username, user.hashedPassword],
  );
  return rows[0]?.id;
}

/** Lock the row first. Frees address and name, and leaves the account to erasure. */
export async function abandonAccount(tx: EntityManager, id: string): Promise<void> {
  await tx.query(
    `UPDATE users SET email = id::text, deletion = 'erasing', delete_after = clock_timestamp(), token_epoch = token_epoch + 1 WHERE id = $1`,
    [id],
  );
}

/** Also confirms it. @returns false when it is reserved for another account; throws when it is taken */
export async function updateEmail(tx: EntityManager, { id, email }: { id: string; email: string }): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `WITH changed AS (
       UPDATE users SET email = $2, email_confirmed_at =
              CASE WHEN email = $2 THEN coalesce(email_confirmed_at, clock_timestamp()) ELSE clock_timestamp() END
        WHERE id = $1 AND NOT ${isKept('$2::varchar', { user: '$1', now: 'clock_timestamp()' })} RETURNING 1
     ) SELECT FROM changed`,
    [id, email],
  );
  return rows.length === 1;
}

export interface AddressHolder {
  readonly id: string;
  readonly username: string;
}

/** Includes reserved addresses. @param except an account to ignore */
export async function selectHolder(
  manager: EntityManager,
  { email, except }: { email: string; except: string | undefined },
): Promise<AddressHolder | undefined> {
  const rows: AddressHolder[] = await manager.query(
    `SELECT u.id, u.username FROM users u
      WHERE u.id IS DISTINCT FROM $2::uuid AND u.id IN (
              SELECT id FROM users WHERE email = $1
               UNION ALL SELECT user_id FROM former_addresses WHERE email = $1 AND expires_at > statement_timestamp())`,
    [email, except ?? null],
  );
  return rows[0];
}
