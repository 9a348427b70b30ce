/** Deletes dead rows in small batches; rows locked by another instance are skipped. */
import type { EntityManager } from 'typeorm';

export interface DeadRows {
  readonly table: string;
  readonly condition: string;
}

export async function deleteDead(
  manager: EntityManager,
  { table, condition }: DeadRows,
  limit: number,
): Promise<number> {
  const [{ deleted }]: [{ deleted: number }] = await manager.query(
    `WITH dead AS (SELECT id FROM ${table} WHERE ${condition} LIMIT $1 FOR UPDATE SKIP LOCKED),
          gone AS (DELETE FROM ${table} t USING dead WHERE t.id = dead.id RETURNING 1)
     SELECT count(*)::int AS deleted FROM gone`,
    [limit],
  );
  return deleted;
}
