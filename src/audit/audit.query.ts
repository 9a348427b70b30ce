import type { EntityManager } from 'typeorm';

import type { CursorKey } from '../common/pagination.js';
import { isoTimestamp } from '../common/timestamps.js';
import { empty, join, rows, type Sql, sql, utcText } from '../database/sql.js';
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

/** @param where a condition of a greater statement that this one is part of */
export function auditInsertion(
  events: readonly AuditEvent[],
  { ip, userAgent, requestId }: Client,
  where: Sql = empty,
): Sql {
  const recorded = events.map(({ action, actorId, subjectId, sessionId, before, after }) => ({
    action,
    actor_id: actorId,
    subject_id: subjectId,
    session_id: sessionId,
    before,
    after,
  }));
  return sql`
    INSERT INTO audit_events (at, ip, user_agent, request_id, action, actor_id, subject_id, session_id, before, after)
    SELECT clock_timestamp(), ${ip}::inet, ${userAgent}, ${requestId}::uuid, e.*
      FROM jsonb_to_recordset(${JSON.stringify(recorded)})
           AS e (action text, actor_id uuid, subject_id uuid, session_id uuid, before jsonb, after jsonb) ${where}`;
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
  const conditions = [sql`true`];
  if (actorId !== undefined) conditions.push(sql`actor_id = ${actorId}`);
  if (subjectId !== undefined) conditions.push(sql`subject_id = ${subjectId}`);
  if (action !== undefined) conditions.push(sql`action = ${action}`);
  if (from) conditions.push(sql`at >= ${from}`);
  if (to) conditions.push(sql`at < ${to}`);
  if (after) conditions.push(sql`(at, id) < (${after[0]}::timestamptz, ${after[1]}::bigint)`);
  return rows(
    manager,
    sql`SELECT id::text, ${utcText('at')} AS at, action, actor_id AS "actorId", subject_id AS "subjectId",
               session_id AS "sessionId", host(ip) AS ip, user_agent AS "userAgent", request_id AS "requestId", before, after
          FROM audit_events e WHERE ${join(conditions, ' AND ')}
         ORDER BY e.at DESC, e.id DESC LIMIT ${limit}`,
  );
}
