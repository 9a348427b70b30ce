/** The SQL of sessions. The database's clock decides, so that instances with different clocks agree. */
import type { EntityManager } from 'typeorm';

import type { Principal, Role } from '../../common/access.js';
import type { AccountStatus, User } from '../../users/user.js';
import { deleteBatch, type DeletedRows, empty, raw, row, rows, run, type Sql, sql } from '../../database/sql.js';
import { IS_ERASING, isDisabledAt } from '../../users/users.query.js';
import { KEPT_MS } from '../revocations/revocations.query.js';

export type SessionEnd =
  | 'logout'
  | 'reuse'
  | 'session_cap'
  | 'password_change'
  | 'password_reset'
  | 'email_undo'
  | 'ban'
  | 'forced_logout'
  | 'second_factors_reset'
  | 'account_deletion';

export interface RefreshableSession {
  readonly id: string;
  readonly userId: string;
  readonly role: Role;
  readonly epoch: number;
  readonly secondFactor: boolean;
}

export interface LockedSession extends RefreshableSession {
  readonly seq: number;
  readonly salt: Buffer;
  readonly prevSalt: Buffer | null;
  readonly rotatedAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly ip: string | null;
  readonly accountStatus: AccountStatus;
  readonly now: Date;
}

export interface SessionStart {
  readonly id: string;
  readonly userId: string;
  readonly salt: Buffer;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly atMost: number;
  readonly secondFactor: boolean;
  readonly verified: Pick<User, 'hashedPassword' | 'tokenEpoch' | 'deletion' | 'secondFactors'>;
}

const MAY_LOG_IN = sql`NOT ${isDisabledAt('clock_timestamp()')} AND NOT ${IS_ERASING} AND u.deletion IS DISTINCT FROM 'staff'`;

export const HAS_STARTED = sql`WHERE EXISTS (SELECT FROM owner)`;

/** Inserts only if the account is unchanged since its password was verified. The user's row is locked: bans, resets and
 * logins of one account are serialised. The others are written where `HAS_STARTED`. @returns undefined: it changed */
export function insertSession(
  manager: EntityManager,
  { id, userId, salt, ip, userAgent, idleMs, absoluteMs, atMost, secondFactor, verified }: SessionStart,
  { audited, remembered }: { readonly audited: Sql; readonly remembered: Sql | undefined },
): Promise<{ readonly isOneTooMany: boolean } | undefined> {
  return row(
    manager,
    sql`WITH owner AS (
          SELECT u.id FROM users u
           WHERE u.id = ${userId} AND u.hashed_password = ${verified.hashedPassword}
             AND u.token_epoch = ${verified.tokenEpoch} AND u.deletion IS NOT DISTINCT FROM ${verified.deletion}
             AND u.second_factors = ${verified.secondFactors}::text[]
             AND ${MAY_LOG_IN}
             FOR NO KEY UPDATE OF u
        ), started AS (
          INSERT INTO sessions (id, user_id, seq, salt, rotated_at, created_at, last_used_at, expires_at, ip, user_agent,
                                second_factor)
          SELECT ${id}, id, 0, ${salt}, now, now, now,
                 now + least(${idleMs}::float8, ${absoluteMs}::float8) * interval '1 ms', ${ip}::inet, ${userAgent}, ${secondFactor}
            FROM (SELECT id, clock_timestamp() AS now FROM owner) after_the_lock
        ), audited AS (${audited}) ${remembered ? sql`, ${remembered}` : empty}
        SELECT live_sessions(id, ${id}) >= ${atMost} AS "isOneTooMany" FROM owner`,
  );
}

const LOCKED = sql`s.id, s.user_id AS "userId", s.seq, s.salt, s.prev_salt AS "prevSalt", s.rotated_at AS "rotatedAt",
               s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt", host(s.ip) AS ip,
               CASE WHEN ${isDisabledAt('clock_timestamp()')} THEN 'disabled' ELSE 'active' END AS "accountStatus", u.role,
               u.token_epoch AS epoch, s.second_factor AS "secondFactor", clock_timestamp() AS now`;

export function lockSession(tx: EntityManager, id: string): Promise<LockedSession | undefined> {
  return row(
    tx,
    sql`SELECT ${LOCKED} FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ${id} FOR UPDATE OF s`,
  );
}

export interface Rotation {
  readonly id: string;
  readonly seq: number;
  readonly salt: Buffer;
  readonly prevSalt: Buffer;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly idleMs: number;
  readonly absoluteMs: number;
}

export async function rotateSession(tx: EntityManager, rotation: Rotation): Promise<void> {
  await run(tx, sql`UPDATE sessions s SET ${rotated(rotation)} WHERE s.id = ${rotation.id}`);
}

/** What nearly every refresh is, in one statement: the newest token, used for the first time, of a session that lives.
 * @returns undefined when the row has to be looked at */
export function advanceSession(manager: EntityManager, rotation: Rotation): Promise<RefreshableSession | undefined> {
  const { id, seq, prevSalt } = rotation;
  return row(
    manager,
    sql`UPDATE sessions s SET ${rotated(rotation)} FROM users u
         WHERE s.id = ${id} AND s.seq = ${seq}::int - 1 AND s.salt = ${prevSalt} AND s.revoked_at IS NULL
           AND s.expires_at > clock_timestamp() AND u.id = s.user_id AND NOT ${isDisabledAt('clock_timestamp()')}
        RETURNING s.id, s.user_id AS "userId", u.role, u.token_epoch AS epoch, s.second_factor AS "secondFactor"`,
  );
}

