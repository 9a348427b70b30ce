/**
 * `npm run test:soak`: the spec files that have longer forms of their tests (more rounds of a race, more random histories,
 * more rows), with those. What follows `--` goes to Jest: `npm run test:soak -- session-histories`.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const specs = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => join(root, 'test', name))
  .filter((file) => file.endsWith('.spec.ts') && readFileSync(file, 'utf8').includes('support/soak.js'));
const given = process.argv.slice(2);
const chosen = given.some((argument) => !argument.startsWith('-'));
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, ...(chosen ? given : [...given, '--runTestsByPath', ...specs])], {
  cwd: root,
  env: { ...process.env, SOAK: '1' },
  stdio: 'inherit',
});
process.exit(status ?? 1);
