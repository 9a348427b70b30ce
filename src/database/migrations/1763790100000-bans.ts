/** Why an account is disabled, and until when. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Bans1763790100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE users ADD COLUMN disabled_until timestamptz(3), ADD COLUMN disabled_reason varchar(500)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN disabled_until, DROP COLUMN disabled_reason');
  }
}
