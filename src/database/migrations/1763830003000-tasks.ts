/** Tasks. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { hasReplaced } from '../schema/replaced.js';

export class Tasks1763830003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await hasReplaced(runner)) return;
    await runner.query(`
      CREATE TABLE tasks (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT tasks_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT tasks_user_id_fkey REFERENCES users ON DELETE CASCADE,
        title varchar(200) NOT NULL,
        description text,
        completed boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX tasks_user_created_idx ON tasks (user_id, created_at, id);
      CREATE INDEX tasks_user_completed_created_idx ON tasks (user_id, completed, created_at, id);
      CREATE INDEX tasks_user_updated_idx ON tasks (user_id, updated_at, id);
      CREATE INDEX tasks_user_title_idx ON tasks (user_id, title, id);
      CREATE INDEX tasks_created_brin ON tasks USING brin (created_at);
      CREATE TRIGGER tasks_keep_timestamps BEFORE UPDATE ON tasks
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_timestamps();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tasks');
  }
}
