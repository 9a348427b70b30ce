import type { EntityManager } from 'typeorm';

import { deleteBatch, type DeletedRows, one, run, sql } from '../database/sql.js';

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

export async function keepAnswer(tx: EntityManager, { id, userId, answer, ttlMs }: KeptAnswer): Promise<void> {
  await run(
    tx,
    sql`INSERT INTO idempotency_keys (id, user_id, answer, expires_at)
        VALUES (${id}, ${userId}, ${answer}, clock_timestamp() + ${ttlMs} * interval '1 ms')
        ON CONFLICT (id) DO UPDATE
           SET (user_id, answer, expires_at) = (EXCLUDED.user_id, EXCLUDED.answer, EXCLUDED.expires_at)`,
  );
}

export function deleteKeys(tx: EntityManager, userId: string, limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'idempotency_keys', where: sql`user_id = ${userId}` }, limit);
}

export const DEAD_KEYS: DeletedRows = {
  table: 'idempotency_keys',
  where: sql`expires_at < statement_timestamp()`,
};
