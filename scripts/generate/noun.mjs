/**
 * The files of a noun, made from the sources of `tasks` as they are now: renamed, with its fields exchanged. A list is in
 * the order of ids, and a boolean is its filter: the sorts and the search of tasks are left out.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Example, formatted } from './example.mjs';
import { columnOf } from './fields.mjs';
import { camel } from './names.mjs';
import { specOf } from './spec.mjs';

const MIGRATIONS = 'src/database/migrations';
/** Of the query: all else there is for sorts and search, and may change. */
const KEPT = {
  query: `TaskPage Task NewTask TaskChanges COLUMNS insertTask selectTask updateTask deleteTask deleteTasks selectTaskPage`,
};

/** @returns texts by their paths, without the migration */
export async function filesOf(root, noun, fields) {
  const made = { root, noun, fields };
  const parts = { module: moduleOf, controller: controllerOf, service: serviceOf, dto: dtoOf, query: queryOf };
  const files = {};
  for (const [part, make] of Object.entries(parts)) {
    const path = `src/${noun.many}/${noun.many}.${part}.ts`;
    files[path] = await make(exampleOf(made, placeOf(root, `tasks.${part}.ts`), KEPT[part]?.split(' ')), made).finish(
      path,
    );
  }
  const spec = `test/e2e/${noun.many}.spec.ts`;
  files[spec] = await formatted(spec, specOf(noun, fields));
  return files;
}

/** @returns the path and the text of the migration that makes the table */
export async function migrationOf(root, noun, fields) {
  const { time, example } = migrationsOf(root);
  const path = `${MIGRATIONS}/${time}-${noun.many}.ts`;
  const indexes = fields.filter(({ isFilter }) => isFilter).map((each) => indexOf(noun, each));
  const migration = exampleOf({ root, noun }, `${MIGRATIONS}/${example}`)
    .exchange(`Tasks${example.slice(0, 13)}`, `${noun.Many}${time}`)
    .exchange('if (await hasReplaced(runner)) return;', '')
    .exchange(
      'title varchar(200) NOT NULL, description text, completed boolean NOT NULL DEFAULT false,',
      fields.map((field) => `${columnOf(field)},`).join('\n        '),
    )
    .exchange(
      `CREATE INDEX tasks_user_created_idx ON tasks (user_id, created_at, id);
       CREATE INDEX tasks_user_completed_created_idx ON tasks (user_id, completed, created_at, id);
       CREATE INDEX tasks_user_updated_idx ON tasks (user_id, updated_at, id);
       CREATE INDEX tasks_user_title_idx ON tasks (user_id, title, id);
       CREATE INDEX tasks_created_brin ON tasks USING brin (created_at);`,
      [`CREATE INDEX ${noun.many}_user_idx ON ${noun.many} (user_id, id);`, ...indexes].join('\n      '),
    );
  return [path, await migration.finish(path)];
}

/** @returns the migration that adds a column */
export async function addingMigrationOf(root, noun, field) {
  const { time } = migrationsOf(root);
  const words = `${noun.many}-${field.name.replaceAll('_', '-')}`;
  const path = `${MIGRATIONS}/${time}-${words}.ts`;
  const name = words
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  const statements = [
    `ALTER TABLE ${noun.many} ADD COLUMN ${columnOf(field)}`,
    ...(field.isFilter ? [indexOf(noun, field)] : []),
  ];
  const text = `/** ${noun.Many} have ${field.name}. */
    import type { MigrationInterface, QueryRunner } from 'typeorm';

    export class ${name}${time} implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        ${statements.map((statement) => `await runner.query('${statement.replace(/;$/, '')}');`).join('\n')}
      }

      async down(runner: QueryRunner): Promise<void> {
        await runner.query('ALTER TABLE ${noun.many} DROP COLUMN ${field.name}');
      }
    }`;
  return [path, await formatted(path, text)];
}

/** @returns all in their order, the name of the example's, and a time that is later than all */
export function migrationsOf(root) {
  const names = readdirSync(join(root, MIGRATIONS))
    .filter((name) => /^\d{13}-.*\.ts$/.test(name))
    .sort();
  return {
    names,
    texts: names.map((name) => readFileSync(join(root, MIGRATIONS, name), 'utf8')),
    example: names.find((name) => /^\d{13}-tasks\.ts$/.test(name)) ?? '0000000000000-tasks.ts',
    time: Math.max(Date.now(), Number(names.at(-1)?.slice(0, 13)) + 1_000),
  };
}

/** Where tasks were removed, they are kept for this. */
function placeOf(root, name) {
  const kept = `scripts/generate/example/${name}.txt`;
  return existsSync(join(root, kept)) ? kept : `src/tasks/${name}`;
}

/** @param kept declarations; by default all */
function exampleOf({ root, noun }, path, kept) {
  const example = new Example(path, readFileSync(join(root, path), 'utf8'));
  return (kept ? example.keep(...kept) : example).rename(noun);
}

function indexOf({ many }, { name }) {
  return `CREATE INDEX ${many}_user_${name}_idx ON ${many} (user_id, ${name}, id);`;
}

