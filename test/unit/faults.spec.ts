import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

const ask = (code: string): any => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('docs/reliability.md', () => {
  const page = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8');

  it('has exactly the faults that npm run test:faults has, and that each has held or was skipped with a reason', () => {
    const { stdout } = spawnSync(process.execPath, ['scripts/faults.mjs', '--list'], { cwd: ROOT, encoding: 'utf8' });
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| [^|]+\| ([^|]+?) +\|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(stdout.trim().split('\n'));
    for (const [, name, held] of rows) expect([name, held]).toEqual([name, expect.stringMatching(/^yes$|^skipped: ./)]);
  });

  it('names tests that exist', () => {
    const held: [string, string, string][] = ask(
      `const { HELD_BY_TESTS } = await import('./test/faults/support/elsewhere.mjs');
       process.stdout.write(JSON.stringify(HELD_BY_TESTS))`,
    );
    for (const [fault, file, title] of held) {
      const tests = readFileSync(join(ROOT, `test/e2e/${file}.spec.ts`), 'utf8');
      expect([fault, tests.includes(`'${title}`)]).toEqual([fault, true]);
      expect(page).toContain(`| ${title} `);
    }
  });
});
