/** Accounts that are to be deleted: who wants it, and when it becomes final; and mails found by whom they are to, or about. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AccountDeletion1763790500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE users
        ADD COLUMN deletion varchar(16) CONSTRAINT users_deletion_check CHECK (deletion IN ('own', 'staff', 'erasing')),
        ADD COLUMN delete_after timestamptz(3),
        ADD CONSTRAINT users_delete_after_check CHECK ((deletion IS NULL) = (delete_after IS NULL));
      CREATE INDEX users_delete_after_idx ON users (delete_after) WHERE delete_after IS NOT NULL;

      -- Decoys are in the indexes, too: they cost what a mail costs.
      ALTER TABLE mails ADD COLUMN user_id uuid;
      UPDATE mails m SET user_id = u.id FROM users u WHERE u.email = m.recipient;
      CREATE INDEX mails_user_id_idx ON mails (user_id);
      CREATE INDEX mails_recipient_idx ON mails (recipient);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX mails_recipient_idx;
      ALTER TABLE mails DROP COLUMN user_id;
      ALTER TABLE users DROP COLUMN deletion, DROP COLUMN delete_after;
    `);
  }
}
