/** The SQL of known addresses. */
import type { EntityManager } from 'typeorm';

export const ADDRESS_KNOWN = `interval '90 days'`;

const KEPT_OF_AN_ACCOUNT = 20;

/** Writes nothing when it was seen within a day; with a new address the oldest beyond twenty goes. */
export async function rememberAddress(
  manager: EntityManager,
  { id, account }: { id: Buffer; account: Buffer },
  offsetMs: number,
): Promise<void> {
  await manager.query(
    `WITH seen AS (
       INSERT INTO known_addresses AS k (id, account, seen_at)
       VALUES ($2, $3, clock_timestamp() + $1 * interval '1 ms')
       ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at WHERE k.seen_at < EXCLUDED.seen_at - interval '1 day'
       RETURNING id
     ), surplus AS (
       SELECT id FROM known_addresses
        WHERE EXISTS (SELECT FROM seen) AND id IN (
          SELECT id FROM known_addresses WHERE account = $3 AND id <> $2
           ORDER BY seen_at DESC, id OFFSET ${KEPT_OF_AN_ACCOUNT - 1})
          FOR UPDATE SKIP LOCKED
     )
     DELETE FROM known_addresses k USING surplus WHERE k.id = surplus.id`,
    [offsetMs, id, account],
  );
}

/** @returns how many there were, at most `limit` */
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
