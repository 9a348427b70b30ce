/** What goes with a noun that was generated: its files, its lines in the lists, and its table. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { EDITED } from './edits.mjs';
import { formatted } from './example.mjs';
import { migrationsOf } from './noun.mjs';
import { Refusal } from './refusal.mjs';
import { checkUnreferenced, migrationsSince } from './tables.mjs';

/** @returns paths to delete: a folder, and a file if it is there */
export function ownPathsOf(root, { many }) {
  return [`src/${many}`, `test/e2e/${many}.spec.ts`].filter((path) => existsSync(join(root, path)));
}

/** @returns the lists without its lines, by their paths */
export async function editsWithout(root, { many, one, Many }) {
  const lines = [
    new RegExp(`^ {2}${one}_(?:not_found|forbidden): \\{[^}]*\\},\\n`, 'gm'),
    new RegExp(`^import \\{ ${Many}Module \\}.*\\n|^ +${Many}Module,\\n`, 'gm'),
    new RegExp(`^ {2}'[A-Z]+ /${many}(?:/[^']*)?': (?:.*,\\n|\\{\\n(?: {4}.*\\n)* {2}\\},\\n)`, 'gm'),
  ];
  const texts = EDITED.map((path, index) => [path, readFileSync(join(root, path), 'utf8').replace(lines[index], '')]);
  return Object.fromEntries(await Promise.all(texts.map(async ([path, text]) => [path, await formatted(path, text)])));
}

/** Databases have the table, and the migrations that made it have run there: they stay. */
export async function droppingMigrationOf(root, { many, Many }) {
  const { time } = migrationsOf(root);
  const made = migrationsSince(root, many).flatMap(({ name, text }) => {
    const isIts = new RegExp(`(?:CREATE|ALTER) TABLE ${many}\\b`).test(text);
    const [, exported] = /export class (\w+)/.exec(text) ?? [];
    return isIts && exported ? [{ name, exported }] : [];
  });
  const path = `src/database/migrations/${time}-drop-${many}.ts`;
  const text = `/** ${Many} are no more. */
    import type { MigrationInterface, QueryRunner } from 'typeorm';

    ${made.map(({ name, exported }) => `import { ${exported} } from './${name.replace(/\.ts$/, '.js')}';`).join('\n')}

    export class Drop${Many}${time} implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query('DROP TABLE ${many}');
      }

      async down(runner: QueryRunner): Promise<void> {
        ${made.map(({ exported }) => `await new ${exported}().up(runner);`).join('\n')}
      }
    }`;
  return [path, await formatted(path, text)];
}

/** Of another noun, for example. */
export function checkUnused(root, { many }) {
  const users = ['src', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((path) => /\.(?:ts|mjs)$/.test(path) && !path.startsWith(`src/${many}/`) && path !== 'src/app.module.ts')
      .filter((path) =>
        new RegExp(`(?:from|import) '[^']*/${many}\\.(?:module|controller|service|dto|query)\\.js'`).test(
          readFileSync(join(root, path), 'utf8'),
        ),
      ),
  );
  if (users.length > 0)
    throw new Refusal(`These files import ${many}:\n${users.map((path) => `  ${path}`).join('\n')}`);
  checkUnreferenced(root, [many]);
}
