/** Finds people by any part of their address or names, and counts tasks by day without reading all of them. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AdminSearch1763790200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX users_created_idx ON users (created_at, id);
      CREATE INDEX tasks_created_brin ON tasks USING brin (created_at);

      -- Where the role may not make the extension, or the server has none, a search reads all accounts instead.
      DO $$
      BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE INDEX users_search_idx ON users
          USING gin ((email || ' ' || username || ' ' || coalesce(display_name, '')) gin_trgm_ops);
      EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'no pg_trgm: searches for people read all accounts';
      END $$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    // The extension stays: it may have been there before, and others may use it.
    await runner.query('DROP INDEX IF EXISTS users_search_idx; DROP INDEX tasks_created_brin, users_created_idx');
  }
}
