/** Admins' searches for one or two letters have an index: its definition is in search-indexes.ts. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';

export class ShortSearches1763852000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, 'users/fold_text.sql', 'database/schema/short_grams.sql');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX IF EXISTS users_short_idx; DROP FUNCTION short_grams');
  }
}
