/** Mails on their way: the outbox, and what became of each. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Mails1763780000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE mails (
        id uuid CONSTRAINT mails_pkey PRIMARY KEY,
        kind varchar(32) NOT NULL,
        address_key bytea NOT NULL,
        recipient varchar(255),
        sealed bytea,
        created_at timestamptz(3) NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3),
        sent_at timestamptz(3),
        given_up_at timestamptz(3),
        last_error varchar(500)
      );
      CREATE INDEX mails_due_idx ON mails (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
      CREATE INDEX mails_address_idx ON mails (address_key, created_at);
      CREATE INDEX mails_created_at_idx ON mails (created_at);

      -- Heard when the transaction commits, by the workers of all instances.
      CREATE FUNCTION notify_mails() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('mails', '');
        RETURN NULL;
      END $$;
      CREATE TRIGGER mails_notify AFTER INSERT ON mails
        FOR EACH ROW WHEN (NEW.next_attempt_at IS NOT NULL) EXECUTE FUNCTION notify_mails();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mails; DROP FUNCTION notify_mails');
  }
}
