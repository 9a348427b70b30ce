/** How many rows of a noun were created on a past day: counted once, so that figures cost no more with more rows. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { hasReplaced } from '../schema/replaced.js';

export class DailyCounts1763830005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await hasReplaced(runner)) return;
    await runner.query(`
      CREATE TABLE daily_counts (
        noun varchar(16) CONSTRAINT daily_counts_noun_check CHECK (noun IN ('tasks', 'posts', 'follows')),
        day date,
        created integer NOT NULL,
        CONSTRAINT daily_counts_pkey PRIMARY KEY (noun, day)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE daily_counts');
  }
}
