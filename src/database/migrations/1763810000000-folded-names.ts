/** How names are compared in searches: without case, accents, or the form in which they were typed. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FoldedNames1763810000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Where the locale knows ASCII only, lower() needs a collation that knows more. The last steps make one of both small sigmas, of sharp s and ss, and of i with and without a dot.
      DO $do$
      DECLARE
        best CONSTANT text := (
          SELECT quote_ident(collname) FROM pg_collation
           WHERE collname IN ('pg_c_utf8', 'und-x-icu') AND collnamespace = 'pg_catalog'::regnamespace
           ORDER BY collname LIMIT 1);
      BEGIN
        EXECUTE format(
          $f$CREATE FUNCTION fold_text(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
             $b$SELECT replace(translate(normalize(lower(regexp_replace(normalize(given, NFD), '[\\u0300-\\u036f]', '', 'g')
                                                         COLLATE %s), NFC), 'ςı', 'σi'), 'ß', 'ss')$b$ $f$,
          coalesce(best, '"default"'));
      END $do$;
      DROP INDEX users_name_idx;
      DROP INDEX IF EXISTS users_people_idx, users_search_idx;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX IF EXISTS users_folded_name_idx, users_folded_idx, users_found_by_staff_idx;
      DROP FUNCTION fold_text;
      CREATE INDEX users_name_idx ON users (lower(display_name) text_pattern_ops);
    `);
  }
}
