/** The SQL of `revocations`: append-only, a row per ended session (`session_id`) or ended user epochs (`min_epoch`),
 * written in the transaction of its cause and kept 25 hours. Neither ids nor times follow the order of commits;
 * `tx`, the transaction's id, is compared with snapshots instead. */
import type { EntityManager } from 'typeorm';

import { type DeletedRows, join, one, raw, row, rows, SERVER, type Sql, sql, utcText } from '../../database/sql.js';

/** Longest life of an access token (24 hours) plus leeway. */
export const KEPT_MS = 25 * 3_600_000;

const OLDEST = raw(`statement_timestamp() - interval '${KEPT_MS} ms'`);
const KEPT = sql`created_at > ${OLDEST}`;

export const REVOCATION_PAGE = { rows: 10_000 };

export interface RevocationRow {
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly minEpoch: number | null;
}

export interface RevocationsRead {
  readonly snapshot: string;
  readonly server: string;
  readonly rows: readonly (RevocationRow & { readonly id: string })[];
  readonly isForeign: boolean;
}

type Found = RevocationRow & {
  readonly id: string;
  readonly snapshot: string;
  readonly server: string;
  readonly isForeign: boolean | null;
};

/** Everything committed since an earlier snapshot. @param since undefined: all rows, in pages */
export async function readRevocations(manager: EntityManager, since: string | undefined): Promise<RevocationsRead> {
  if (since !== undefined)
    return read(manager, sql`AND r.tx >= pg_snapshot_xmin(${since}) AND NOT pg_visible_in_snapshot(r.tx, ${since})`);
  const first = await readPage(manager, '0');
  const all = [...first.rows];
  for (let page = first; page.rows.length === REVOCATION_PAGE.rows; all.push(...page.rows))
    page = await readPage(manager, page.rows.at(-1)?.id ?? '0');
  // What is committed meanwhile is new to the first page's snapshot, and is read again.
  return { ...first, rows: all };
}

function readPage(manager: EntityManager, after: string): Promise<RevocationsRead> {
  return read(manager, sql`AND r.id > ${after}::bigint ORDER BY r.id LIMIT ${REVOCATION_PAGE.rows}`);
}

async function read(manager: EntityManager, which: Sql): Promise<RevocationsRead> {
  const found = (await rows<Found>(
    manager,
    sql`SELECT pg_current_snapshot()::text AS snapshot, ${SERVER} AS server, r.id::text, r.session_id AS "sessionId",
               r.user_id AS "userId", r.min_epoch AS "minEpoch",
               r.tx >= pg_snapshot_xmax(pg_current_snapshot()) AS "isForeign"
          FROM (VALUES (1)) one LEFT JOIN LATERAL (SELECT * FROM revocations r WHERE ${KEPT} ${which}) r ON true`,
  )) as [Found, ...Found[]];
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
  return (await one<{ server: string }>(manager, sql`SELECT ${SERVER} AS server`)).server;
}

export async function selectFeedPage(
  manager: EntityManager,
  { since, after, limit }: FeedPosition & { limit: number },
): Promise<FeedPage> {
  const conditions = [KEPT];
  if (since !== undefined) conditions.push(sql`tx >= ${since}::xid8`);
  if (after) conditions.push(sql`(tx, id) > (${after.tx}::xid8, ${after.id}::bigint)`);
  const found = (await rows<ListedRevocation & FeedPage>(
    manager,
    sql`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest, r.*
          FROM (VALUES (1)) one
          LEFT JOIN (
            SELECT tx::text, id::text, session_id AS "sessionId", user_id AS "userId", min_epoch AS "minEpoch",
                   ${utcText('created_at')} AS "createdAt"
              FROM revocations WHERE ${join(conditions, ' AND ')}
             ORDER BY revocations.tx, revocations.id LIMIT ${limit}
          ) r ON true`,
  )) as [ListedRevocation & FeedPage];
  return { oldest: found[0].oldest, rows: found.filter(isRow) };
}

function isRow({ sessionId, userId }: RevocationRow): boolean {
  return sessionId !== null || userId !== null;
}

export interface Standing {
  readonly sessionEnded: boolean;
  readonly minEpoch: number;
}

export function selectStanding(
  manager: EntityManager,
  { sessionId, userId }: { sessionId: string; userId: string },
): Promise<Standing | undefined> {
  return row(
    manager,
    sql`SELECT s.revoked_at IS NOT NULL AS "sessionEnded", u.token_epoch AS "minEpoch"
          FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ${sessionId} AND u.id = ${userId}`,
  );
}

export const DEAD_REVOCATIONS: DeletedRows = { table: 'revocations', where: sql`created_at < ${OLDEST}` };
