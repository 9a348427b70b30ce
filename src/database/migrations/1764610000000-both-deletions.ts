/** When an owner's own deletion would be final, while staff deletes the account, too. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BothDeletions1764610000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN own_delete_after timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN own_delete_after');
  }
}
