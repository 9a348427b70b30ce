/**
 * `npm run test:postgres`: the tests whose outcome depends on the server's version, on the server in TEST_DATABASE_URL.
 * PostgreSQL 15 is the oldest supported version. All other tests use only what has not changed since.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

const SPECS = [
  // Each statement of the routes runs once: a version may not know it.
  'routes',
  // Catalogs, plans and the plan cache, and the format of COPY.
  ...['e2e/schema', 'e2e/plans', 'e2e/timeline-page', 'e2e/prepared-statements', 'e2e/dump'],
  // Rights, codes of errors, and the numbers of transactions.
  ...['e2e/database-rights', 'e2e/database-errors', 'e2e/restored-database', 'e2e/revocation-feed'],
  // Partitions, and searches by folded letters and trigrams.
  ...['e2e/audit', 'e2e/profiles', 'e2e/tasks'],
].map((name) => join(root, 'test', `${name}.spec.ts`));

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
