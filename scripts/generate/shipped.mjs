/** Takes out a module that Roost came with: its files, its lines in lists, the tests about it, and its tables. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

import { formatted } from './example.mjs';
import { migrationsOf } from './noun.mjs';
import { withoutDeclarations, withoutElements, withoutTests } from './prune.mjs';
import { Refusal } from './refusal.mjs';
import { TASKS } from './shipped/tasks.mjs';
import { TIMELINE } from './shipped/timeline.mjs';

export const SHIPPED = { tasks: TASKS, timeline: TIMELINE };

/** Other folders of src are a team's. */
const ROOMS =
  /^(?:account|admin|audit|auth|common|config|database|health|http|idempotency|limits|mail|site|tasks|testing|timeline|users|workers)$/;
const KEPT_SQL = 'src/database/migrations/removed';
/** Of the past, or written anew by other commands. */
const NOT_READ =
  /^(?:CHANGELOG\.md|openapi\.json|package-lock\.json|docs\/adr\/|src\/database\/migrations\/|bench\/results\/)|\/schema\.ts$/;

/**
 * @returns what to write and to move by path, what to delete, the tests that go from other files, and where others still
 * speak of the module
 */
export async function removalOf(root, name) {
  const module = SHIPPED[name];
  if (!module.folders.every((folder) => existsSync(join(root, folder))))
    throw new Refusal(`There is no ${module.folders.join(', ')}: ${name} was removed before.`);
  const moved = movesOf(root, module);
  const gone = new Set([
    ...module.folders.flatMap((folder) => filesIn(root, folder)),
    ...module.files.filter((path) => existsSync(join(root, path))),
  ]);
  const changed = Object.entries(edited(root, module));
  for (const [path, text] of changed) if (text === '') gone.add(path);
  const kept = changed.filter(([, text]) => text !== '');
  const written = { ...Object.fromEntries(kept), ...(await migrationOf(root, name, module)) };
  const tests = testsWithout(root, { ...module, gone });
  for (const [path, { text }] of Object.entries(tests)) {
    if (text === '') gone.add(path);
    else written[path] = text;
  }
  Object.assign(written, attacksWithout(root, { gone, written }));
  Object.assign(written, documentsWithout(root, { gone, moved, written }));
  checkImports(root, { name, gone, written });
  const texts = await Promise.all(
    Object.entries(written).map(async ([path, text]) => [path, await formatted(path, text)]),
  );
  return {
    written: Object.fromEntries(texts),
    moved,
    removed: [...gone].filter((path) => !(path in moved)).sort(),
    tests: Object.fromEntries(Object.entries(tests).map(([path, { titles }]) => [path, titles])),
    mentions: mentionsIn(root, { about: module.about, gone, written: Object.fromEntries(texts) }),
  };
}

/** Migrations read the SQL, and the generator its example. */
function movesOf(root, { folders, examples }) {
  const files = folders.flatMap((folder) => filesIn(root, folder));
  const kept = files.filter((path) => path.endsWith('.sql')).map((path) => [path, path.replace(/^src/, KEPT_SQL)]);
  const copied = examples
    ? files.filter((path) => path.endsWith('.ts')).map((path) => [path, `${examples.to}/${basename(path)}.txt`])
    : [];
  return Object.fromEntries([...kept, ...copied]);
}

function edited(root, { edits, declarations }) {
  const paths = new Set([...Object.keys(edits), ...Object.keys(declarations)]);
  const texts = [...paths].map((path) => {
    const before = readFileSync(join(root, path), 'utf8');
    const unlike = (why) =>
      new Refusal(`${path} is not what the command knows: ${why}. Take the module out of it by hand first.`);
    let text = before;
    for (const edit of edits[path] ?? []) {
      const [pattern, replacement] = Array.isArray(edit) ? edit : [edit, ''];
      const next = typeof edit === 'function' ? edit(text) : text.replace(pattern, replacement);
      if (next === text) throw unlike(`${pattern} is not in it`);
      text = next;
    }
    try {
      if (/\.(?:ts|mjs|js)$/.test(path)) text = withoutDeclarations(text, declarations[path] ?? []);
    } catch (error) {
      throw unlike(error.message);
    }
    return [path, text];
  });
  return Object.fromEntries(texts);
}

/** Also of lists that tools of the tests read. */
function testsWithout(root, { about: words, gone }) {
  const changed = {};
  const own = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !ROOMS.test(entry.name))
    .map(({ name }) => name);
  const routes = new RegExp(`'[A-Z]+ /(?:${own.join('|') || '$'})\\b`);
  const about = { test: (text) => words.test(text) && !routes.test(text) };
  const isOwn = (path) => own.some((name) => path === `test/e2e/${name}.spec.ts`);
  for (const path of filesIn(root, 'test').filter(
    (each) => /\.(?:ts|mjs)$/.test(each) && !each.startsWith('test/faults/') && !gone.has(each) && !isOwn(each),
  )) {
    const text = readFileSync(join(root, path), 'utf8');
    const isGone = { test: (specifier) => gone.has(imported(path, specifier)) };
    const { text: left, titles } = path.endsWith('.spec.ts')
      ? withoutTests(text, about, isGone)
      : { text: withoutElements(text, about), titles: [] };
    if (left !== text) changed[path] = { text: left, titles };
  }
  return changed;
}

