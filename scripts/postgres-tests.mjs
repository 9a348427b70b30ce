/**
 * `npm run test:postgres`: on the server in TEST_DATABASE_URL, the spec files whose outcome depends on its version.
 * PostgreSQL 15 is the oldest that is supported; all the others ask the server nothing that has changed since.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** In test/e2e/. */
const SPECS = [
  // Migrations, plans and what is restored.
  ...['schema', 'plans', 'timeline', 'timeline-page', 'restored-database', 'dump'],
  // Connections, errors and rights.
  ...['database-connections', 'database-errors', 'database-rights', 'prepared-statements'],
  // Partitions, and what is found by folding and by trigrams.
  ...['audit', 'profiles', 'tasks', 'admin', 'http-input'],
  // Rows that are taken away, and the order of transactions.
  ...['cleanup', 'erasure', 'revocations', 'revocation-feed', 'timeline-stream', 'posts', 'follows', 'export'],
  // Unnested arrays, and what two do at once.
  ...['users-import', 'mail'],
].map((name) => join(root, 'test', 'e2e', `${name}.spec.ts`));

const missing = SPECS.filter((file) => !existsSync(file));
if (missing.length > 0 || !process.env.TEST_DATABASE_URL) {
  process.stderr.write(
    missing.length > 0
      ? `These test files do not exist: ${missing.join(', ')}\n`
      : 'Set TEST_DATABASE_URL to the URL of a PostgreSQL server.\n',
  );
  process.exit(1);
}
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, ...process.argv.slice(2), '--runTestsByPath', ...SPECS], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
