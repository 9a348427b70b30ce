/** Deletes what nothing asks for any more, a few rows at a time; rows that another instance is deleting are left to it. */
import type { EntityManager } from 'typeorm';

import { KEPT_MS } from './revocations.query.js';

/** An access token may outlive its session. */
const KEPT = `interval '${KEPT_MS} ms'`;

const DEAD = {
  sessions: `least(expires_at, revoked_at) < clock_timestamp() + $1 * interval '1 ms' - ${KEPT}`,
  revocations: `created_at < clock_timestamp() + $1 * interval '1 ms' - ${KEPT}`,
};

export type CleanedTable = keyof typeof DEAD;
export const CLEANED_TABLES = Object.keys(DEAD) as CleanedTable[];

/** @returns how many rows there were, at most `limit` */
export async function deleteDead(
  manager: EntityManager,
  table: CleanedTable,
  { limit, offsetMs }: { limit: number; offsetMs: number },
): Promise<number> {
  const [{ deleted }]: [{ deleted: number }] = await manager.query(
    `WITH dead AS (SELECT id FROM ${table} WHERE ${DEAD[table]} LIMIT $2 FOR UPDATE SKIP LOCKED),
          gone AS (DELETE FROM ${table} t USING dead WHERE t.id = dead.id RETURNING 1)
     SELECT count(*)::int AS deleted FROM gone`,
    [offsetMs, limit],
  );
  return deleted;
}
