/** Deletes what nothing asks for any more, a few rows at a time; rows that another instance is deleting are left to it. */
import type { EntityManager } from 'typeorm';

/** The rows of a table that nothing asks for any more. */
export interface DeadRows {
  /** With a column `id`. */
  readonly table: string;
  /** A condition in SQL, with the offset of the clock as $1. */
  readonly condition: string;
}

/** @returns how many rows there were, at most `limit` */
export async function deleteDead(
  manager: EntityManager,
  { table, condition }: DeadRows,
  { limit, offsetMs }: { limit: number; offsetMs: number },
): Promise<number> {
  const [{ deleted }]: [{ deleted: number }] = await manager.query(
    `WITH dead AS (SELECT id FROM ${table} WHERE ${condition} LIMIT $2 FOR UPDATE SKIP LOCKED),
          gone AS (DELETE FROM ${table} t USING dead WHERE t.id = dead.id RETURNING 1)
     SELECT count(*)::int AS deleted FROM gone`,
    [offsetMs, limit],
  );
  return deleted;
}
