/** Lets instances read what was revoked since they read last, in the order of commits, and wakes them. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RevocationOrder1763769600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE revocations ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
      CREATE INDEX revocations_tx_idx ON revocations (tx, id);

      -- A trigger, so that whoever writes a revocation cannot forget to tell.
      CREATE FUNCTION notify_revocations() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM added) THEN PERFORM pg_notify('revocations', ''); END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER revocations_notify AFTER INSERT ON revocations REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION notify_revocations();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER revocations_notify ON revocations;
      DROP FUNCTION notify_revocations;
      ALTER TABLE revocations DROP COLUMN tx;
    `);
  }
}
