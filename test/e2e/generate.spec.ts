/** `npm run generate`, in a copy of the project: what it writes builds, lints and passes. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';

import { CommandRunner, type Outcome } from '../support/command.js';
import { itInSoak } from '../support/soak.js';

const ROOT = join(__dirname, '../..');
/** Not of the project, or not needed. */
const LEFT = new Set(['node_modules', '.git', '.data', '.env', 'dist', 'coverage']);
const FIELDS = ['title:text:200', 'body:text?', 'done:boolean'];
const NOTES = ['controller', 'dto', 'module', 'query', 'service'].map((part) => `src/notes/notes.${part}.ts`);
const EDITED = ['src/app.module.ts', 'src/common/error-codes.ts', 'test/routes.spec.ts'];

describe('the generator', () => {
  let copy: string;
  let generator: CommandRunner;
  let first: string;

  beforeAll(async () => {
    copy = mkdtempSync(join(tmpdir(), 'roost-generate-'));
    cpSync(ROOT, copy, {
      recursive: true,
      filter: (source) => !LEFT.has(relative(ROOT, source).split(sep)[0] ?? ''),
    });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    await git('init', '--quiet');
    await commit();
    first = (await git('rev-parse', 'HEAD')).trim();
    generator = new CommandRunner(join(copy, 'scripts/generate.mjs'));
  });

  afterAll(async () => {
    await generator.end();
    rmSync(copy, { recursive: true });
  });

  /** Nothing of Jest's own environment is for a Jest in the copy, but the server. */
  function run(file: string, ...args: string[]): Promise<Outcome> {
    const { PATH, HOME, ROOST_TEST_ADMIN_URL: TEST_DATABASE_URL } = process.env;
    const env = { PATH, HOME, TEST_DATABASE_URL, GIT_CONFIG_GLOBAL: '/dev/null' };
    return new Promise((resolve) => {
      const child = execFile(file, args, { cwd: copy, env }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  }

  const node = (script: string, ...args: string[]): Promise<Outcome> => run(process.execPath, script, ...args);
  const tool = (name: string, ...args: string[]): Promise<Outcome> => node(`node_modules/${name}`, ...args);

  async function git(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run('git', ...args);
    if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async function commit(): Promise<void> {
    await git('add', '--all');
    await git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '--message', 'x');
  }

  /** The paths that differ from the last commit, with no times in the names of migrations. */
  async function changed(): Promise<string[]> {
    const status = await git('status', '--porcelain', '--untracked-files=all');
    return status
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => line.slice(3).replace(/\d{13}/, '…'))
      .sort();
  }

  function edit(path: string, change: (text: string) => string): void {
    const text = readFileSync(join(copy, path), 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(join(copy, path), change(text));
  }

  const isWell = ({ code, stdout, stderr }: Outcome): void => {
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
  };

  /** Builds, documents and tests the notes as they are now. */
  async function expectToPass(...tests: string[]): Promise<void> {
    isWell(await node('scripts/build.mjs'));
    isWell(await node('scripts/openapi.mjs'));
    isWell(await tool('jest/bin/jest.js', 'e2e/notes.spec', ...tests));
  }

  async function expectToLint(): Promise<void> {
    const written = [...NOTES, 'test/e2e/notes.spec.ts', 'src/database/migrations', ...EDITED];
    isWell(await tool('eslint/bin/eslint.js', ...written));
    isWell(await tool('prettier/bin/prettier.cjs', '--check', ...written));
    isWell(await node('scripts/openapi-lint.mjs'));
  }

  it.each([
    ['a noun that is there', ['noun', 'tasks', 'title:text'], 'There is a folder src/tasks already.'],
    ['a table that is there', ['noun', 'follows', 'title:text'], 'A migration makes a table "follows" already.'],
    ['a class that is there', ['noun', 'messages', 'title:text'], '"MessageResponse" would have two meanings'],
    ['a word of SQL', ['noun', 'orders', 'order:integer'], 'A field cannot be named "order"'],
    ['a word of TypeScript', ['noun', 'classes', 'title:text'], '"class" means something else'],
    ['two meanings of a word', ['noun', 'texts', 'title:text'], 'The name "Text" would have two meanings'],
    ['a name of two words', ['noun', 'blog_posts', 'title:text'], '"blog_posts" is no name of a noun'],
    ['an unknown singular', ['noun', 'people', 'name:text'], '--singular person'],
    ['a column of all nouns', ['noun', 'notes', 'created_at:timestamptz'], 'A field cannot be named "created_at"'],
    ['an unknown type', ['noun', 'notes', 'title:varchar'], '"varchar" is no type'],
    ['a length of another type', ['noun', 'notes', 'done:boolean:3'], 'Only a text has a length'],
    ['a length of nothing', ['noun', 'notes', 'title:text:0'], 'must be from 1 to 20000'],
    ['a field twice', ['noun', 'notes', 'title:text', 'title:uuid'], '"title" is there twice'],
    ['a field of no noun', ['field', 'notes', 'title:text?'], '"notes" is no noun that this command has made'],
    ['a field of the example', ['field', 'tasks', 'due_at:timestamptz?'], '"tasks" is no noun'],
    ['to remove the example', ['remove', 'tasks'], '"tasks" is no noun that this command has made'],
    ['an unknown command', ['destroy', 'tasks'], 'Usage:'],
  ])('refuses %s, and writes nothing', async (_, args, said) => {
    const { code, stderr } = await generator.run(args);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(said)]);
    expect(stderr).not.toContain('    at ');
    expect(await changed()).toEqual([]);
  });

  it('writes nothing over changes that are not committed', async () => {
    edit('src/app.module.ts', (text) => `${text}\n`);
    const { code, stderr } = await generator.run(['noun', 'notes', ...FIELDS]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('src/app.module.ts')]);
    expect(await changed()).toEqual(['src/app.module.ts']);
    await git('checkout', '--quiet', '.');
  });

  itInSoak('writes a noun that builds and passes, with fields of each type', async () => {
    const others = ['rank:integer', 'code:uuid', 'seen_at:timestamptz'];
    const { code, stdout, stderr } = await generator.run(['noun', 'notes', ...FIELDS, ...others]);
    expect([code, stderr]).toEqual([0, '']);
    const paths = [...EDITED, ...NOTES, 'src/database/migrations/…-notes.ts', 'test/e2e/notes.spec.ts'];
    expect(await changed()).toEqual(paths.sort());
    for (const path of paths) expect(stdout.replace(/\d{13}/, '…')).toContain(`  ${path}\n`);
    await expectToPass();
    const words = NOTES.map((path) => readFileSync(join(copy, path), 'utf8')).join('');
    expect(words).not.toMatch(/task/i);
    await commit();
  });

  itInSoak('adds fields, keeps what was changed by hand, and the whole passes all checks', async () => {
    const byHand = "return { message: 'Gone' };";
    edit('src/notes/notes.controller.ts', (text) =>
      text.replace("return { message: 'Note deleted successfully' };", byHand),
    );
    await commit();
    for (const field of ['due_at:timestamptz?', 'pinned:boolean']) {
      expect(await generator.run(['field', 'notes', field])).toMatchObject({ code: 0, stderr: '' });
      await commit();
    }
    expect(readFileSync(join(copy, 'src/notes/notes.controller.ts'), 'utf8')).toContain(byHand);
    const migrations = readdirSync(join(copy, 'src/database/migrations')).map((name) => name.slice(14));
    expect(migrations).toEqual(expect.arrayContaining(['notes-due-at.ts', 'notes-pinned.ts']));
    await expectToPass('architecture.spec', 'contract.spec', 'routes.spec');
    await expectToLint();
  });

  itInSoak('refuses a required field, which rows that exist do not have, and one that is there', async () => {
    await commit();
    expect((await generator.run(['field', 'notes', 'size:integer'])).stderr).toContain(
      'let it be null (size:integer?)',
    );
    expect((await generator.run(['field', 'notes', 'due_at:uuid?'])).stderr).toContain('have a field "due_at" already');
    expect(await changed()).toEqual([]);
  });

  itInSoak('marks conflicts with what was changed by hand', async () => {
    edit('src/notes/notes.query.ts', (text) =>
      text.replace('id, user_id AS "userId", title', 'id, title, user_id AS "userId"'),
    );
    await commit();
    const { code, stderr } = await generator.run(['field', 'notes', 'size:integer?']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('  src/notes/notes.query.ts\n')]);
    expect(readFileSync(join(copy, 'src/notes/notes.query.ts'), 'utf8')).toContain('<<<<<<< as it is');
    await git('reset', '--quiet', '--hard');
    await git('clean', '--quiet', '--force', 'src');
  });

  itInSoak('removes a noun: all is as it was before, but for migrations', async () => {
    const dto = "'../src/notes/notes.dto.js'";
    edit('test/routes.spec.ts', (text) => `import ${dto};\n${text}`);
    await commit();
    expect((await generator.run(['remove', 'notes'])).stderr).toContain('import notes:\n  test/routes.spec.ts');
    await git('reset', '--quiet', '--hard', 'HEAD~1');

    expect(await generator.run(['remove', 'notes'])).toMatchObject({ code: 0, stderr: '' });
    await commit();
    isWell(await node('scripts/build.mjs'));
    isWell(await node('scripts/openapi.mjs'));
    const paths = (await git('diff', '--name-only', first))
      .trim()
      .replaceAll(/\d{13}/g, '…')
      .split('\n');
    const migrations = ['drop-notes', 'notes-due-at', 'notes-pinned', 'notes'];
    expect(paths.sort()).toEqual(migrations.map((name) => `src/database/migrations/…-${name}.ts`));
    isWell(await tool('jest/bin/jest.js', 'e2e/schema.spec', '--testNamePattern', 'goes down to nothing and up again'));
  });
});
