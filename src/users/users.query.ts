import type { EntityManager } from 'typeorm';

import type { Role } from '../common/access.js';
import type { CursorKey } from '../common/pagination.js';
import { escapeLike, HAS_TRIGRAM } from '../common/text.js';
import { isoTimestamp } from '../common/timestamps.js';
import { affected, empty, join, one, raw, row, rows, run, type Sql, sql, utcText } from '../database/sql.js';
import type { AccountStatus, User } from './user.js';

type Now = 'statement_timestamp()' | 'clock_timestamp()';

export function isDisabledAt(now: Now): Sql {
  return raw(`(u.status = 'disabled' AND (u.disabled_until IS NULL OR u.disabled_until > ${now}))`);
}

export function isHiddenAt(now: Now): Sql {
  return raw(`is_hidden(u, ${now})`);
}

/** From its first step on, an account under erasure cannot be found, changed or logged into. */
export const IS_ERASING = sql`(u.deletion IS NOT DISTINCT FROM 'erasing')`;

const COLUMNS = sql`u.id, u.email, u.username, u.display_name AS "displayName", u.bio, u.hashed_password AS "hashedPassword",
               u.role, u.status, u.disabled_until AS "disabledUntil", u.disabled_reason AS "disabledReason", u.deletion,
               u.delete_after AS "deleteAfter", u.email_confirmed_at AS "emailConfirmedAt", u.second_factors AS "secondFactors",
               u.token_epoch AS "tokenEpoch",
               ${utcText('u.created_at')} AS "createdAt", ${utcText('u.updated_at')} AS "updatedAt"`;

export type AccountIdentifier = { email: string } | { username: string };

/** @param lock none, or one that allows concurrent inserts of rows that refer to the user */
export function selectAccount(
  manager: EntityManager,
  identifier: AccountIdentifier | { id: string },
  lock: 'read' | 'locked' = 'read',
): Promise<User | undefined> {
  const where = isNamed(identifier);
  const locking = lock === 'locked' ? raw('FOR NO KEY UPDATE') : empty;
  return row(manager, sql`SELECT ${COLUMNS} FROM users u WHERE ${where} AND NOT ${IS_ERASING} ${locking}`);
}

function isNamed(identifier: AccountIdentifier | { id: string }): Sql {
  if ('id' in identifier) return sql`u.id = ${identifier.id}`;
  if ('email' in identifier) return sql`u.email = ${identifier.email}`;
  return sql`lower(u.username COLLATE "C") = ${identifier.username.toLowerCase()}`;
}

/** Erasing accounts count, too: else the unique index would tell which address is known. */
export async function isTaken(tx: EntityManager, username: string): Promise<boolean> {
  return (await rows(tx, sql`SELECT 1 FROM users u WHERE ${isNamed({ username })}`)).length > 0;
}

const COLUMN_OF = {
  username: 'username',
  displayName: 'display_name',
  bio: 'bio',
  hashedPassword: 'hashed_password',
  role: 'role',
  status: 'status',
  disabledUntil: 'disabled_until',
  disabledReason: 'disabled_reason',
  secondFactors: 'second_factors',
} as const;

export type UserChanges = { readonly [Field in keyof typeof COLUMN_OF]?: User[Field] | undefined } & {
  readonly confirm?: true;
  readonly endAccessTokens?: true;
};

export function updateUser(
  tx: EntityManager,
  id: string,
  { confirm, endAccessTokens, ...changes }: UserChanges,
): Promise<User> {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const set = given.map(([field, value]) => sql`${raw(COLUMN_OF[field as keyof typeof COLUMN_OF])} = ${value}`);
  if (confirm) set.push(sql`email_confirmed_at = coalesce(u.email_confirmed_at, clock_timestamp())`);
  if (endAccessTokens) set.push(sql`token_epoch = u.token_epoch + 1`);
  return one(tx, sql`UPDATE users u SET ${join(set)} WHERE u.id = ${id} RETURNING ${COLUMNS}`);
}

/** @returns false when the account changed since its password was verified; otherwise its row stays locked */
export async function replaceHash(tx: EntityManager, user: User, hash: string): Promise<boolean> {
  const changed = await affected(
    tx,
    sql`UPDATE users SET hashed_password = ${hash} WHERE id = ${user.id} AND hashed_password = ${user.hashedPassword}
           AND token_epoch = ${user.tokenEpoch} AND status = ${user.status}`,
  );
  return changed === 1;
}

type Time = 'emailConfirmedAt' | 'disabledUntil' | 'deleteAfter';

