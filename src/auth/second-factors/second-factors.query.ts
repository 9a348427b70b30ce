import type { EntityManager } from 'typeorm';

import { affected, one, run, sql } from '../../database/sql.js';

export async function replaceCodes(tx: EntityManager, userId: string, hashes: readonly Buffer[]): Promise<void> {
  await deleteCodes(tx, userId);
  await run(tx, sql`INSERT INTO recovery_codes (user_id, code_hash) SELECT ${userId}, unnest(${hashes}::bytea[])`);
}

export async function takeCode(tx: EntityManager, userId: string, hash: Buffer): Promise<boolean> {
  return (await affected(tx, sql`DELETE FROM recovery_codes WHERE user_id = ${userId} AND code_hash = ${hash}`)) === 1;
}

export async function countCodes(manager: EntityManager, userId: string): Promise<number> {
  const { codes } = await one<{ codes: number }>(
    manager,
    sql`SELECT count(*)::int AS codes FROM recovery_codes WHERE user_id = ${userId}`,
  );
  return codes;
}

export async function deleteCodes(tx: EntityManager, userId: string): Promise<void> {
  await run(tx, sql`DELETE FROM recovery_codes WHERE user_id = ${userId}`);
}