function moduleOf(example, { fields }) {
  const filters = filtersOf(fields).map((name) => `${name}: undefined, `);
  return example
    .replace('ALL', `const ALL = { ${filters.join('')}limit: EXPORT_BATCH } as const;`)
    .exchange('last && taskKey(ALL.sort, last)', 'last && [last.id]')
    .exchange("@CountedDaily('tasks')", '');
}

function controllerOf(example, { noun, fields }) {
  const [asked, given] = [fields.map(bound), fields.map(({ camel }) => camel)].map(
    (names) => `{ ${names.join(', ')} }`,
  );
  const filters = fields.filter(({ isFilter }) => isFilter);
  return (
    example
      .remove('TasksController.completeTask')
      .exchange(
        '{ completed, q, sort, cursor, limit }: ListTasksQuery',
        `{ ${[...filters.map(bound), 'cursor', 'limit'].join(', ')} }: List${noun.Many}Query`,
      )
      .exchange(
        'list(principal, { completed, q, sort, cursor, limit })',
        `list(principal, { ${[...filtersOf(fields), 'cursor', 'limit'].join(', ')} })`,
      )
      .exchange('{ title, description }: CreateTaskRequest', `${asked}: Create${noun.One}Request`)
      .exchange('create(principal, { title, description }, request)', `create(principal, ${given}, request)`)
      .exchange('{ title, description, completed }: UpdateTaskRequest', `${asked}: Update${noun.One}Request`)
      .exchange('update(principal, id, { title, description, completed })', `update(principal, id, ${given})`)
      // No two operations may have one summary.
      .exchange(
        'Changes the fields that are given.',
        `Changes the given fields of ${/^[aeiou]/.test(noun.one) ? 'an' : 'a'} ${noun.one}.`,
      )
  );
}

function serviceOf(example, { noun, fields }) {
  const filters = filtersOf(fields);
  const defaults = fields.map(
    ({ camel: name, isOptional, nullable }) => name + (isOptional ? ` = ${nullable ? 'null' : 'false'}` : ''),
  );
  const types = fields.map(
    ({ camel: name, tsType, isOptional }) => `${name}: ${tsType}${isOptional ? ' | undefined' : ''}`,
  );
  return example
    .fill(
      'TaskFilter',
      [
        ...filters.map((name) => `readonly ${name}: boolean | undefined;`),
        'readonly cursor: string | undefined; readonly limit: number;',
      ].join('\n'),
    )
    .exchange(
      '{ completed, q, sort, cursor, limit }: TaskFilter',
      `{ ${[...filters, 'cursor', 'limit'].join(', ')} }: ${noun.One}Filter`,
    )
    .exchange('const read = (): Promise<Task[]> => selectTaskPage(', `const rows = await select${noun.One}Page(`)
    .exchange('const rows = await (readsAll(q) ? this.costly.run(principal.userId, read) : read());', '')
    .exchange('private readonly costly: CostlyReads,', '')
    .exchange('tasks ${sort} ${principal.userId}', `${noun.many} \${principal.userId}`)
    .exchange('completed, q, sort, after,', [...filters, 'after'].map((name) => `${name},`).join(' '))
    .exchange('taskKey(sort, last)', '[last.id]')
    .exchange(
      '{ title, description = null }: { title: string; description: string | null | undefined },',
      `{ ${defaults.join(', ')} }: { ${types.join('; ')} },`,
    )
    .exchange(
      '{ userId, title, description }',
      `{ ${['userId', ...fields.map(({ camel: name }) => name)].join(', ')} }`,
    );
}

function dtoOf(example, { noun, fields }) {
  const rules = fields.flatMap(({ rulesName, rules: text }) =>
    text === undefined ? [] : `const ${rulesName} = ${text};`,
  );
  const filters = fields
    .filter(({ isFilter }) => isFilter)
    .map(({ name }) => `/** Only those with this value. */\n@OptionalNotNull()\n@QueryFlag()\n${name}?: boolean;`);
  example
    .mayImport('../http/input/validation.js', 'Integer', 'Timestamp', 'Uuid')
    .remove('DESCRIPTION', 'CompleteTaskRequest', 'ListTasksQuery.q', 'ListTasksQuery.sort');
  if (rules.length > 0) example.replace('TITLE', rules.join('\n'));
  else example.remove('TITLE');
  if (filters.length > 0) example.replace('ListTasksQuery.completed', filters.join('\n\n'));
  else example.remove('ListTasksQuery.completed');
  return example
    .fill('CreateTaskRequest', fields.map(newField).join('\n\n'))
    .fill('UpdateTaskRequest', fields.map(changedField).join('\n\n'))
    .exchange('holds for the same sort and the same caller', 'holds for the same caller')
    .remove('TaskResponse.description', 'TaskResponse.completed')
    .replace(
      'TaskResponse.title',
      fields.map(({ answer, name, tsType }) => [answer, `${name}: ${tsType};`].filter(Boolean).join('\n')).join('\n'),
    )
    .exchange(
      'title: task.title, description: task.description, completed: task.completed,',
      fields.map((each) => presented(noun, each)).join('\n'),
    );
}

