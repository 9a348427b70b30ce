/** What the audit holds, as rows. */
import type { TestApp } from './app.js';

export interface AuditRow {
  readonly action: string;
  readonly actor_id: string | null;
  readonly subject_id: string | null;
  readonly session_id: string | null;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly at: Date;
}

/** Of one account, the oldest first. */
export async function auditOf(app: TestApp, subjectId: string): Promise<AuditRow[]> {
  const { rows } = await app.pool.query<AuditRow>(
    'SELECT * FROM audit_events WHERE subject_id = $1 ORDER BY audit_events.at, id',
    [subjectId],
  );
  return rows;
}

/** @returns what the work added to the audit, of whatever account */
export async function audited(app: TestApp, work: () => Promise<unknown>): Promise<AuditRow[]> {
  const last = await app.pool.query<{ last: string }>('SELECT coalesce(max(id), 0) AS last FROM audit_events');
  await work();
  const { rows } = await app.pool.query<AuditRow>('SELECT * FROM audit_events WHERE id > $1 ORDER BY id', [
    last.rows[0]?.last,
  ]);
  return rows;
}
