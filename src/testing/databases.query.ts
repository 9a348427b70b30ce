import { raw, type Sql, sql } from '../database/sql.js';

export function createDatabase(name: string, template: string): Sql {
  return sql`CREATE DATABASE ${raw(name)} TEMPLATE ${raw(template)}`;
}

/** By copies of files: measured, this takes half to three quarters of the default's time. */
export function cloneDatabase(name: string, template: string): Sql {
  return sql`${createDatabase(name, template)} STRATEGY file_copy`;
}

/** Tables are made in the first schema; the last one would be searched first. */
export function searchTestClock(name: string): Sql {
  return sql`ALTER DATABASE ${raw(name)} SET search_path = public, test_clock, pg_catalog`;
}

export function dropDatabase(name: string): Sql {
  return sql`DROP DATABASE IF EXISTS ${raw(name)} WITH (FORCE)`;
}

/** Without triggers: one of them keeps what is never changed. */
export const EMPTY_TABLES = sql`
  DO $$ BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                AND relname <> 'migrations');
  END $$`;

/** Functions that hide those of pg_catalog. A STABLE one is inlined, so that indexes can be used. */
export const TEST_CLOCK = sql`
  CREATE SCHEMA test_clock;
  GRANT USAGE ON SCHEMA test_clock TO PUBLIC;
  ${movable('statement_timestamp', 'STABLE')};
  ${movable('clock_timestamp', 'VOLATILE')};`;

/** A default that was made before the functions of the test clock calls those of pg_catalog. */
export const MOVED_DEFAULTS = sql`
  DO $$ DECLARE moved record; BEGIN
    FOR moved IN
      SELECT adrelid::regclass AS name, attname FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
       WHERE pg_get_expr(adbin, adrelid) LIKE 'now(%'
    LOOP
      EXECUTE format('ALTER TABLE %s ALTER %I SET DEFAULT test_clock.statement_timestamp()', moved.name, moved.attname);
    END LOOP;
  END $$`;

export function setOffset(ms: number): Sql {
  return sql`SET test_clock.offset_ms = ${raw(String(ms))}`;
}

function movable(name: string, volatility: 'STABLE' | 'VOLATILE'): Sql {
  return raw(`CREATE FUNCTION test_clock.${name}() RETURNS timestamptz LANGUAGE sql ${volatility} AS $$
    SELECT pg_catalog.${name}()
           + coalesce(nullif(current_setting('test_clock.offset_ms', true), ''), '0')::float8 * interval '1 ms' $$`);
}
