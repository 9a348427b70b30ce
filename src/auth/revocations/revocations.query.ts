/**
 * The SQL of the table `revocations`: append-only, one row for each session that ended (`session_id`), or for each user
 * whose tokens below `min_epoch` ended; written in the transaction of its cause, kept 25 hours. Neither ids nor times are
 * an order of commits; `tx`, the transaction's id, is read against snapshots instead.
 */
import type { EntityManager } from 'typeorm';

import type { DeadRows } from '../../database/cleanup/cleanup.query.js';
import { utcText } from '../../common/timestamps.js';
import { NOW, SERVER } from '../../database/sql.js';

/** An access token lives 24 hours at most, and its leeway. */
export const KEPT_MS = 25 * 3_600_000;

/** With the offset of the clock as $1. */
const KEPT = `created_at > ${NOW} - interval '${KEPT_MS} ms'`;

export interface RevocationRow {
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly minEpoch: number | null;
}

export interface RevocationsRead {
  /** Which transactions had committed: what the next read takes up from. */
  readonly snapshot: string;
  /** See {@link SERVER}. */
  readonly server: string;
  readonly rows: readonly RevocationRow[];
  /** Whether a row names a transaction that the server has not given yet: it came with a dump of another one. */
  readonly isForeign: boolean;
}

type Found = RevocationRow & { readonly snapshot: string; readonly server: string; readonly isForeign: boolean | null };

/**
 * Reads, in one statement and so in one snapshot, what committed since an earlier snapshot.
 * @param since undefined: everything that is kept
 */
export async function readRevocations(
  manager: EntityManager,
  { since, offsetMs }: { since: string | undefined; offsetMs: number },
): Promise<RevocationsRead> {
  const isNew = since === undefined ? '' : 'AND r.tx >= pg_snapshot_xmin($2) AND NOT pg_visible_in_snapshot(r.tx, $2)';
  const found: [Found, ...Found[]] = await manager.query(
    `SELECT pg_current_snapshot()::text AS snapshot, ${SERVER} AS server, r.session_id AS "sessionId", r.user_id AS "userId",
            r.min_epoch AS "minEpoch", r.tx >= pg_snapshot_xmax(pg_current_snapshot()) AS "isForeign"
       FROM (VALUES (1)) one
       LEFT JOIN revocations r
         ON ${KEPT} ${isNew}`,
    since === undefined ? [offsetMs] : [offsetMs, since],
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

/** Where a reader of the feed stands. */
export interface FeedPosition {
  /** Rows of this transaction and later ones. */
  readonly since?: string;
  /** Rows after this one, in the order of `tx` and `id`. */
  readonly after?: { readonly tx: string; readonly id: string };
}

export interface FeedPage {
  /** The oldest transaction that was under way: what commits later has its number or a higher one. */
  readonly oldest: string;
  readonly rows: readonly ListedRevocation[];
}

export async function selectServer(manager: EntityManager): Promise<string> {
  const [{ server }]: [{ server: string }] = await manager.query(`SELECT ${SERVER} AS server`);
  return server;
}

/** In the order of transactions, the oldest first. */
export async function selectFeedPage(
  manager: EntityManager,
  { since, after, limit, offsetMs }: FeedPosition & { limit: number; offsetMs: number },
): Promise<FeedPage> {
  const values: unknown[] = [offsetMs, limit];
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
           FROM revocations WHERE ${conditions.join(' AND ')} ORDER BY revocations.tx, revocations.id LIMIT $2
       ) r ON true`,
    values,
  );
  return { oldest: found[0].oldest, rows: found.filter(isRow) };
}

function isRow({ sessionId, userId }: RevocationRow): boolean {
  return sessionId !== null || userId !== null;
}

/** What an access token is measured by. */
export interface Standing {
  readonly sessionEnded: boolean;
  /** Tokens of the user below it have ended. */
  readonly minEpoch: number;
}

/** For when memory is too old to be trusted. @returns undefined when the session or the account is gone */
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
  condition: `created_at < ${NOW} - interval '${KEPT_MS} ms'`,
};
