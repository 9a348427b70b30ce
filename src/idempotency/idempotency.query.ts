import type { EntityManager } from 'typeorm';

import { deleteBatch, type DeletedRows, one, rows, sql } from '../database/sql.js';

export interface Claim {
  readonly free: boolean;
  readonly answer: Buffer | null;
}

export function claimKey(tx: EntityManager, id: Buffer): Promise<Claim> {
  return one(tx, sql`SELECT free, answer FROM claim_idempotency_key(${id}, ${id.readBigInt64BE()})`);
}

export interface KeptAnswer {
  readonly id: Buffer;
  readonly userId: string | undefined;
  readonly answer: Buffer;
  readonly ttlMs: number;
}

/** @returns false when another answer is kept, and has not expired */
export async function keepAnswer(tx: EntityManager, { id, userId, answer, ttlMs }: KeptAnswer): Promise<boolean> {
  const kept = await rows(
    tx,
    sql`INSERT INTO idempotency_keys AS k (id, user_id, answer, expires_at)
        VALUES (${id}, ${userId}, ${answer}, clock_timestamp() + ${ttlMs} * interval '1 ms')
        ON CONFLICT (id) DO UPDATE
           SET (user_id, answer, expires_at) = (EXCLUDED.user_id, EXCLUDED.answer, EXCLUDED.expires_at)
         WHERE k.expires_at <= clock_timestamp() RETURNING k.id`,
  );
  return kept.length === 1;
}

export function deleteKeys(tx: EntityManager, userId: string, limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'idempotency_keys', where: sql`user_id = ${userId}` }, limit);
}

export const DEAD_KEYS: DeletedRows = {
  table: 'idempotency_keys',
  where: sql`expires_at < statement_timestamp()`,
};
