import type { EntityManager } from 'typeorm';

import type { Forgotten } from '../second-factors/second-factors.js';

import { affected, type DeletedRows, empty, row, rows, run, sql } from '../../database/sql.js';

export interface PendingSecret {
  readonly userId: string;
  readonly sessionId: string;
  readonly sealed: Buffer;
  readonly keyId: Buffer;
  readonly ttlMs: number;
}

export async function putPending(tx: EntityManager, pending: PendingSecret): Promise<void> {
  const { userId, sessionId, sealed, keyId, ttlMs } = pending;
  await run(
    tx,
    sql`INSERT INTO totp_secrets (user_id, sealed, key_id, session_id, expires_at)
        VALUES (${userId}, ${sealed}, ${keyId}, ${sessionId}, clock_timestamp() + ${ttlMs} * interval '1 ms')
        ON CONFLICT (user_id) DO UPDATE
           SET (sealed, key_id, session_id, expires_at, created_at) =
               (EXCLUDED.sealed, EXCLUDED.key_id, EXCLUDED.session_id, EXCLUDED.expires_at, EXCLUDED.created_at)
         WHERE totp_secrets.confirmed_at IS NULL`,
  );
}

export function selectPending(tx: EntityManager, userId: string, sessionId: string): Promise<SealedSecret | undefined> {
  return row(
    tx,
    sql`SELECT user_id AS "userId", sealed, key_id AS "keyId" FROM totp_secrets
         WHERE user_id = ${userId} AND session_id = ${sessionId} AND confirmed_at IS NULL AND expires_at > clock_timestamp()
           FOR UPDATE`,
  );
}

export async function confirmSecret(tx: EntityManager, userId: string, step: number): Promise<void> {
  await run(
    tx,
    sql`UPDATE totp_secrets SET (confirmed_at, used_at, last_step, session_id, expires_at) =
               (clock_timestamp(), clock_timestamp(), ${step}, NULL, NULL) WHERE user_id = ${userId}`,
  );
}

export interface SealedSecret {
  readonly userId: string;
  readonly sealed: Buffer;
  readonly keyId: Buffer;
}

export function selectSecret(tx: EntityManager, userId: string): Promise<SealedSecret | undefined> {
  return row(
    tx,
    sql`SELECT user_id AS "userId", sealed, key_id AS "keyId" FROM totp_secrets
         WHERE user_id = ${userId} AND confirmed_at IS NOT NULL`,
  );
}

/** Accepts a step once, also in parallel, and none before it (RFC 6238 section 5.2). */
export async function useStep(tx: EntityManager, userId: string, step: number): Promise<boolean> {
  const used = await affected(
    tx,
    sql`UPDATE totp_secrets SET (last_step, used_at) = (${step}, clock_timestamp())
         WHERE user_id = ${userId} AND confirmed_at IS NOT NULL AND last_step < ${step}`,
  );
  return used === 1;
}

export async function deleteSecret(tx: EntityManager, userId: string, since?: Date): Promise<Forgotten> {
  const only = since ? sql`AND coalesce(confirmed_at, created_at) >= ${since}` : empty;
  const removed = await affected(tx, sql`DELETE FROM totp_secrets WHERE user_id = ${userId} ${only}`);
  return { removed, isLeft: (await selectSecret(tx, userId)) !== undefined };
}

export function lockSealedWith(
  tx: EntityManager,
  { keyId, after, limit }: { keyId: Buffer; after: string; limit: number },
): Promise<SealedSecret[]> {
  return rows(
    tx,
    sql`SELECT user_id AS "userId", sealed, key_id AS "keyId" FROM totp_secrets
         WHERE key_id = ${keyId} AND user_id > ${after} ORDER BY user_id LIMIT ${limit} FOR UPDATE`,
  );
}

export async function resealSecret(tx: EntityManager, { userId, sealed, keyId }: SealedSecret): Promise<void> {
  await run(tx, sql`UPDATE totp_secrets SET (sealed, key_id) = (${sealed}, ${keyId}) WHERE user_id = ${userId}`);
}

export interface KeptSecret {
  readonly createdAt: Date;
  readonly confirmedAt: Date;
  readonly usedAt: Date;
}

export function selectKept(manager: EntityManager, userId: string): Promise<KeptSecret[]> {
  return rows(
    manager,
    sql`SELECT created_at AS "createdAt", confirmed_at AS "confirmedAt", used_at AS "usedAt" FROM totp_secrets
         WHERE user_id = ${userId} AND confirmed_at IS NOT NULL`,
  );
}

export const DEAD_SECRETS: DeletedRows = {
  table: 'totp_secrets',
  key: 'user_id',
  where: sql`expires_at < statement_timestamp()`,
};