function queryOf(example, { noun, fields }) {
  const { many, One } = noun;
  const [names, columns] = [fields.map(({ camel: name }) => name), fields.map(({ name }) => name)];
  const filters = filtersOf(fields);
  example
    .fill(
      'TaskPage',
      `readonly ownerId: string; ${filters.map((name) => `readonly ${name}: boolean | undefined; `).join('')}readonly after: CursorKey | undefined; readonly limit: number;`,
    )
    .fill(
      'Task',
      `readonly id: number; readonly userId: string; ${fields.map(({ camel: name, tsType }) => `readonly ${name}: ${tsType}; `).join('')}readonly createdAt: string; readonly updatedAt: string;`,
    )
    .replace(
      'NewTask',
      `export type New${One} = Pick<${One}, ${['userId', ...names].map((name) => `'${name}'`).join(' | ')}>;`,
    )
    .fill('TaskChanges', fields.map(({ camel: name, tsType }) => `readonly ${name}: ${tsType} | undefined;`).join('\n'))
    .replace(
      'COLUMNS',
      `const COLUMNS = sql\`${wrapped(['id', 'user_id AS "userId"', ...fields.map(selected), ...['created_at', 'updated_at'].map((name) => `\${utcText('${name}')} AS "${camel(name)}"`)])}\`;`,
    )
    .replace(
      'insertTask',
      `export function insert${One}(manager: EntityManager, { ${['userId', ...names].join(', ')} }: New${One}): Promise<${One}> {
  return one(
    manager,
    sql\`${inOneLine([`INSERT INTO ${many} (${['user_id', ...columns].join(', ')})`, `VALUES (${['userId', ...names].map((name) => `\${${name}}`).join(', ')})`, 'RETURNING ${COLUMNS}'])}\`,
  );
}`,
    )
    .replace(
      'selectTaskPage',
      `export function select${One}Page(
  db: Database,
  { ${['ownerId', ...filters, 'after', 'limit'].join(', ')} }: ${One}Page,
): Promise<${One}[]> {
  const conditions = [sql\`user_id = \${ownerId}\`];
${fields
  .filter(({ isFilter }) => isFilter)
  .map(({ name, camel }) => `  if (${camel} !== undefined) conditions.push(sql\`${name} = \${${camel}}\`);\n`)
  .join('')}  if (after) conditions.push(sql\`id < \${after[0]}\`);
  return rows(
    db,
    sql\`SELECT \${COLUMNS} FROM ${many} WHERE \${join(conditions, ' AND ')} ORDER BY id DESC LIMIT \${limit}\`,
  );
}`,
    );
  if (fields.every(({ name, camel }) => name === camel)) return example;
  return example
    .exchange('changes: TaskChanges,', `{ ${names.join(', ')} }: ${One}Changes,`)
    .exchange(
      'Object.entries(changes)',
      `Object.entries({ ${fields.map(({ name, camel }) => (name === camel ? name : `${name}: ${camel}`)).join(', ')} })`,
    );
}

function filtersOf(fields) {
  return fields.filter(({ isFilter }) => isFilter).map(({ camel }) => camel);
}

function bound({ name, camel }) {
  return name === camel ? name : `${name}: ${camel}`;
}

function newField({ name, tsType, type, request, isOptional, nullable }) {
  const about =
    type === 'text' && !nullable
      ? '/** Not blank. */\n'
      : type === 'boolean' && !nullable
        ? '/** `false` when it is left out. */\n'
        : '';
  if (!isOptional) return `${about}${request}\n${name}: ${tsType};`;
  return `${about}${nullable ? '@OptionalNullable()' : '@OptionalNotNull()'}\n${request}\n${name}?: ${tsType};`;
}

function changedField({ name, tsType, request, nullable }) {
  const about = nullable ? '/** `null` clears it. */\n@OptionalNullable()' : '@OptionalNotNull()';
  return `${about}\n${request}\n${name}?: ${tsType};`;
}

function presented({ one }, { name, camel, type, nullable }) {
  const value = `${one}.${camel}`;
  if (type !== 'timestamptz') return `${name}: ${value},`;
  return `${name}: ${nullable ? `${value} === null ? null : ` : ''}isoTimestamp(${value}),`;
}

function selected({ name, camel, type }) {
  if (type === 'timestamptz') return `\${utcText('${name}')} AS "${camel}"`;
  return name === camel ? name : `${name} AS "${camel}"`;
}

/** Prettier leaves the text of a statement as it is. */
function wrapped(items) {
  const lines = [''];
  for (const [index, item] of items.entries()) {
    const piece = item + (index < items.length - 1 ? ',' : '');
    if (`${lines.at(-1)} ${piece}`.length > 90) lines.push(piece);
    else lines.push([lines.pop(), piece].filter(Boolean).join(' '));
  }
  return lines.join('\n               ');
}

function inOneLine(pieces) {
  const line = pieces.join(' ');
  return line.length <= 105 ? line : pieces.join('\n        ');
}
