import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
export const ADDRESS_KNOWN = `interval '90 days'`;

const KEPT_OF_AN_ACCOUNT = 20;

export async function rememberAddress(
  manager: EntityManager,
  { id, account, session }: { id: Buffer; account: Buffer; session: Buffer | null },
): Promise<void> {
  await manager.query(
    `WITH seen AS (
       INSERT INTO known_addresses (id, account, session, seen_at)
       VALUES ($1, $2, $3, clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET (session, seen_at) = (EXCLUDED.session, EXCLUDED.seen_at)
       RETURNING id
     ), surplus AS (
       SELECT id FROM known_addresses
        WHERE EXISTS (SELECT FROM seen) AND id IN (
          SELECT id FROM known_addresses WHERE account = $2 AND id <> $1
           ORDER BY seen_at DESC, id OFFSET ${KEPT_OF_AN_ACCOUNT - 1})
          FOR UPDATE SKIP LOCKED
     )
     DELETE FROM known_addresses k USING surplus WHERE k.id = surplus.id`,
    [id, account, session],
  );
}

/** Deletes in one lock order. @param sessions undefined: all */
export async function forgetAddresses(
  tx: EntityManager,
  accounts: readonly Buffer[],
  sessions?: readonly Buffer[],
): Promise<void> {
  await tx.query(
    `DELETE FROM known_addresses WHERE id IN (
       SELECT id FROM known_addresses
        WHERE account = ANY($1::bytea[]) AND ($2::bytea[] IS NULL OR session = ANY($2::bytea[]))
        ORDER BY id FOR UPDATE)`,
    [accounts, sessions ?? null],
  );
}

export async function deleteAddresses(tx: EntityManager, accounts: readonly Buffer[], limit: number): Promise<number> {
  const [{ deleted }]: [{ deleted: number }] = await tx.query(
    `WITH gone AS (
       DELETE FROM known_addresses
        WHERE id IN (SELECT id FROM known_addresses WHERE account = ANY($1::bytea[]) LIMIT $2) RETURNING 1
     ) SELECT count(*)::int AS deleted FROM gone`,
    [accounts, limit],
  );
  return deleted;
}

export const DEAD_ADDRESSES: DeadRows = {
  table: 'known_addresses',
  condition: `seen_at < statement_timestamp() - ${ADDRESS_KNOWN}`,
};
