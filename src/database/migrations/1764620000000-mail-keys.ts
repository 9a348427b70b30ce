/** By which key a mail was sealed, so that an instance takes only mails that it can read. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class MailKeys1764620000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mails ADD COLUMN key_id bytea');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mails DROP COLUMN key_id');
  }
}
