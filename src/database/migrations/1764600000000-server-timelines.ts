/** Which timelines of PostgreSQL the database has had: each promotion begins one. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ServerTimelines1764600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE server_timelines (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT server_timelines_pkey PRIMARY KEY,
        server bigint NOT NULL,
        timeline text NOT NULL,
        -- Two servers that are promoted apart from each other have timelines of the same number.
        mark uuid NOT NULL DEFAULT gen_random_uuid()
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE server_timelines');
  }
}
