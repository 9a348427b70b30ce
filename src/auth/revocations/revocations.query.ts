/** The SQL of `revocations`: append-only, a row per ended session (`session_id`) or ended user epochs (`min_epoch`),
 * written in the transaction of its cause and kept 25 hours. Neither ids nor times follow the order of commits;
 * `tx`, the transaction's id, is compared with snapshots instead. */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import { utcText } from '../../common/timestamps.js';
import { SERVER } from '../../database/sql.js';

/** Longest life of an access token (24 hours) plus leeway. */
export const KEPT_MS = 25 * 3_600_000;

const KEPT = `created_at > statement_timestamp() - interval '${KEPT_MS} ms'`;

export interface RevocationRow {
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly minEpoch: number | null;
}

export interface RevocationsRead {
  readonly snapshot: string;
  readonly server: string;
  readonly rows: readonly RevocationRow[];
  readonly isForeign: boolean;
}

type Found = RevocationRow & { readonly snapshot: string; readonly server: string; readonly isForeign: boolean | null };

/** One statement, one snapshot: everything committed since an earlier one. @param since undefined: all rows */
export async function readRevocations(manager: EntityManager, since: string | undefined): Promise<RevocationsRead> {
  const isNew = since === undefined ? '' : 'AND r.tx >= pg_snapshot_xmin($1) AND NOT pg_visible_in_snapshot(r.tx, $1)';
  const found: [Found, ...Found[]] = await manager.query(
    `SELECT pg_current_snapshot()::text AS snapshot, ${SERVER} AS server, r.session_id AS "sessionId", r.user_id AS "userId",
            r.min_epoch AS "minEpoch", r.tx >= pg_snapshot_xmax(pg_current_snapshot()) AS "isForeign"
       FROM (VALUES (1)) one
       LEFT JOIN revocations r
         ON ${KEPT} ${isNew}`,
    since === undefined ? [] : [since],
  );
  return {
    snapshot: found[0].snapshot,
    server: found[0].server,
    rows: found.filter(isRow),
    isForeign: found.some(({ isForeign }) => isForeign === true),
  };
}

export interface ListedRevocation extends RevocationRow {
  readonly tx: string;
  readonly id: string;
  readonly createdAt: string;
}

export interface FeedPosition {
  readonly since?: string;
  readonly after?: { readonly tx: string; readonly id: string };
}

export interface FeedPage {
  /** The oldest transaction under way: later commits have this number or a higher one. */
  readonly oldest: string;
  readonly rows: readonly ListedRevocation[];
}

export async function selectServer(manager: EntityManager): Promise<string> {
  const [{ server }]: [{ server: string }] = await manager.query(`SELECT ${SERVER} AS server`);
  return server;
}

export async function selectFeedPage(
  manager: EntityManager,
  { since, after, limit }: FeedPosition & { limit: number },
): Promise<FeedPage> {
  const values: unknown[] = [limit];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [KEPT];
  if (since !== undefined) conditions.push(`tx >= ${bind(since)}::xid8`);
  if (after) conditions.push(`(tx, id) > (${bind(after.tx)}::xid8, ${bind(after.id)}::bigint)`);
  const found: [ListedRevocation & FeedPage] = await manager.query(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest, r.*
       FROM (VALUES (1)) one
       LEFT JOIN (
         SELECT tx::text, id::text, session_id AS "sessionId", user_id AS "userId", min_epoch AS "minEpoch",
                ${utcText('created_at')} AS "createdAt"
           FROM revocations WHERE ${conditions.join(' AND ')} ORDER BY revocations.tx, revocations.id LIMIT $1
       ) r ON true`,
    values,
  );
  return { oldest: found[0].oldest, rows: found.filter(isRow) };
}

function isRow({ sessionId, userId }: RevocationRow): boolean {
  return sessionId !== null || userId !== null;
}

export interface Standing {
  readonly sessionEnded: boolean;
  readonly minEpoch: number;
}

export async function selectStanding(
  manager: EntityManager,
  { sessionId, userId }: { sessionId: string; userId: string },
): Promise<Standing | undefined> {
  const rows: Standing[] = await manager.query(
    `SELECT s.revoked_at IS NOT NULL AS "sessionEnded", u.token_epoch AS "minEpoch"
       FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND u.id = $2`,
    [sessionId, userId],
  );
  return rows[0];
}

export const DEAD_REVOCATIONS: DeadRows = {
  table: 'revocations',
  condition: `created_at < statement_timestamp() - interval '${KEPT_MS} ms'`,
};
