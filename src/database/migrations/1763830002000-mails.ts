/** Mails: written in the transaction of their cause, and sent later by any instance. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';
import { hasReplaced } from '../schema/replaced.js';

export class Mails1763830002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await hasReplaced(runner)) return;
    await createFunctions(runner, 'mail/notify_mails.sql');
    await runner.query(`
      CREATE TABLE mails (
        id uuid CONSTRAINT mails_pkey PRIMARY KEY,
        kind varchar(32) NOT NULL,
        -- HMAC of the requested address: counts mails without storing it.
        address_key bytea NOT NULL,
        -- Null: a decoy for an address without an account, at a mail's cost.
        recipient varchar(255),
        -- Encrypted, since it contains tokens. Null once sent or given up.
        sealed bytea,
        created_at timestamptz(3) NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3),
        sent_at timestamptz(3),
        given_up_at timestamptz(3),
        last_error varchar(500),
        -- No foreign key: the erasure of this account deletes the mail, in batches. Null in a decoy.
        user_id uuid
      );
      CREATE INDEX mails_due_idx ON mails (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
      CREATE INDEX mails_address_idx ON mails (address_key, created_at);
      CREATE INDEX mails_created_at_idx ON mails (created_at);
      -- Decoys are in these two, also: they cost what a mail costs.
      CREATE INDEX mails_user_id_idx ON mails (user_id);
      CREATE INDEX mails_recipient_idx ON mails (recipient);
      -- Decoys are dead after a day, other mails after 30: the clean-up finds them without reading the others.
      CREATE INDEX mails_decoys_idx ON mails (created_at) WHERE recipient IS NULL;
      CREATE TRIGGER mails_notify AFTER INSERT ON mails FOR EACH ROW EXECUTE FUNCTION notify_mails();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mails; DROP FUNCTION notify_mails');
  }
}
