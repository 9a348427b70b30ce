/** What logins and follows ask in one statement. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';

export class FewerStatements1763840000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, 'auth/sessions/live_sessions.sql', 'timeline/people/follow.sql');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION live_sessions; DROP FUNCTION follow');
  }
}
