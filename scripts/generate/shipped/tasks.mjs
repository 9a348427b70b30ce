/** What `remove tasks` takes out, beside the tests that are about tasks. */
export const TASKS = {
  about: /(?<![A-Za-z])[Tt]asks?(?![a-z])|TASKS?\b|[a-z]Tasks?(?![a-z])/,
  tables: ['tasks'],
  folders: ['src/tasks'],
  files: ['test/e2e/tasks.spec.ts'],
  /** The generator goes on making nouns from these. */
  examples: { from: 'src/tasks', to: 'scripts/generate/example' },
  edits: {
    'src/app.module.ts': [/^import \{ TasksModule \}.*\n/m, /^ +TasksModule,\n/m],
    'src/common/error-codes.ts': [/^ {2}task_\w+: .*\n/gm],
    'src/database/schema/search-indexes.ts': [/^ {2}tasks_\w+: (?:\{.*\}|\{\n(?: {4}.*\n)* {2}\}),\n/gm],
    'src/http/openapi/document.ts': [/^ {2}'tasks',\n/m],
    'src/http/openapi/tags.ts': [
      /^ {2}\{\n {4}name: 'Tasks',\n(?: {4}.*\n)* {2}\},\n/m,
      /, tasks(?=, )|, and tasks(?=[.,])/,
    ],
    'src/account/export.dto.ts': [/'tasks', /],
    'scripts/seed.mjs': [/,? ?'tasks'/],
    'scripts/openapi-exceptions.mjs': [
      [
        'Ids of tasks are integers by contract, and so are those of the nouns that are made after them.',
        'Ids of nouns that the generator makes are integers.',
      ],
    ],
    'scripts/seed/seed.mjs': [/^ {2}await fillTasks\(world\);\n/m],
    'scripts/postgres-tests.mjs': [/, 'e2e\/tasks'/],
    'examples/web/main.js': [
      /^on\('new-task'[^]*?\n\}\);\n\n/m,
      /^ {2}find\('tasks'\).replaceChildren\(\);\n/m,
      /^ {2}for await \(const task of .*\n/m,
    ],
    'examples/web/index.html': [/^ {6}<h2>Tasks<\/h2>\n[^]*?<ul id="tasks"><\/ul>\n\n?/m],
    'package.json': [/, tasks(?=, )|, and tasks(?=[.,])/],
    'deploy/helm/roost/Chart.yaml': [/, tasks(?=, )|, and tasks(?=[.,])/],
  },
  declarations: {
    'scripts/seed/seed.mjs': ['fillTasks'],
    'scripts/seed/seed.query.mjs': ['insertTasks'],
    'scripts/seed/world.mjs': ['makeTasks'],
    'scripts/seed/voices.mjs': ['TASKS'],
    'examples/web/main.js': ['addTask'],
  },
  migration: {
    up: `DROP TABLE tasks; DELETE FROM daily_counts WHERE noun = 'tasks'`,
    imports: [['Tasks1763830003000', '1763830003000-tasks.js']],
    down: `await new Tasks1763830003000().up(runner); await runner.query('DROP INDEX tasks_created_brin');`,
  },
};
