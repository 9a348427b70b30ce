/**
 * Before all test files: one PostgreSQL server (an embedded one, or the one in TEST_DATABASE_URL) and one migrated
 * template, which each test file clones. Uses the build, because Jest does not map modules here, and makes it when it is
 * older than the sources.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { buildIfNeeded } from '../../scripts/build.mjs';

/** Nothing here has to survive a crash. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

/**
 * A clock that a connection can move. Clones search this schema before pg_catalog; the product knows nothing of it. What is
 * STABLE is inlined, so that indexes can be used.
 */
const TEST_CLOCK = `
  CREATE SCHEMA test_clock;
  GRANT USAGE ON SCHEMA test_clock TO PUBLIC;
  ${movable('statement_timestamp', 'STABLE')};
  ${movable('clock_timestamp', 'VOLATILE')};`;

export default async function setup() {
  buildIfNeeded();
  const { startEmbeddedPostgres } = await import('../../dist/database/embedded/embedded.js');
  const { migrate } = await import('../../dist/database/schema/migrate.js');
  const external = process.env['TEST_DATABASE_URL'];
  const template = `roost_template_${process.pid}`;
  const folder = await mkdtemp(join(tmpdir(), 'roost-test-'));
  // As root, the server runs as another user, who has to be able to enter.
  await chmod(folder, 0o755);
  const embedded = external
    ? undefined
    : await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), database: 'roost', settings: FAST });
  const adminUrl = external ?? embedded?.superuserUrl ?? '';
  Object.assign(globalThis, {
    stopTestServer: async () => {
      if (external) await execute(external, `DROP DATABASE IF EXISTS ${template}`);
      await embedded?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  });
  await execute(adminUrl, `CREATE DATABASE ${template}`);
  const url = new URL(adminUrl);
  url.pathname = `/${template}`;
  await migrate(url.href);
  await execute(url.href, TEST_CLOCK);
  process.env['ROOST_TEST_ADMIN_URL'] = adminUrl;
  process.env['ROOST_TEST_TEMPLATE'] = template;
}

/** @param {string} name @param {'STABLE' | 'VOLATILE'} volatility */
function movable(name, volatility) {
  return `CREATE FUNCTION test_clock.${name}() RETURNS timestamptz LANGUAGE sql ${volatility} AS $$
    SELECT pg_catalog.${name}()
           + coalesce(nullif(current_setting('test_clock.offset_ms', true), ''), '0')::float8 * interval '1 ms' $$`;
}

/** @param {string} url @param {string} statement */
async function execute(url, statement) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
