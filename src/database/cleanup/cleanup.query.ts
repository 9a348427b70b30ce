/** Deletes dead rows in small batches; rows locked by another instance are skipped. */
import type { EntityManager } from 'typeorm';

export interface DeadRows {
  readonly table: string;
  /** SQL; $1 is the clock's offset. */
  readonly condition: string;
}

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
