/** The SQL of former addresses. Times are the database's, moved by the clock's offset: always $1. */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import { NOW, NOW_EXACTLY } from '../../database/sql.js';
export interface NewFormerAddress {
  readonly userId: string;
  readonly email: string;
  readonly tokenHash: Buffer;
  readonly ttlMs: number;
  readonly offsetMs: number;
}

export async function putFormerAddress(tx: EntityManager, former: NewFormerAddress): Promise<void> {
  await tx.query(
    `INSERT INTO former_addresses (user_id, email, token_hash, created_at, expires_at)
     VALUES ($2, $3, $4, ${NOW_EXACTLY}, ${NOW_EXACTLY} + $5 * interval '1 ms')
     ON CONFLICT (user_id, email) DO UPDATE
        SET (token_hash, created_at, expires_at) = (EXCLUDED.token_hash, EXCLUDED.created_at, EXCLUDED.expires_at)`,
    [former.offsetMs, former.userId, former.email, former.tokenHash, former.ttlMs],
  );
}

export async function prolongFormerAddresses(
  tx: EntityManager,
  { userId, ttlMs, offsetMs }: Pick<NewFormerAddress, 'userId' | 'ttlMs' | 'offsetMs'>,
): Promise<string[]> {
  const rows: { email: string }[] = await tx.query(
    `WITH prolonged AS (
       UPDATE former_addresses SET expires_at = ${NOW_EXACTLY} + $3 * interval '1 ms'
        WHERE user_id = $2 AND expires_at > ${NOW} RETURNING email
     ) SELECT email FROM prolonged`,
    [offsetMs, userId, ttlMs],
  );
  return rows.map(({ email }) => email);
}

export async function selectFormerAddress(
  manager: EntityManager,
  tokenHash: Buffer,
  offsetMs: number,
): Promise<{ userId: string; email: string } | undefined> {
  const rows: { userId: string; email: string }[] = await manager.query(
    `SELECT user_id AS "userId", email FROM former_addresses WHERE token_hash = $2 AND expires_at > ${NOW}`,
    [offsetMs, tokenHash],
  );
  return rows[0];
}

export async function takeFormerAddress(tx: EntityManager, tokenHash: Buffer, offsetMs: number): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `WITH taken AS (
       DELETE FROM former_addresses WHERE token_hash = $2 AND expires_at > ${NOW_EXACTLY} RETURNING user_id
     ), others AS (
       DELETE FROM former_addresses f USING taken t WHERE f.user_id = t.user_id AND f.token_hash <> $2
     ) SELECT FROM taken`,
    [offsetMs, tokenHash],
  );
  return rows.length === 1;
}

export async function deleteFormerAddress(
  tx: EntityManager,
  { userId, email }: { userId: string; email: string },
): Promise<void> {
  await tx.query('DELETE FROM former_addresses WHERE user_id = $1 AND email = $2', [userId, email]);
}

export const DEAD_FORMER_ADDRESSES: DeadRows = { table: 'former_addresses', condition: `expires_at < ${NOW}` };
