/** `npm run generate -- remove …` of what Roost came with, in a copy of the project: what remains builds and passes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import pg from 'pg';

import { cloneTemplate, dropDatabase, emptyDatabase, execute } from '../support/database.js';
import { expectWell, ProjectCopy } from '../support/project-copy.js';
import { itInSoak } from '../support/soak.js';

/** Milliseconds: it builds, lints and tests all of a project. */
const LONG = 60 * 60_000;

/** Of all rooms that may have known the module; after the removal of both, all tests run. */
const BROAD = ['architecture', 'contract', 'routes', 'database-rights', 'schema', 'erasure', 'export', 'admin', 'seed'];

/** Of a database that had everything. */
const ROWS = [
  `INSERT INTO users (email, username, hashed_password) VALUES ('ada@example.org', 'ada', '!'), ('bob@example.org', 'bob', '!')`,
  `INSERT INTO tasks (user_id, title) SELECT id, 'x' FROM users`,
  `INSERT INTO posts (author_id, text) SELECT id, 'x' FROM users`,
  `INSERT INTO follows (follower_id, followee_id) SELECT a.id, b.id FROM users a JOIN users b ON a.id <> b.id`,
  `INSERT INTO daily_counts (noun, day, created) VALUES ('tasks', '2026-01-01', 2)`,
  `INSERT INTO daily_counts (noun, day, created) VALUES ('posts', '2026-01-01', 2)`,
];

describe('without', () => {
  let copy: ProjectCopy;

  beforeEach(async () => {
    copy = await ProjectCopy.make();
  });

  afterEach(() => copy.end());

  async function remove(name: string): Promise<void> {
    expect(await copy.generator.run(['remove', name])).toMatchObject({ code: 0, stderr: '' });
  }

  /** What the migrations of the copy make of a database: the names of all that is in it. */
  async function migrated(url: string): Promise<unknown[]> {
    const env = { DATABASE_URL: url, JWT_SECRET: 'of-a-copy-and-of-nothing-else-at-all' };
    expectWell(await copy.run(process.execPath, ['scripts/db.mjs', 'migrate'], env));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(
      `SELECT relkind::text AS kind, relname::text AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'i', 'S') AND relname NOT LIKE 'audit_events_%'
       UNION ALL SELECT 'f', proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
         SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
       UNION ALL SELECT 't', tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE 'audit_events_%'
       ORDER BY 1, 2`,
    );
    await client.end();
    return rows;
  }

  async function expectSameSchema(): Promise<void> {
    const [old, empty] = [await cloneTemplate(), await emptyDatabase()];
    await execute(old, ...ROWS);
    expect(await migrated(old)).toEqual(await migrated(empty));
    await execute(old, `DO $$ BEGIN ASSERT (SELECT count(*) FROM users) = 2, 'people were lost'; END $$`);
    await Promise.all([dropDatabase(old), dropDatabase(empty)]);
  }

  async function expectToPass(tests: readonly string[]): Promise<void> {
    expectWell(await copy.node('scripts/build.mjs'));
    expectWell(await copy.node('scripts/openapi.mjs'));
    expectWell(await copy.node('scripts/client.mjs'));
    expectWell(await copy.node('scripts/security-scorecard.mjs'));
    expectWell(await copy.tool('typescript/bin/tsc', '--noEmit'));
    expectWell(await copy.tool('eslint/bin/eslint.js', 'src', 'test', 'scripts', 'clients'));
    expectWell(await copy.tool('prettier/bin/prettier.cjs', '--check', '.'));
    expectWell(await copy.node('scripts/openapi-lint.mjs'));
    await expectSameSchema();
    expectWell(await copy.tool('jest/bin/jest.js', ...tests, '--testPathIgnorePatterns=e2e/generate'));
  }

  itInSoak.each([['tasks'], ['timeline']])(
    '%s: what remains builds, lints, migrates and passes',
    async (name) => {
      await remove(name);
      expect(existsSync(join(copy.path, 'src', name))).toBe(false);
      await expectToPass(BROAD);
      await copy.commit();
      expect((await copy.generator.run(['remove', name])).stderr).toContain('was removed before');
    },
    LONG,
  );

  itInSoak(
    'tasks and timeline: what remains passes all of its tests',
    async () => {
      for (const name of ['timeline', 'tasks']) {
        await remove(name);
        await copy.commit();
      }
      await expectToPass([]);
    },
    LONG,
  );

  itInSoak(
    'tasks: nouns are made as before, also one of this name, which can be removed again',
    async () => {
      await remove('tasks');
      await copy.commit();
      const generate = async (...args: string[]): Promise<void> => {
        expect(await copy.generator.run(args)).toMatchObject({ code: 0, stderr: '' });
        await copy.commit();
      };
      await generate('noun', 'notes', 'title:text:200', 'done:boolean');
      await generate('noun', 'tasks', 'text:text:500');
      await generate('field', 'tasks', 'due_at:timestamptz?');
      expectWell(await copy.node('scripts/build.mjs'));
      expectWell(await copy.node('scripts/openapi.mjs'));
      const specs = ['e2e/notes.spec', 'e2e/tasks.spec', 'routes.spec', 'architecture.spec'];
      expectWell(await copy.tool('jest/bin/jest.js', ...specs));
      await generate('remove', 'tasks');
      expectWell(await copy.node('scripts/build.mjs'));
      expectWell(await copy.node('scripts/openapi.mjs'));
      await expectSameSchema();
    },
    LONG,
  );
});
