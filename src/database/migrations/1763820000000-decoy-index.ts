/** Decoys are dead after a day, other mails after 30: the clean-up finds them without reading the others. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DecoyIndex1763820000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX mails_decoys_idx ON mails (created_at) WHERE recipient IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX mails_decoys_idx');
  }
}
