import type { EntityManager } from 'typeorm';

import type { Role } from '../../common/access.js';
import {
  deleteBatch,
  type DeletedRows,
  empty,
  one,
  raw,
  row,
  rows,
  run,
  type Sql,
  sql,
  utcText,
} from '../../database/sql.js';
import { isDisabledAt } from '../../users/users.query.js';
import type { Standing } from '../revocations/revocations.query.js';
import type { SessionEnd } from '../sessions/sessions.query.js';

export type RevocationReason = SessionEnd | 'owner' | 'admin';

export interface PersonalToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly lastFour: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

const COLUMNS = sql`id, name, scopes, last_four AS "lastFour", ${utcText('created_at')} AS "createdAt",
               ${utcText('expires_at')} AS "expiresAt", ${utcText('last_used_at')} AS "lastUsedAt",
               ${utcText('revoked_at')} AS "revokedAt"`;

const IS_LIVE = raw('revoked_at IS NULL AND expires_at > clock_timestamp()');

export interface NewToken {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly hash: Buffer;
  readonly lastFour: string;
  readonly days: number;
  readonly secondFactor: boolean;
}

/** Expires at a whole second, as JWTs do. */
export function insertToken(tx: EntityManager, token: NewToken): Promise<PersonalToken> {
  return one(
    tx,
    sql`INSERT INTO personal_tokens (id, user_id, name, scopes, token_hash, last_four, second_factor, created_at, expires_at)
        VALUES (${token.id}, ${token.userId}, ${token.name}, ${token.scopes}::text[], ${token.hash}, ${token.lastFour}, ${token.secondFactor},
                clock_timestamp(), date_trunc('second', clock_timestamp()) + ${token.days}::int * interval '24 hours')
        RETURNING ${COLUMNS}`,
  );
}

export async function countLiveTokens(tx: EntityManager, userId: string): Promise<number> {
  const counted = await one<{ count: number }>(
    tx,
    sql`SELECT count(*)::int AS count FROM personal_tokens WHERE user_id = ${userId} AND ${IS_LIVE}`,
  );
  return counted.count;
}

export function selectLiveTokens(manager: EntityManager, userId: string): Promise<PersonalToken[]> {
  return rows(
    manager,
    sql`SELECT ${COLUMNS} FROM personal_tokens WHERE user_id = ${userId} AND ${IS_LIVE} ORDER BY created_at DESC, id`,
  );
}

export function selectTokenBatch(
  manager: EntityManager,
  userId: string,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<PersonalToken[]> {
  const beyond = after === undefined ? empty : sql`AND id > ${after}`;
  return rows(
    manager,
    sql`SELECT ${COLUMNS} FROM personal_tokens WHERE user_id = ${userId} ${beyond} ORDER BY id LIMIT ${limit}`,
  );
}

export function deleteTokens(tx: EntityManager, userId: string, limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'personal_tokens', where: sql`user_id = ${userId}` }, limit);
}

export interface FoundToken {
  readonly id: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly role: Role;
  readonly epoch: number;
  readonly expiresAtSeconds: number;
  readonly lastUsedAtMs: number | null;
  readonly secondFactor: boolean;
  readonly hasExpired: boolean;
  readonly isRevoked: boolean;
}

/** Role and epoch are of one version of the account's row. */
export function selectToken(manager: EntityManager, hash: Buffer): Promise<FoundToken | undefined> {
  return row(
    manager,
    sql`SELECT t.id, t.user_id AS "userId", t.scopes, t.second_factor AND u.second_factors <> '{}' AS "secondFactor", u.role, u.token_epoch AS epoch,
               extract(epoch FROM t.expires_at)::float8 AS "expiresAtSeconds",
               extract(epoch FROM t.last_used_at)::float8 * 1000 AS "lastUsedAtMs",
               t.expires_at <= clock_timestamp() AS "hasExpired",
               t.revoked_at IS NOT NULL OR ${isDisabledAt('clock_timestamp()')} OR u.deletion IS NOT NULL AS "isRevoked"
          FROM personal_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = ${hash}`,
  );
}

export function selectTokenStanding(
  manager: EntityManager,
  { sessionId, userId }: { sessionId: string; userId: string },
): Promise<Standing | undefined> {
  return row(
    manager,
    sql`SELECT t.revoked_at IS NOT NULL AS "sessionEnded", u.token_epoch AS "minEpoch"
          FROM personal_tokens t JOIN users u ON u.id = t.user_id WHERE t.id = ${sessionId} AND u.id = ${userId}`,
  );
}

/** @param everyMs however many instances write, at most once in this time */
export async function noteTokenUse(manager: EntityManager, id: string, everyMs: number): Promise<void> {
  await run(
    manager,
    sql`UPDATE personal_tokens SET last_used_at = clock_timestamp()
         WHERE id = ${id} AND (last_used_at IS NULL OR last_used_at <= clock_timestamp() - ${everyMs}::float8 * interval '1 ms')`,
  );
}

export interface RevokedToken {
  readonly id: string;
  readonly lastFour: string;
}

/** Also ends what has expired: an instance whose clock is late may still know it. */
export function revokeTokens(
  tx: EntityManager,
  { userId, id }: { userId: string; id?: string },
  reason: RevocationReason,
): Promise<RevokedToken[]> {
  const which: Sql = id === undefined ? empty : sql`AND id = ${id}`;
  return rows(
    tx,
    sql`WITH chosen AS (
          SELECT id FROM personal_tokens WHERE user_id = ${userId} ${which} AND revoked_at IS NULL ORDER BY id FOR UPDATE
        ), ended AS (
          UPDATE personal_tokens t SET revoked_at = clock_timestamp(), revoked_reason = ${reason}
            FROM chosen WHERE t.id = chosen.id RETURNING t.id, t.last_four
        ), revoked AS (
          INSERT INTO revocations (session_id) SELECT id FROM ended
        )
        SELECT id, last_four AS "lastFour" FROM ended`,
  );
}

export const DEAD_TOKENS: DeletedRows = {
  table: 'personal_tokens',
  where: raw(`least(expires_at, revoked_at) < statement_timestamp() - interval '30 days'`),
};
