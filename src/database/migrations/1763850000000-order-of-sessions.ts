/** Two logins of an account can begin within a millisecond: microseconds tell which session is the newer one. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OrderOfSessions1763850000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // A higher precision alone does not rewrite the table.
    await runner.query('ALTER TABLE sessions ALTER COLUMN created_at TYPE timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions ALTER COLUMN created_at TYPE timestamptz(3)');
  }
}
