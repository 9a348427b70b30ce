import type { EntityManager } from 'typeorm';

import { type DeletedRows, row, rows, run, sql } from '../../database/sql.js';

export interface NewFormerAddress {
  readonly userId: string;
  readonly email: string;
  readonly tokenHash: Buffer;
  readonly ttlMs: number;
}

export async function putFormerAddress(tx: EntityManager, former: NewFormerAddress): Promise<void> {
  await run(
    tx,
    sql`INSERT INTO former_addresses (user_id, email, token_hash, created_at, expires_at)
        VALUES (${former.userId}, ${former.email}, ${former.tokenHash}, clock_timestamp(),
                clock_timestamp() + ${former.ttlMs} * interval '1 ms')
        ON CONFLICT (user_id, email) DO UPDATE
           SET (token_hash, created_at, expires_at) = (EXCLUDED.token_hash,
                CASE WHEN former_addresses.expires_at > EXCLUDED.created_at THEN former_addresses.created_at ELSE EXCLUDED.created_at END,
                EXCLUDED.expires_at)`,
  );
}

export async function prolongFormerAddresses(
  tx: EntityManager,
  { userId, ttlMs }: Pick<NewFormerAddress, 'userId' | 'ttlMs'>,
): Promise<string[]> {
  const prolonged = await rows<{ email: string }>(
    tx,
    sql`UPDATE former_addresses SET expires_at = clock_timestamp() + ${ttlMs} * interval '1 ms'
         WHERE user_id = ${userId} AND expires_at > statement_timestamp() RETURNING email`,
  );
  return prolonged.map(({ email }) => email);
}

export function selectFormerAddress(
  manager: EntityManager,
  tokenHash: Buffer,
): Promise<{ userId: string; email: string; since: Date } | undefined> {
  return row(
    manager,
    sql`SELECT user_id AS "userId", email, created_at AS since FROM former_addresses
         WHERE token_hash = ${tokenHash} AND expires_at > statement_timestamp()`,
  );
}

export async function takeFormerAddress(tx: EntityManager, tokenHash: Buffer): Promise<boolean> {
  const taken = await rows(
    tx,
    sql`WITH taken AS (
          DELETE FROM former_addresses WHERE token_hash = ${tokenHash} AND expires_at > clock_timestamp()
          RETURNING user_id, token_hash
        ), others AS (
          DELETE FROM former_addresses f USING taken t WHERE f.user_id = t.user_id AND f.token_hash <> t.token_hash
        ) SELECT FROM taken`,
  );
  return taken.length === 1;
}

export async function deleteFormerAddress(
  tx: EntityManager,
  { userId, email }: { userId: string; email: string },
): Promise<void> {
  await run(tx, sql`DELETE FROM former_addresses WHERE user_id = ${userId} AND email = ${email}`);
}

export const DEAD_FORMER_ADDRESSES: DeletedRows = {
  table: 'former_addresses',
  where: sql`expires_at < statement_timestamp()`,
};
