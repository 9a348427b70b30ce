/** Deletes what nothing asks for any more, a few rows at a time; rows that another instance is deleting are left to it. */
import type { EntityManager } from 'typeorm';

import { ADDRESS_KNOWN } from './known-addresses.query.js';
import { GUESSES_REMEMBERED } from './login-guard.query.js';
import { KEPT_MS } from './revocations.query.js';

/** An access token may outlive its session. */
const KEPT = `interval '${KEPT_MS} ms'`;

/** Decoys only have to outlive the day that mails are counted over. */
const MAILS_KEPT = `CASE WHEN recipient IS NULL THEN interval '1 day' ELSE interval '30 days' END`;

const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

const DEAD = {
  sessions: `least(expires_at, revoked_at) < ${NOW} - ${KEPT}`,
  revocations: `created_at < ${NOW} - ${KEPT}`,
  login_failures: `counted_at < ${NOW} - ${GUESSES_REMEMBERED} AND (blocked_until IS NULL OR blocked_until < ${NOW})`,
  known_addresses: `seen_at < ${NOW} - ${ADDRESS_KNOWN}`,
  account_tokens: `expires_at < ${NOW}`,
  former_addresses: `expires_at < ${NOW}`,
  mails: `created_at < ${NOW} - ${MAILS_KEPT}`,
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