/** An attack on what is no more: no test names it now. */
function attacksWithout(root, { gone, written }) {
  const specs = filesIn(root, 'test').filter((path) => path.endsWith('.spec.ts'));
  const tagsOf = (texts) => new Set(texts.flatMap((text) => text.match(/\[T\d+\]/g) ?? []));
  const before = tagsOf(specs.map((path) => readFileSync(join(root, path), 'utf8')));
  const left = specs
    .filter((path) => !gone.has(path))
    .map((path) => written[path] ?? readFileSync(join(root, path), 'utf8'));
  const after = tagsOf(left);
  const path = 'docs/security/attacks.json';
  const attacks = JSON.parse(readFileSync(join(root, path), 'utf8'));
  const kept = attacks.filter(({ id }) => !before.has(`[${id}]`) || after.has(`[${id}]`));
  return kept.length === attacks.length ? {} : { [path]: JSON.stringify(kept, null, 2) };
}

function imported(path, specifier) {
  return normalize(join(dirname(path), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts');
}

/** A row of a table about a file that is gone goes; a sentence says that it was removed. */
function documentsWithout(root, { gone, moved, written }) {
  const paths = ['README.md', 'AGENTS.md', ...filesIn(root, 'docs')].filter(
    (path) => path.endsWith('.md') && !gone.has(path),
  );
  const changed = {};
  for (const path of paths) {
    const text = written[path] ?? readFileSync(join(root, path), 'utf8');
    const left = text
      .split('\n')
      .flatMap((line) => withoutNames(line, { path, gone, moved }))
      .join('\n');
    if (left !== text) changed[path] = left;
  }
  return changed;
}

function withoutNames(line, { path, gone, moved }) {
  const isGone = (name) => [name, `src/${name}`].find((each) => gone.has(each));
  const targets = [...line.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => normalize(join(dirname(path), target)));
  if (line.startsWith('|') && targets.some((target) => gone.has(target))) return [];
  const linked = line.replace(/\[([^\]]+)\]\(([^)#]+)(?:#[^)]*)?\)/g, (all, text, target) =>
    gone.has(normalize(join(dirname(path), target))) ? `${text} (removed)` : all,
  );
  const named = linked.replace(/`([a-z][\w./-]*\/[\w.-]+)`/g, (all, name) => {
    const found = isGone(name);
    if (found === undefined) return all;
    return found in moved ? `\`${moved[found]}\`` : `${basename(name)} (removed)`;
  });
  return [named];
}

async function migrationOf(root, name, { migration: { up, imports, down } }) {
  const { time } = migrationsOf(root);
  const Name = name[0].toUpperCase() + name.slice(1);
  const functions = down.includes('createFunctions')
    ? `import { createFunctions } from '../schema/functions.js';\n`
    : '';
  const text = `/** ${Name} was removed. */
    import type { MigrationInterface, QueryRunner } from 'typeorm';

    ${functions}${imports.map(([made, file]) => `import { ${made} } from './${file}';`).join('\n')}

    export class Drop${Name}${time} implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query(\`${up}\`);
      }

      async down(runner: QueryRunner): Promise<void> {
        ${down}
      }
    }`;
  return { [`src/database/migrations/${time}-drop-${name}.ts`]: text };
}

function checkImports(root, { name, gone, written }) {
  const users = ['src', 'test', 'scripts', 'bench', 'testing']
    .flatMap((folder) => filesIn(root, folder))
    .filter((path) => /\.(?:ts|mjs)$/.test(path) && !gone.has(path))
    .filter((path) => {
      const text = written[path] ?? readFileSync(join(root, path), 'utf8');
      return [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].some(([, target]) => gone.has(imported(path, target)));
    });
  if (users.length > 0)
    throw new Refusal(`These files import ${name}:\n${users.map((path) => `  ${path}`).join('\n')}`);
}

/** @returns the numbers of lines that a person should read, by path */
function mentionsIn(root, { about, gone, written }) {
  const folders = ['src', 'test', 'scripts', 'bench', 'docs', 'deploy', 'examples', 'clients/typescript'];
  const paths = ['README.md', 'AGENTS.md', ...folders.flatMap((folder) => filesIn(root, folder))];
  return Object.fromEntries(
    paths
      .filter((path) => /\.(?:ts|mjs|js|sql|md|ya?ml|json|html)$/.test(path) && !NOT_READ.test(path))
      .filter(
        (path) => !gone.has(path) && !path.startsWith('scripts/generate') && !/\/(?:dist|node_modules)\//.test(path),
      )
      .map((path) => [path, (written[path] ?? readFileSync(join(root, path), 'utf8')).split('\n')])
      .map(([path, lines]) => [path, lines.flatMap((line, index) => (about.test(line) ? [index + 1] : []))])
      .filter(([, lines]) => lines.length > 0),
  );
}

function filesIn(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll('\\', '/'),
    );
}