function rotated({ seq, salt, prevSalt, ip, userAgent, idleMs, absoluteMs }: Rotation): Sql {
  return sql`seq = ${seq}, salt = ${salt}, prev_salt = ${prevSalt}, rotated_at = clock_timestamp(),
             last_used_at = clock_timestamp(), ip = ${ip}::inet, user_agent = ${userAgent},
             expires_at = least(clock_timestamp() + ${idleMs} * interval '1 ms', s.created_at + ${absoluteMs} * interval '1 ms')`;
}

/** As a login does, before sessions and known addresses. */
export async function lockOwner(tx: EntityManager, userId: string): Promise<void> {
  await run(tx, sql`SELECT FROM users WHERE id = ${userId} FOR NO KEY UPDATE`);
}

export async function isSessionLive(manager: EntityManager, id: string): Promise<boolean> {
  return (await rows(manager, sql`SELECT 1 FROM sessions WHERE id = ${id} AND revoked_at IS NULL`)).length === 1;
}

export interface SessionProof {
  readonly isLive: boolean;
  readonly isFresh: boolean;
  readonly secondFactor: boolean;
  readonly role: Role;
  readonly secondFactors: readonly string[];
}

export function selectProof(
  manager: EntityManager,
  { userId, sessionId }: Principal,
  freshMs: number,
): Promise<SessionProof | undefined> {
  return row(
    manager,
    sql`SELECT s.id IS NOT NULL AS "isLive", s.second_factor AS "secondFactor", u.role, u.second_factors AS "secondFactors",
               coalesce(s.proved_at, s.created_at) > clock_timestamp() - ${freshMs} * interval '1 ms' AS "isFresh"
          FROM users u LEFT JOIN sessions s ON s.id = ${sessionId} AND s.user_id = u.id AND s.revoked_at IS NULL
         WHERE u.id = ${userId}`,
  );
}

export async function markProved(tx: EntityManager, id: string, secondFactor: boolean): Promise<Date | undefined> {
  const proved = await row<{ at: Date }>(
    tx,
    sql`UPDATE sessions SET (proved_at, second_factor) = (clock_timestamp(), ${secondFactor})
         WHERE id = ${id} AND revoked_at IS NULL RETURNING proved_at AS at`,
  );
  return proved?.at;
}

export async function clearSecondFactors(tx: EntityManager, userId: string): Promise<void> {
  await run(tx, sql`UPDATE sessions SET second_factor = false WHERE user_id = ${userId} AND second_factor`);
}

export type SessionSelection =
  | { readonly sessionId: string; readonly userId?: string }
  | { readonly userId: string; readonly except?: string }
  | { readonly userId: string; readonly beyondNewest: number };

export interface EndedSession {
  readonly id: string;
  readonly userId: string;
}

/** One statement ends sessions and revokes their tokens, also of expired sessions: access tokens may outlive them. */
export function endSessions(
  tx: EntityManager,
  selection: SessionSelection,
  reason: SessionEnd,
): Promise<EndedSession[]> {
  return rows(
    tx,
    sql`WITH chosen AS (
          SELECT id FROM sessions WHERE revoked_at IS NULL AND ${conditionOf(selection)} ORDER BY id FOR UPDATE
        ), ended AS (
          UPDATE sessions s SET revoked_at = clock_timestamp(), revoked_reason = ${reason}
            FROM chosen WHERE s.id = chosen.id RETURNING s.id, s.user_id
        ), revoked AS (
          INSERT INTO revocations (session_id) SELECT id FROM ended
        )
        SELECT id, user_id AS "userId" FROM ended`,
  );
}

function conditionOf(selection: SessionSelection): Sql {
  if ('sessionId' in selection) {
    const { sessionId, userId } = selection;
    return sql`id = ${sessionId} ${userId === undefined ? empty : sql`AND user_id = ${userId}`}`;
  }
  const { userId } = selection;
  if (!('beyondNewest' in selection)) return sql`user_id = ${userId} AND id IS DISTINCT FROM ${selection.except}::uuid`;
  return sql`id IN (SELECT id FROM sessions WHERE user_id = ${userId} AND revoked_at IS NULL
                       AND expires_at > statement_timestamp()
                     ORDER BY created_at DESC, id DESC OFFSET ${selection.beyondNewest})`;
}

const LISTED = raw(`id, created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt",
               host(ip) AS ip, user_agent AS "userAgent"`);

export function selectSessionBatch(
  manager: EntityManager,
  userId: string,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<KeptSession[]> {
  const beyond = after === undefined ? empty : sql`AND id > ${after}`;
  return rows(
    manager,
    sql`SELECT ${LISTED}, revoked_at AS "revokedAt" FROM sessions
         WHERE user_id = ${userId} ${beyond} ORDER BY id LIMIT ${limit}`,
  );
}

export function deleteSessions(tx: EntityManager, userId: string, limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'sessions', where: sql`user_id = ${userId}` }, limit);
}

export interface LiveSession {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export interface KeptSession extends LiveSession {
  readonly revokedAt: Date | null;
}

export function selectLiveSessions(manager: EntityManager, userId: string): Promise<LiveSession[]> {
  return rows(
    manager,
    sql`SELECT ${LISTED} FROM sessions
         WHERE user_id = ${userId} AND revoked_at IS NULL AND expires_at > statement_timestamp()
         ORDER BY last_used_at DESC, id`,
  );
}

export const DEAD_SESSIONS: DeletedRows = {
  table: 'sessions',
  where: raw(`least(expires_at, revoked_at) < statement_timestamp() - interval '${KEPT_MS} ms'`),
};
