/** Which pause of the login guard the audit tells of already. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ToldPauses1763790410000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE login_failures ADD COLUMN told_until timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE login_failures DROP COLUMN told_until');
  }
}
