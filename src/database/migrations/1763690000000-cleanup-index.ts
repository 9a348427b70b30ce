/** Finds ended sessions without reading the live ones. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CleanupIndex1763690000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX sessions_end_idx ON sessions (least(expires_at, revoked_at))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX sessions_end_idx');
  }
}
