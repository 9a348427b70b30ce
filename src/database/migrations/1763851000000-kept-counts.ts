/** Figures for admins are counted by a job, and a look adds the rows since then: their index is in search-indexes.ts. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeptCounts1763851000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Null: the day was counted after its end.
      ALTER TABLE daily_counts ADD counted_until timestamptz(3);

      -- At most one row, and none where counting takes no time.
      CREATE TABLE account_counts (
        id boolean CONSTRAINT account_counts_pkey PRIMARY KEY DEFAULT true
          CONSTRAINT account_counts_one_row_check CHECK (id),
        counted_at timestamptz(3) NOT NULL,
        total integer NOT NULL,
        confirmed integer NOT NULL,
        disabled integer NOT NULL,
        active_day integer NOT NULL,
        active_week integer NOT NULL,
        active_month integer NOT NULL
      );

      -- In a table whose rows change, new rows take the place of old ones everywhere, and BRIN excludes nothing.
      DROP INDEX IF EXISTS tasks_created_brin, posts_created_brin, follows_created_brin;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE account_counts;
      DELETE FROM daily_counts WHERE counted_until IS NOT NULL;
      ALTER TABLE daily_counts DROP counted_until;
      CREATE INDEX tasks_created_brin ON tasks USING brin (created_at);
      CREATE INDEX posts_created_brin ON posts USING brin (created_at);
      CREATE INDEX follows_created_brin ON follows USING brin (created_at);
    `);
  }
}
