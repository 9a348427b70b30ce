/** How the scorecard counts: docs/adr/0032-fuzzing-and-scorecard.md. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Results } from '../../scripts/scorecard/scorecard.mjs';
import { testsOf } from '../../scripts/scorecard/tagged-tests.mjs';

const ROOT = join(__dirname, '../..');
const ATTACKS = (JSON.parse(readFileSync(join(ROOT, 'docs/security/attacks.json'), 'utf8')) as unknown[]).length;
// Written apart, so that they are no tags of the tests here.
const [WEAK, LONG] = ['[V6.2.' + '4]', '[T' + '16]'];

function read(text: string): { title: string; tags: string[]; runs: boolean }[] {
  return testsOf('test/a.spec.ts', text).map(({ title, tags, runs }) => ({ title, tags, runs }));
}

describe('a tag in a title', () => {
  it('is of the test, and of each test in its block', () => {
    const found = read(`
      describe('passwords ${WEAK}', () => {
        it('one', () => {});
        it.each([1, 2])('two %d ${LONG}', () => {});
      });
      it('three', () => {});`);
    expect(found).toEqual([
      { title: `passwords ${WEAK} › one`, tags: ['V6.2.4'], runs: true },
      { title: `passwords ${WEAK} › two %d ${LONG}`, tags: ['V6.2.4', 'T16'], runs: true },
    ]);
  });

  it.each([
    ['it.skip', `it.skip('one ${WEAK}', () => {});`],
    ['it.todo', `it.todo('one ${WEAK}');`],
    ['xit', `xit('one ${WEAK}', () => {});`],
    ['itInSoak', `itInSoak('one ${WEAK}', () => {});`],
    ['describe.skip', `describe.skip('all', () => { it('one ${WEAK}', () => {}); });`],
    ['describeInBrowser', `describeInBrowser('all', () => { it('one ${WEAK}', () => {}); });`],
  ])('does not count in %s, which npm test may skip', (_, text) => {
    expect(read(text).filter(({ runs }) => runs)).toEqual([]);
  });

  it('counts in no comment and no other text', () => {
    expect(read(`// it('one ${WEAK}', () => {});\nconst text = "it('two ${WEAK}')";`)).toEqual([]);
  });
});

describe('the results of a run', () => {
  const test = { file: 'test/a.spec.ts', title: `one ${WEAK}`, tags: ['V6.2.4'], runs: true };
  const resultsWith = (...statuses: string[]): Results =>
    new Results('/roost', {
      testResults: [
        {
          name: '/roost/test/a.spec.ts',
          assertionResults: statuses.map((status) => ({ fullName: `passwords one ${WEAK}`, status })),
        },
      ],
    });

  it('count a test that passed', () => {
    expect(resultsWith('passed', 'passed').faultOf(test, 'V6.2.4')).toBeUndefined();
  });

  it.each([['failed'], ['pending'], ['todo'], ['skipped']])('count none that is %s', (status) => {
    expect(resultsWith('passed', status).faultOf(test, 'V6.2.4')).toContain(status);
  });

  it('count none that did not run', () => {
    expect(resultsWith().faultOf(test, 'V6.2.4')).toContain('did not run');
    expect(resultsWith('passed').faultOf({ ...test, file: 'test/b.spec.ts' }, 'V6.2.4')).toContain('did not run');
  });
});

describe('npm run security:scorecard', () => {
  it('has a row for each requirement, and a page that is current', () => {
    const { status, stdout, stderr } = run('--check');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/levels 1 and 2: \d+\/155\nlevel 3: \d+\/22\n.*: \d+\/24\n/);
    expect(stdout).toContain(`attacks with a test: ${ATTACKS}/${ATTACKS}`);
  });

  it('counts nothing of a run in which nothing passed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'roost-results-'));
    const report = join(folder, 'results.json');
    writeFileSync(report, JSON.stringify({ testResults: [] }));
    try {
      const { status, stdout, stderr } = run('--check', '--results', report);
      expect(status).toBe(1);
      expect(stdout).toContain(`attacks with a test: 0/${ATTACKS}`);
      expect(stderr).toContain('did not run');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'scripts/security-scorecard.mjs'), ...args], { encoding: 'utf8' });
}
