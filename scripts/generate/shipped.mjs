/** Takes out a module that Roost came with: its files, its lines in lists, the tests about it, and its tables. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

import { formatted } from './example.mjs';
import { migrationsOf } from './noun.mjs';
import { withoutDeclarations, withoutElements, withoutTests } from './prune.mjs';
import { Refusal } from './refusal.mjs';
import { checkUnreferenced } from './tables.mjs';
import { DOCUMENTS } from './shipped/documents.mjs';
import { TASKS } from './shipped/tasks.mjs';
import { TIMELINE } from './shipped/timeline.mjs';

export const SHIPPED = { tasks: TASKS, timeline: TIMELINE };

/** Other folders of src are a team's. */
const ROOMS =
  /^(?:account|admin|audit|auth|common|config|database|health|http|idempotency|limits|mail|site|tasks|testing|timeline|users|workers)$/;
const KEPT_SQL = 'src/database/migrations/removed';
/** Of the past, measured, written anew by other commands, or about the timelines of PostgreSQL. */
const NOT_READ =
  /^(?:CHANGELOG\.md|openapi\.json|package-lock\.json|docs\/(?:adr|removing-a-module|reliability|security\/asvs)\b|src\/database\/(?:migrations|replicas)\/)|\/(?:schema|idempotent)\.ts$/;

/** A noun that was made since may have its name. */
export function isShipped(root, name) {
  if (!Object.hasOwn(SHIPPED, name)) return false;
  const wasRemoved = migrationsOf(root).names.some((each) => each.slice(14) === `drop-${name}.ts`);
  return !(wasRemoved && SHIPPED[name].folders.some((folder) => existsSync(join(root, folder))));
}

/**
 * @returns what to write and to move by path, what to delete, the tests that go from other files, and where others still
 * speak of the module
 */
export async function removalOf(root, name) {
  const module = SHIPPED[name];
  if (!module.folders.every((folder) => existsSync(join(root, folder))))
    throw new Refusal(`There is no ${module.folders.join(', ')}: ${name} was removed before.`);
  checkUnreferenced(root, module.tables);
  const moved = movesOf(root, module);
  const gone = new Set([
    ...module.folders.flatMap((folder) => filesIn(root, folder)),
    ...module.files.filter((path) => existsSync(join(root, path))),
  ]);
  const changed = Object.entries(edited(root, module));
  for (const [path, text] of changed) if (text === '') gone.add(path);
  const kept = changed.filter(([, text]) => text !== '');
  const written = { ...Object.fromEntries(kept), ...(await migrationOf(root, name, module)) };
  const tests = testsWithout(root, { ...module, gone, written });
  for (const [path, { text }] of Object.entries(tests)) {
    if (text === '') gone.add(path);
    else written[path] = text;
  }
  Object.assign(written, attacksWithout(root, { gone, written }));
  Object.assign(written, documentsWithout(root, { name, gone, moved, written }));
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
function testsWithout(root, { about: words, gone, written }) {
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
    const text = written[path] ?? readFileSync(join(root, path), 'utf8');
    const isGone = { test: (specifier) => gone.has(imported(path, specifier)) };
    if (!words.test(text) && !importsOf(text).some((each) => isGone.test(each))) continue;
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

function importsOf(text) {
  return [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, target]) => target);
}

function imported(path, specifier) {
  return normalize(join(dirname(path), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts');
}

/** A row of a table about the module goes. Of what is moved, the new place is named. The history links to nothing that is gone. */
function documentsWithout(root, { name, gone, moved, written }) {
  const edits = DOCUMENTS[name];
  const changed = {};
  for (const path of new Set([...documentsIn(root), ...Object.keys(edits)])) {
    if (gone.has(path) || !existsSync(join(root, path))) continue;
    const text = written[path] ?? readFileSync(join(root, path), 'utf8');
    const rewritten = (edits[path] ?? []).reduce((before, [from, to]) => before.replace(from, to), text);
    const left = path.endsWith('.md')
      ? withoutRows(rewritten, { about: SHIPPED[name].about, path, gone, moved })
      : rewritten;
    if (left !== text) changed[path] = left;
  }
  const history = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const unlinked = history.replace(/\[([^\]]+)\]\(([^)#]+)\)/g, (all, text, target) => (gone.has(target) ? text : all));
  if (unlinked !== history) changed['CHANGELOG.md'] = unlinked;
  return changed;
}

function documentsIn(root) {
  return ['README.md', 'AGENTS.md', 'clients/typescript/README.md', ...filesIn(root, 'docs')].filter((path) =>
    path.endsWith('.md'),
  );
}

function withoutRows(text, { about, path, gone, moved }) {
  return text
    .split('\n')
    .filter((line) => !(line.startsWith('|') && (about.test(line.split('|')[1]) || namesGone(line, { path, gone }))))
    .map((line) => line.replace(/`([a-z][\w./-]*\/[\w.-]+)`/g, (all, name) => `\`${placeAfter(name, moved)}\``))
    .join('\n');
}

function placeAfter(name, moved) {
  return moved[name] ?? moved[`src/${name}`] ?? name;
}

/** Links, and files in backticks. */
function namesGone(line, { path, gone }) {
  const targets = [...line.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => normalize(join(dirname(path), target)));
  const named = [...line.matchAll(/`([a-z][\w./-]*\/[\w.-]+)`/g)].flatMap(([, name]) => [name, `src/${name}`]);
  return [...targets, ...named].some((name) => gone.has(name));
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
      return importsOf(text).some((target) => gone.has(imported(path, target)));
    });
  if (users.length > 0)
    throw new Refusal(`These files import ${name}:\n${users.map((path) => `  ${path}`).join('\n')}`);
}

/** @returns the numbers of lines that a person should read, by path */
function mentionsIn(root, { about, gone, written }) {
  const folders = ['src', 'scripts', 'docs', 'deploy', 'examples', 'clients/typescript'];
  const paths = ['README.md', 'AGENTS.md', ...folders.flatMap((folder) => filesIn(root, folder))];
  return Object.fromEntries(
    paths
      .filter((path) => /\.(?:ts|mjs|js|sql|md|ya?ml|json|html)$/.test(path) && !NOT_READ.test(path))
      .filter(
        (path) => !gone.has(path) && !path.startsWith('scripts/generate') && !/\/(?:dist|node_modules)\//.test(path),
      )
      .map((path) => [path, (written[path] ?? readFileSync(join(root, path), 'utf8')).split('\n')])
      .map(([path, lines]) => [
        path,
        lines.flatMap((line, index) => (about.test(line) || namesGone(line, { path, gone }) ? [index + 1] : [])),
      ])
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
