/** The SQL of the append-only table `audit_events`. It has no entity: TypeORM knows no partitions. */
import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../common/pagination.js';
import { isoTimestamp, utcText } from '../common/timestamps.js';
import type { AuditAction } from './actions.js';
import type { Client } from '../common/actor.js';

/** State before and after, readable by the audit's readers: never a secret. */
export type AuditedState = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEvent {
  readonly action: AuditAction;
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly sessionId?: string;
  readonly before?: AuditedState;
  readonly after?: AuditedState;
}

export async function insertAuditEvents(
  tx: EntityManager,
  events: readonly AuditEvent[],
  { ip, userAgent, requestId }: Client,
): Promise<void> {
  const rows = events.map(({ action, actorId, subjectId, sessionId, before, after }) => ({
    action,
    actor_id: actorId,
    subject_id: subjectId,
    session_id: sessionId,
    before,
    after,
  }));
  await tx.query(
    `INSERT INTO audit_events (at, ip, user_agent, request_id, action, actor_id, subject_id, session_id, before, after)
     SELECT clock_timestamp(), $1::inet, $2, $3::uuid, e.*
       FROM jsonb_to_recordset($4) AS e (action text, actor_id uuid, subject_id uuid, session_id uuid, before jsonb, after jsonb)`,
    [ip, userAgent, requestId, JSON.stringify(rows)],
  );
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly action?: AuditAction | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface ListedAuditEvent extends Omit<Client, 'isGone'> {
  readonly id: string;
  readonly at: string;
  readonly action: AuditAction;
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly sessionId: string | null;
  readonly before: AuditedState | null;
  readonly after: AuditedState | null;
}

export function auditKey({ at, id }: ListedAuditEvent): CursorKey {
  return [isoTimestamp(at), id];
}

export function selectAuditPage(
  manager: EntityManager,
  { actorId, subjectId, action, from, to }: AuditFilter,
  { after, limit }: { after: CursorKey | undefined; limit: number },
): Promise<ListedAuditEvent[]> {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['true'];
  if (actorId !== undefined) conditions.push(`actor_id = ${bind(actorId)}`);
  if (subjectId !== undefined) conditions.push(`subject_id = ${bind(subjectId)}`);
  if (action !== undefined) conditions.push(`action = ${bind(action)}`);
  if (from) conditions.push(`at >= ${bind(from)}`);
  if (to) conditions.push(`at < ${bind(to)}`);
  if (after) conditions.push(`(at, id) < (${bind(after[0])}::timestamptz, ${bind(after[1])}::bigint)`);
  return manager.query(
    `SELECT id::text, ${utcText('at')} AS at, action, actor_id AS "actorId", subject_id AS "subjectId",
            session_id AS "sessionId", host(ip) AS ip, user_agent AS "userAgent", request_id AS "requestId", before, after
       FROM audit_events e WHERE ${conditions.join(' AND ')}
      ORDER BY e.at DESC, e.id DESC LIMIT ${bind(limit)}`,
    values,
  );
}
