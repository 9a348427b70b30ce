/** Security-relevant events: append-only, a partition for each month (see audit-partitions.ts). */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';
import { hasReplaced } from '../schema/replaced.js';

export class Audit1763830001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await hasReplaced(runner)) return;
    await createFunctions(runner, 'audit/refuse_audit_change.sql');
    await runner.query(`
      -- No foreign keys: what happened stays true when the person is gone.
      CREATE TABLE audit_events (
        id bigserial,
        at timestamptz(3) NOT NULL,
        action varchar(64) NOT NULL,
        actor_id uuid,
        subject_id uuid,
        session_id uuid,
        ip inet,
        user_agent varchar(512),
        request_id uuid,
        before jsonb,
        after jsonb,
        CONSTRAINT audit_events_pkey PRIMARY KEY (at, id)
      ) PARTITION BY RANGE (at);
      CREATE INDEX audit_events_subject_idx ON audit_events (subject_id, at, id);
      CREATE INDEX audit_events_actor_idx ON audit_events (actor_id, at, id);
      CREATE INDEX audit_events_action_idx ON audit_events (action, at, id);

      -- For each row, because such triggers are those that partitions take over.
      CREATE TRIGGER audit_events_keep BEFORE UPDATE OR DELETE ON audit_events
        FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
      CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

      CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
      CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON audit_events_default
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_events; DROP FUNCTION refuse_audit_change');
  }
}