export type ListedUser = Omit<User, Time | 'hashedPassword' | 'tokenEpoch' | 'secondFactors'> & {
  readonly emailConfirmedAt: string | null;
  readonly disabledUntil: string | null;
  readonly deleteAfter: string | null;
};

const LISTED = listedOf(sql`users`);

function listedOf(source: Sql): Sql {
  return sql`SELECT u.id, u.email, u.username, u.display_name AS "displayName", u.bio, u.role,
               ${utcText('u.email_confirmed_at')} AS "emailConfirmedAt", s.status,
               CASE s.status WHEN 'disabled' THEN ${utcText('u.disabled_until')} END AS "disabledUntil",
               CASE s.status WHEN 'disabled' THEN u.disabled_reason END AS "disabledReason",
               u.deletion, ${utcText('u.delete_after')} AS "deleteAfter",
               ${utcText('u.created_at')} AS "createdAt", ${utcText('u.updated_at')} AS "updatedAt"
          FROM ${source} u, LATERAL (
            SELECT CASE WHEN ${isDisabledAt('statement_timestamp()')} THEN 'disabled' ELSE 'active' END AS status) s
         WHERE NOT ${IS_ERASING}`;
}

export function selectUser(manager: EntityManager, id: string): Promise<ListedUser | undefined> {
  return row(manager, sql`${LISTED} AND u.id = ${id}`);
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

/** Must match the indexes. */
const SEARCHED = raw(`fold_text(u.email || ' ' || u.username || ' ' || coalesce(u.display_name, ''))`);

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const NEAR_ACCOUNTS = { rows: 3_000 };

interface UserPage {
  readonly sort: UserSort;
  readonly after: CursorKey | undefined;
  readonly limit: number;
}

/** In two steps: the planner cannot know which is short. Filters, too, as those who pass may be anywhere among the names. */
export async function selectUserPage(
  manager: EntityManager,
  filter: UserFilter,
  page: UserPage,
): Promise<ListedUser[]> {
  const { q } = filter;
  const all = [...beyond(page), ...passing(filter)];
  if (q === undefined && isCertain(filter, page)) return rows(manager, cut(page, sql`users`, all));
  const near = sql`${ordered(page, beyond(page))} LIMIT ${NEAR_ACCOUNTS.rows}`;
  const found = await rows<ListedUser>(manager, cutAgain(page, near, [...passing(filter), ...contain(q)]));
  if (found.length === page.limit) return found;
  const indexed = sql`${ordered(page, [...isIndexed(q), ...all])} OFFSET 0`;
  return rows(manager, cutAgain(page, indexed, contain(q)));
}

function isCertain(filter: UserFilter, { sort }: UserPage): boolean {
  return sort.endsWith('created_at') || passing(filter).length === 0;
}

function ordered({ sort }: UserPage, conditions: readonly Sql[]): Sql {
  const { column, direction } = ORDERS[sort];
  return sql`SELECT u.*, ${raw(column)} AS place FROM users u WHERE ${join([sql`true`, ...conditions], ' AND ')}
              ORDER BY ${raw(`${column} ${direction}, u.id ${direction}`)}`;
}

function cut({ sort, limit }: UserPage, source: Sql, conditions: readonly Sql[]): Sql {
  const { column, direction } = ORDERS[sort];
  const order = raw(`ORDER BY ${column} ${direction}, u.id ${direction}`);
  return sql`${listedOf(source)} ${join([empty, ...conditions], ' AND ')} ${order} LIMIT ${limit}`;
}

function cutAgain({ sort, limit }: UserPage, source: Sql, conditions: readonly Sql[]): Sql {
  const { direction } = ORDERS[sort];
  const order = raw(`ORDER BY u.place ${direction}, u.id ${direction}`);
  return sql`${listedOf(sql`(${source})`)} ${join([empty, ...conditions], ' AND ')} ${order} LIMIT ${limit}`;
}

function beyond({ sort, after }: UserPage): Sql[] {
  if (!after) return [];
  const { column, type, direction } = ORDERS[sort];
  const compared = raw(`(${column}, u.id) ${direction === 'ASC' ? '>' : '<'}`);
  return [sql`${compared} (${after[0]}::${raw(type)}, ${after[1]}::uuid)`];
}

function passing({ role, status, confirmed, deleting, createdFrom, createdTo }: UserFilter): Sql[] {
  const disabled = isDisabledAt('statement_timestamp()');
  const conditions: Sql[] = [];
  if (role !== undefined) conditions.push(sql`u.role = ${role}`);
  if (status !== undefined) conditions.push(status === 'disabled' ? disabled : sql`NOT ${disabled}`);
  if (confirmed !== undefined) conditions.push(raw(`u.email_confirmed_at IS ${confirmed ? 'NOT ' : ''}NULL`));
  if (deleting !== undefined) conditions.push(raw(`u.delete_after IS ${deleting ? 'NOT ' : ''}NULL`));
  if (createdFrom) conditions.push(sql`u.created_at >= ${createdFrom}`);
  if (createdTo) conditions.push(sql`u.created_at < ${createdTo}`);
  return conditions;
}

/** Only a text with a space matches across two fields. */
function contain(q: string | undefined): Sql[] {
  if (q === undefined) return [];
  const pattern = sql`fold_text(${`%${escapeLike(q)}%`})`;
  const each = ['u.email', 'u.username', 'u.display_name'].map((name) => sql`fold_text(${raw(name)}) LIKE ${pattern}`);
  return [orHasId(q, sql`${SEARCHED} LIKE ${pattern}`), ...(q.includes(' ') ? [join(each, ' OR ', '(', ')')] : [])];
}

function isIndexed(q: string | undefined): Sql[] {
  if (q === undefined) return [];
  if (HAS_TRIGRAM.test(q)) return [orHasId(q, sql`${SEARCHED} LIKE fold_text(${`%${escapeLike(q)}%`})`)];
  return [sql`short_grams(${SEARCHED}) @> short_grams(fold_text(${q}))`];
}

function orHasId(q: string, condition: Sql): Sql {
  return UUID.test(q) ? sql`(${condition} OR u.id = ${q}::uuid)` : condition;
}

export async function selectIsDisabled(manager: EntityManager, id: string): Promise<boolean> {
  const disabled = sql`SELECT 1 FROM users u WHERE u.id = ${id} AND ${isDisabledAt('statement_timestamp()')}`;
  return (await rows(manager, disabled)).length === 1;
}

/** Whether an address is reserved for another account. The row exists long before the address is free, so a transaction
 * that finds the address free sees the row. @param user undefined: nobody */
export function isKept(email: Sql, user?: string): Sql {
  return sql`EXISTS (SELECT FROM former_addresses k WHERE k.email = ${email} AND k.expires_at > clock_timestamp()
                        AND k.user_id IS DISTINCT FROM ${user}::uuid)`;
}

export function insertUser(
  tx: EntityManager,
  { email, username, hashedPassword }: { email: string; username: string; hashedPassword: string },
): Promise<User | undefined> {
  return row(
    tx,
    sql`INSERT INTO users AS u (email, username, hashed_password)
        SELECT ${email}::varchar, ${username}::varchar, ${hashedPassword}::varchar WHERE NOT ${isKept(sql`${email}`)}
        ON CONFLICT (email) DO NOTHING RETURNING ${COLUMNS}`,
  );
}

/** Lock the row first. Frees address and name, and leaves the account to erasure. */
export async function abandonAccount(tx: EntityManager, id: string): Promise<void> {
  await run(
    tx,
    sql`UPDATE users SET email = id::text, deletion = 'erasing', delete_after = clock_timestamp(), token_epoch = token_epoch + 1
         WHERE id = ${id}`,
  );
}

/** Also confirms it. @returns false when it is reserved for another account; throws when it is taken */
export async function updateEmail(tx: EntityManager, { id, email }: { id: string; email: string }): Promise<boolean> {
  const changed = await affected(
    tx,
    sql`UPDATE users SET email = ${email}, email_confirmed_at =
               CASE WHEN email = ${email} THEN coalesce(email_confirmed_at, clock_timestamp()) ELSE clock_timestamp() END
         WHERE id = ${id} AND NOT ${isKept(sql`${email}`, id)}`,
  );
  return changed === 1;
}

export interface AddressHolder {
  readonly id: string;
  readonly username: string;
}

/** Includes reserved addresses. @param except an account to ignore */
export function selectHolder(
  manager: EntityManager,
  { email, except }: { email: string; except: string | undefined },
): Promise<AddressHolder | undefined> {
  return row(
    manager,
    sql`SELECT u.id, u.username FROM users u
         WHERE u.id IS DISTINCT FROM ${except}::uuid AND u.id IN (
                 SELECT id FROM users WHERE email = ${email}
                  UNION ALL SELECT user_id FROM former_addresses WHERE email = ${email} AND expires_at > statement_timestamp())`,
  );
}
