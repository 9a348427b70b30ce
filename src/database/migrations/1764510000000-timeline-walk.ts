/** A page of the home timeline walks as far as it has to. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';

export class TimelineWalk1764510000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, 'timeline/posts/timeline_page.sql');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}
