/** Requests for addresses that nobody has write, and tell the workers, as much as those for known ones. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Decoys1763790300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE account_tokens ALTER COLUMN user_id DROP NOT NULL;
      DROP TRIGGER mails_notify ON mails;
      CREATE TRIGGER mails_notify AFTER INSERT ON mails FOR EACH ROW EXECUTE FUNCTION notify_mails();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER mails_notify ON mails;
      CREATE TRIGGER mails_notify AFTER INSERT ON mails
        FOR EACH ROW WHEN (NEW.next_attempt_at IS NOT NULL) EXECUTE FUNCTION notify_mails();
      DELETE FROM account_tokens WHERE user_id IS NULL;
      ALTER TABLE account_tokens ALTER COLUMN user_id SET NOT NULL;
    `);
  }
}
