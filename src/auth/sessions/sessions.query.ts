/** The SQL of sessions. The database's clock decides, so that instances with different clocks agree. */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import type { Role } from '../../common/access.js';
import type { AccountStatus } from '../../users/user.entity.js';
import { isDisabledAt, isErasing } from '../../users/users.query.js';
import { KEPT_MS } from '../revocations/revocations.query.js';
import type { SessionEnd } from './session.entity.js';

export interface LockedSession {
  readonly id: string;
  readonly userId: string;
  readonly seq: number;
  readonly salt: Buffer;
  readonly prevSalt: Buffer | null;
  readonly rotatedAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly ip: string | null;
  readonly accountStatus: AccountStatus;
  readonly role: Role;
  readonly epoch: number;
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
  readonly verified: { readonly hashedPassword: string; readonly epoch: number };
}

/** Inserts only if the account is unchanged since its password was verified. The user's row stays locked: bans, resets
 * and logins of one account are serialised. @returns undefined when the account changed */
export async function insertSession(
  tx: EntityManager,
  session: SessionStart,
): Promise<{ readonly isDeleting: boolean } | undefined> {
  const rows: { isDeleting: boolean }[] = await tx.query(
    `WITH owner AS (
       SELECT u.id, u.deletion, t.now FROM users u, (SELECT clock_timestamp() AS now) t
        WHERE u.id = $2 AND u.hashed_password = $8 AND u.token_epoch = $9 AND NOT ${isDisabledAt('u', 't.now')}
          AND NOT ${isErasing('u')} AND u.deletion IS DISTINCT FROM 'staff'
          FOR NO KEY UPDATE OF u
     ), started AS (
       INSERT INTO sessions (id, user_id, seq, salt, rotated_at, created_at, last_used_at, expires_at, ip, user_agent)
       SELECT $1, id, 0, $3, now, now, now, now + least($6::float8, $7::float8) * interval '1 ms', $4::inet, $5 FROM owner
     )
     SELECT deletion IS NOT NULL AS "isDeleting" FROM owner`,
    [
      session.id,
      session.userId,
      session.salt,
      session.ip,
      session.userAgent,
      session.idleMs,
      session.absoluteMs,
      session.verified.hashedPassword,
      session.verified.epoch,
    ],
  );
  return rows[0];
}

export async function lockSession(tx: EntityManager, id: string): Promise<LockedSession | undefined> {
  const rows: LockedSession[] = await tx.query(
    `SELECT s.id, s.user_id AS "userId", s.seq, s.salt, s.prev_salt AS "prevSalt", s.rotated_at AS "rotatedAt",
            s.last_used_at AS "lastUsedAt", s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt", host(s.ip) AS ip,
            CASE WHEN ${isDisabledAt('u', 'clock_timestamp()')} THEN 'disabled' ELSE 'active' END AS "accountStatus", u.role,
            u.token_epoch AS epoch, clock_timestamp() AS now
       FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = $1
        FOR UPDATE OF s`,
    [id],
  );
  return rows[0];
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
  await tx.query(
    `UPDATE sessions
        SET seq = $2, salt = $3, prev_salt = $4, rotated_at = clock_timestamp(), last_used_at = clock_timestamp(), ip = $5::inet, user_agent = $6,
            expires_at = least(clock_timestamp() + $7 * interval '1 ms', created_at + $8 * interval '1 ms')
      WHERE id = $1`,
    [
      rotation.id,
      rotation.seq,
      rotation.salt,
      rotation.prevSalt,
      rotation.ip,
      rotation.userAgent,
      rotation.idleMs,
      rotation.absoluteMs,
    ],
  );
}

export async function isSessionLive(manager: EntityManager, id: string): Promise<boolean> {
  const rows: unknown[] = await manager.query('SELECT 1 FROM sessions WHERE id = $1 AND revoked_at IS NULL', [id]);
  return rows.length === 1;
}

export type SessionSelection =
  | { readonly sessionId: string; readonly userId?: string }
  | { readonly userId: string; readonly except?: string }
  | { readonly userId: string; readonly except: string; readonly beyondNewest: number };

export interface EndedSession {
  readonly id: string;
  readonly userId: string;
}

/** One statement ends sessions and revokes their tokens, also of expired sessions: access tokens may outlive them. */
export async function endSessions(
  tx: EntityManager,
  selection: SessionSelection,
  reason: SessionEnd,
): Promise<EndedSession[]> {
  const values: unknown[] = [reason];
  return tx.query(
    `WITH chosen AS (
       SELECT id FROM sessions WHERE revoked_at IS NULL AND ${conditionOf(selection, values)} ORDER BY id FOR UPDATE
     ), ended AS (
       UPDATE sessions s SET revoked_at = clock_timestamp(), revoked_reason = $1 FROM chosen WHERE s.id = chosen.id RETURNING s.id, s.user_id
     ), revoked AS (
       INSERT INTO revocations (session_id) SELECT id FROM ended
     )
     SELECT id, user_id AS "userId" FROM ended`,
    values,
  );
}

function conditionOf(selection: SessionSelection, values: unknown[]): string {
  const bind = (value: unknown): string => `$${values.push(value)}`;
  if ('sessionId' in selection) {
    const own = `id = ${bind(selection.sessionId)}`;
    return selection.userId === undefined ? own : `${own} AND user_id = ${bind(selection.userId)}`;
  }
  const user = bind(selection.userId);
  if (!('beyondNewest' in selection))
    return `user_id = ${user} AND id IS DISTINCT FROM ${bind(selection.except ?? null)}::uuid`;
  const others = `user_id = ${user} AND id <> ${bind(selection.except)}`;
  return `id IN (SELECT id FROM sessions WHERE ${others} AND revoked_at IS NULL AND expires_at > statement_timestamp()
                  ORDER BY created_at DESC, id DESC OFFSET ${bind(selection.beyondNewest)})`;
}

export function selectSessionBatch(
  manager: EntityManager,
  userId: string,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<KeptSession[]> {
  return manager.query(
    `SELECT id, created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt", host(ip) AS ip,
            user_agent AS "userAgent", revoked_at AS "revokedAt"
       FROM sessions WHERE user_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3`,
    [userId, after ?? null, limit],
  );
}

export async function deleteSessions(tx: EntityManager, userId: string, limit: number): Promise<number> {
  const [{ deleted }]: [{ deleted: number }] = await tx.query(
    `WITH gone AS (
       DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 LIMIT $2) RETURNING 1
     ) SELECT count(*)::int AS deleted FROM gone`,
    [userId, limit],
  );
  return deleted;
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
  return manager.query(
    `SELECT id, created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt", host(ip) AS ip,
            user_agent AS "userAgent"
       FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > statement_timestamp()
      ORDER BY last_used_at DESC, id`,
    [userId],
  );
}

export const DEAD_SESSIONS: DeadRows = {
  table: 'sessions',
  condition: `least(expires_at, revoked_at) < statement_timestamp() - interval '${KEPT_MS} ms'`,
};
