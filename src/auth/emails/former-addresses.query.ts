import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
export interface NewFormerAddress {
  readonly userId: string;
  readonly email: string;
  readonly tokenHash: Buffer;
  readonly ttlMs: number;
}

export async function putFormerAddress(tx: EntityManager, former: NewFormerAddress): Promise<void> {
  await tx.query(
    `INSERT INTO former_addresses (user_id, email, token_hash, created_at, expires_at)
     VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + $4 * interval '1 ms')
     ON CONFLICT (user_id, email) DO UPDATE
        SET (token_hash, created_at, expires_at) = (EXCLUDED.token_hash, EXCLUDED.created_at, EXCLUDED.expires_at)`,
    [former.userId, former.email, former.tokenHash, former.ttlMs],
  );
}

export async function prolongFormerAddresses(
  tx: EntityManager,
  { userId, ttlMs }: Pick<NewFormerAddress, 'userId' | 'ttlMs'>,
): Promise<string[]> {
  const rows: { email: string }[] = await tx.query(
    `WITH prolonged AS (
       UPDATE former_addresses SET expires_at = clock_timestamp() + $2 * interval '1 ms'
        WHERE user_id = $1 AND expires_at > statement_timestamp() RETURNING email
     ) SELECT email FROM prolonged`,
    [userId, ttlMs],
  );
  return rows.map(({ email }) => email);
}

export async function selectFormerAddress(
  manager: EntityManager,
  tokenHash: Buffer,
): Promise<{ userId: string; email: string } | undefined> {
  const rows: { userId: string; email: string }[] = await manager.query(
    `SELECT user_id AS "userId", email FROM former_addresses WHERE token_hash = $1 AND expires_at > statement_timestamp()`,
    [tokenHash],
  );
  return rows[0];
}

export async function takeFormerAddress(tx: EntityManager, tokenHash: Buffer): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `WITH taken AS (
       DELETE FROM former_addresses WHERE token_hash = $1 AND expires_at > clock_timestamp() RETURNING user_id
     ), others AS (
       DELETE FROM former_addresses f USING taken t WHERE f.user_id = t.user_id AND f.token_hash <> $1
     ) SELECT FROM taken`,
    [tokenHash],
  );
  return rows.length === 1;
}

export async function deleteFormerAddress(
  tx: EntityManager,
  { userId, email }: { userId: string; email: string },
): Promise<void> {
  await tx.query('DELETE FROM former_addresses WHERE user_id = $1 AND email = $2', [userId, email]);
}

export const DEAD_FORMER_ADDRESSES: DeadRows = {
  table: 'former_addresses',
  condition: 'expires_at < statement_timestamp()',
};
