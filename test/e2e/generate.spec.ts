/** `npm run generate`, in a copy of the project: what it writes builds, lints and passes. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DOCUMENTS as GIVEN } from '../../scripts/generate/shipped/documents.mjs';
import type { CommandRunner } from '../support/command.js';
import { expectWell, ProjectCopy } from '../support/project-copy.js';
import { itInSoak } from '../support/soak.js';

const FIELDS = ['title:text:200', 'body:text?', 'done:boolean'];
const NOTES = ['controller', 'dto', 'module', 'query', 'service'].map((part) => `src/notes/notes.${part}.ts`);
const EDITED = ['src/app.module.ts', 'src/common/error-codes.ts', 'test/routes.spec.ts'];

type Edit = readonly [from: string | RegExp, to: string];

/** Of a source without types. */
const DOCUMENTS = GIVEN as unknown as Record<'tasks' | 'timeline', Record<string, readonly Edit[]>>;

/** @returns what each edit makes of what the one before it made */
function versions(text: string, edits: readonly Edit[]): string[] {
  return edits.reduce<string[]>((all, [from, to]) => [...all, (all.at(-1) ?? text).replace(from, to)], []);
}

describe('the generator', () => {
  let copy: ProjectCopy;
  let generator: CommandRunner;
  let first: string;

  beforeAll(async () => {
    copy = await ProjectCopy.make();
    ({ generator } = copy);
    first = (await copy.git('rev-parse', 'HEAD')).trim();
  });

  afterAll(() => copy.end());

  /** Builds, documents and tests the notes as they are now. */
  async function expectToPass(...tests: string[]): Promise<void> {
    expectWell(await copy.node('scripts/build.mjs'));
    expectWell(await copy.node('scripts/openapi.mjs'));
    expectWell(await copy.tool('jest/bin/jest.js', 'e2e/notes.spec', ...tests));
  }

  async function expectToLint(): Promise<void> {
    const written = [...NOTES, 'test/e2e/notes.spec.ts', 'src/database/migrations', ...EDITED];
    expectWell(await copy.tool('eslint/bin/eslint.js', ...written));
    expectWell(await copy.tool('prettier/bin/prettier.cjs', '--check', ...written));
    expectWell(await copy.node('scripts/openapi-lint.mjs'));
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
    ['to remove what is not there', ['remove', 'notes'], '"notes" is no noun that this command has made'],
    ['an unknown command', ['destroy', 'tasks'], 'Usage:'],
  ])('refuses %s, and writes nothing', async (_, args, said) => {
    const { code, stderr } = await generator.run(args);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(said)]);
    expect(stderr).not.toContain('    at ');
    expect(await copy.changed()).toEqual([]);
  });

  it('writes nothing over changes that are not committed', async () => {
    copy.edit('src/app.module.ts', (text) => `${text}\n`);
    const { code, stderr } = await generator.run(['noun', 'notes', ...FIELDS]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('src/app.module.ts')]);
    expect(await copy.changed()).toEqual(['src/app.module.ts']);
    await copy.git('checkout', '--quiet', '.');
  });

  it.each([['tasks'], ['timeline']])('removes nothing of %s while anything is not committed', async (name) => {
    copy.edit('CHANGELOG.md', (text) => `${text}\n`);
    const { code, stderr } = await generator.run(['remove', name]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('CHANGELOG.md')]);
    expect(await copy.changed()).toEqual(['CHANGELOG.md']);
    await copy.git('checkout', '--quiet', '.');
  });

  it('removes nothing of Roost while another file imports it, or where a line is not as it was', async () => {
    copy.edit('src/heap.ts', (text) => `import './timeline/people/people.service.js';\n${text}`);
    await copy.commit();
    const used = await generator.run(['remove', 'timeline']);
    expect([used.code, used.stderr]).toEqual([1, 'These files import timeline:\n  src/heap.ts\n']);
    copy.edit('src/http/openapi/tags.ts', (text) => text.replace("name: 'Timeline'", "name: 'Ours'"));
    await copy.commit();
    const other = await generator.run(['remove', 'timeline']);
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/^src\/http\/openapi\/tags\.ts is not what/)]);
    expect(await copy.changed()).toEqual([]);
    await copy.git('reset', '--quiet', '--hard', first);
  });

  it.each([
    ['a constraint', 'ALTER TABLE notes ADD COLUMN task_id integer REFERENCES tasks', 'constraint notes_task_id_fkey'],
    ['a view', 'CREATE VIEW open AS SELECT * FROM users JOIN tasks ON user_id = users.id', 'the view open reads'],
  ])('removes no table to which %s of a team refers', async (_, statement, said) => {
    const path = 'src/database/migrations/1900000000000-notes.ts';
    writeFileSync(join(copy.path, path), `async up() { query('${statement}') }`);
    await copy.commit();
    const { code, stderr } = await generator.run(['remove', 'tasks']);
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    expect(stderr).toContain('1900000000000-notes.ts');
    expect(await copy.changed()).toEqual([]);
    await copy.git('reset', '--quiet', '--hard', first);
  });

  it.each([['tasks'], ['timeline']])('removes %s, and nothing is left that speaks of it', async (name) => {
    const { code, stdout, stderr } = await generator.run(['remove', name]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^The next start drops .* with all rows \(src\/database\/migrations\/\d{13}-drop-/);
    expect(stdout).not.toContain('still speak of it');
    await copy.git('reset', '--quiet', '--hard', first);
    await copy.git('clean', '--quiet', '--force', '-d');
  });

  it('knows the sentences of the documents that speak of tasks and of the timeline', () => {
    const unknown = (name: 'tasks' | 'timeline', other: 'tasks' | 'timeline'): string[] =>
      Object.entries(DOCUMENTS[name]).flatMap(([path, edits]) => {
        const text = copy.read(path);
        const alone = versions(text, DOCUMENTS[other][path] ?? []).at(-1) ?? text;
        const made = [text, alone].map((before) => [before, ...versions(before, edits)]);
        return edits
          .map(([from]) => `${path}: ${String(from)}`)
          .filter((_, index) => made.every((each) => each[index] === each[index + 1]));
      });
    expect([...unknown('tasks', 'timeline'), ...unknown('timeline', 'tasks')]).toEqual([]);
  });

  itInSoak('writes a noun that builds and passes, with fields of each type', async () => {
    const others = ['rank:integer', 'code:uuid', 'seen_at:timestamptz'];
    const { code, stdout, stderr } = await generator.run(['noun', 'notes', ...FIELDS, ...others]);
    expect([code, stderr]).toEqual([0, '']);
    const paths = [...EDITED, ...NOTES, 'src/database/migrations/…-notes.ts', 'test/e2e/notes.spec.ts'];
    expect(await copy.changed()).toEqual(paths.sort());
    for (const path of paths) expect(stdout.replace(/\d{13}/, '…')).toContain(`  ${path}\n`);
    await expectToPass();
    await copy.commit();
  });

  itInSoak('writes no word of the tasks from which it makes a noun', () => {
    expect(NOTES.map((path) => copy.read(path)).join('')).not.toMatch(/task/i);
  });

  itInSoak('adds fields, keeps what was changed by hand, and the whole passes all checks', async () => {
    const byHand = "return { message: 'Gone' };";
    copy.edit('src/notes/notes.controller.ts', (text) =>
      text.replace("return { message: 'Note deleted successfully' };", byHand),
    );
    await copy.commit();
    for (const field of ['due_at:timestamptz?', 'pinned:boolean']) {
      expect(await generator.run(['field', 'notes', field])).toMatchObject({ code: 0, stderr: '' });
      await copy.commit();
    }
    expect(copy.read('src/notes/notes.controller.ts')).toContain(byHand);
    const migrations = readdirSync(join(copy.path, 'src/database/migrations')).map((name) => name.slice(14));
    expect(migrations).toEqual(expect.arrayContaining(['notes-due-at.ts', 'notes-pinned.ts']));
    await expectToPass('architecture.spec', 'contract.spec', 'routes.spec');
    await expectToLint();
  });

  itInSoak('refuses a required field, which rows that exist do not have, and one that is there', async () => {
    await copy.commit();
    expect((await generator.run(['field', 'notes', 'size:integer'])).stderr).toContain(
      'let it be null (size:integer?)',
    );
    expect((await generator.run(['field', 'notes', 'due_at:uuid?'])).stderr).toContain('have a field "due_at" already');
    expect(await copy.changed()).toEqual([]);
  });

  itInSoak('marks conflicts with what was changed by hand', async () => {
    copy.edit('src/notes/notes.query.ts', (text) =>
      text.replace('id, user_id AS "userId", title', 'id, title, user_id AS "userId"'),
    );
    await copy.commit();
    const { code, stderr } = await generator.run(['field', 'notes', 'size:integer?']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('  src/notes/notes.query.ts\n')]);
    expect(copy.read('src/notes/notes.query.ts')).toContain('<<<<<<< as it is');
    await copy.git('reset', '--quiet', '--hard');
    await copy.git('clean', '--quiet', '--force', 'src');
  });

  itInSoak('removes a noun: all is as it was before, but for migrations', async () => {
    const dto = "'../src/notes/notes.dto.js'";
    copy.edit('test/routes.spec.ts', (text) => `import ${dto};\n${text}`);
    await copy.commit();
    expect((await generator.run(['remove', 'notes'])).stderr).toContain('import notes:\n  test/routes.spec.ts');
    await copy.git('reset', '--quiet', '--hard', 'HEAD~1');

    expect(await generator.run(['remove', 'notes'])).toMatchObject({ code: 0, stderr: '' });
    await copy.commit();
    expectWell(await copy.node('scripts/build.mjs'));
    expectWell(await copy.node('scripts/openapi.mjs'));
    const paths = (await copy.git('diff', '--name-only', first))
      .trim()
      .replaceAll(/\d{13}/g, '…')
      .split('\n');
    const migrations = ['drop-notes', 'notes-due-at', 'notes-pinned', 'notes'];
    expect(paths.sort()).toEqual(migrations.map((name) => `src/database/migrations/…-${name}.ts`));
    expectWell(
      await copy.tool(
        'jest/bin/jest.js',
        'e2e/schema.spec',
        'e2e/database-rights',
        '--testNamePattern',
        'goes down to nothing and up again|is asked about every table',
      ),
    );
  });
});
