/**
 * Before all test files: one PostgreSQL server (an embedded one, or the one in TEST_DATABASE_URL) and one migrated
 * template, which each test file clones. Uses the build, because Jest does not map modules here, and makes it when it is
 * older than the sources.
 */
import { buildClientIfNeeded, buildIfNeeded } from '../../scripts/build.mjs';

export default async function setup() {
  buildIfNeeded();
  buildClientIfNeeded();
  const { startCluster } = await import('../../dist/testing/cluster.js');
  const cluster = await startCluster({ url: process.env['TEST_DATABASE_URL'] });
  Object.assign(globalThis, { stopTestServer: cluster.stop });
}
