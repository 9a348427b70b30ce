import type { EntityManager } from 'typeorm';

import { deleteBatch, type DeletedRows, empty, raw, run, type Sql, sql } from '../../database/sql.js';

export const ADDRESS_KNOWN = sql`interval '90 days'`;

const KEPT_OTHERS = raw('19');

export interface SeenAddress {
  readonly id: Buffer;
  readonly account: Buffer;
  readonly session: Buffer | null;
}

/** For the WITH of a statement. @param where a condition of that statement */
export function rememberedAddress({ id, account, session }: SeenAddress, where: Sql = empty): Sql {
  return sql`
    seen AS (
      INSERT INTO known_addresses (id, account, session, seen_at)
      SELECT ${id}, ${account}, ${session}::bytea, clock_timestamp() ${where}
      ON CONFLICT (id) DO UPDATE SET (session, seen_at) = (EXCLUDED.session, EXCLUDED.seen_at)
      RETURNING id
    ), surplus AS (
      SELECT id FROM known_addresses
       WHERE EXISTS (SELECT FROM seen) AND id IN (
         SELECT id FROM known_addresses WHERE account = ${account} AND id <> ${id}
          ORDER BY seen_at DESC, id OFFSET ${KEPT_OTHERS})
         FOR UPDATE SKIP LOCKED
    ), forgotten AS (
      DELETE FROM known_addresses k USING surplus WHERE k.id = surplus.id
    )`;
}

export async function rememberAddress(tx: EntityManager, remembered: Sql): Promise<void> {
  await run(tx, sql`WITH ${remembered} SELECT`);
}

/** Deletes in one lock order. @param sessions undefined: all */
export async function forgetAddresses(
  tx: EntityManager,
  accounts: readonly Buffer[],
  sessions?: readonly Buffer[],
): Promise<void> {
  const only = sessions ? sql`AND session = ANY(${sessions}::bytea[])` : empty;
  await run(
    tx,
    sql`DELETE FROM known_addresses WHERE id IN (
          SELECT id FROM known_addresses WHERE account = ANY(${accounts}::bytea[]) ${only} ORDER BY id FOR UPDATE)`,
  );
}

export function deleteAddresses(tx: EntityManager, accounts: readonly Buffer[], limit: number): Promise<number> {
  return deleteBatch(tx, { table: 'known_addresses', where: sql`account = ANY(${accounts}::bytea[])` }, limit);
}

export const DEAD_ADDRESSES: DeletedRows = {
  table: 'known_addresses',
  where: sql`seen_at < statement_timestamp() - ${ADDRESS_KNOWN}`,
};
