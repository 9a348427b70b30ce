/**
 * What documents say without a module. An edit is skipped where a team has rewritten its sentence: what still speaks of the
 * module is printed. `tasks` may be there or not when `timeline` goes, and the other way round.
 */

const FIRST_MINUTE = `register, log in, change your profile. Each answer`;

const PROFILE = `curl -s -X PATCH $API/users/me -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '{"display_name": "Ada", "bio": "Bernoulli numbers"}'
\`\`\`

\`\`\`json
{
  "id": "5e576f55-deba-4b1c-ab98-8b276384b0db",
  "email": "ada@example.org",
  "username": "user_2bae22399814488065d1",
  "display_name": "Ada",
  "bio": "Bernoulli numbers",
  "role": "user",
  "email_confirmed": false,
  "created_at": "2026-11-21T00:54:49.489Z",
  "updated_at": "2026-11-21T00:54:52.113Z"
}
\`\`\`

Every error has the same shape and names the bad field:

\`\`\`sh
curl -s -X PATCH $API/users/me -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"bio": 7}'
\`\`\``;

const WRONG_BIO = `"errors": [{ "pointer": "#/bio", "code": "wrong_type", "detail": "must be a string" }]`;

/** When the other module is gone: nothing is left that Roost came with. */
const REMOVAL_PAGE = [
  /^Roost comes with a module[^]*?^(?=## A module of your own)([^]*?)\n`test\/e2e\/generate-remove\.spec\.ts`[^]*$/m,
  '$1',
];
/** They write both. */
const WITHOUT_FAULTS = [/^ {2}faults:\n[^]*?(?=^ {2}\w+:\n)/m, ''];

export const DOCUMENTS = {
  tasks: {
    'README.md': [
      [/, tasks(?=, and)|, and tasks(?=, behind)/, ''],
      ['register, log in, create a task, list the tasks. Each answer', FIRST_MINUTE],
      [/curl -s \$API\/tasks -H [^]*?-d '\{"title": " "\}'\n```/, PROFILE],
      [/"errors": \[\{ "pointer": "#\/title".*/, WRONG_BIO],
      [/, follows and tasks(?=\.)/, ' and follows'],
      [/, and their tasks(?=\.)/, ''],
      [/^ {2}tasks\/ .*\n/m, ''],
      ['with tasks and a live timeline', 'with a live timeline'],
      [/,\s+with tasks\. /, '. '],
      ['made from `src/tasks/`', 'made from `scripts/generate/example/`'],
      ['remove timeline` (or `tasks`)', 'remove timeline`'],
      [/`npm run generate -- remove tasks` takes out [^]*?\)\)\. /, ''],
      [
        /read the four files of `src\/tasks\/` \(controller, service, query, dto\) and `test\/e2e\/tasks\.spec\.ts`/,
        'read the four files that it writes (controller, service, query, dto) and their test',
      ],
    ],
    'AGENTS.md': [
      [
        'then `src/tasks/` (the example noun) and `test/e2e/tasks.spec.ts`',
        'then `src/audit/`, and `test/e2e/profile.spec.ts`',
      ],
      ['made from `src/tasks/`', 'made from `scripts/generate/example/`'],
    ],
    'clients/typescript/README.md': [
      [
        /^const task = [^]*?console\.log\(title\);/m,
        `await unwrap(roost.patch('/users/me', { body: { bio: 'Note G' } }));

for await (const { action } of roost.list('/users/me/activity')) console.log(action);`,
      ],
    ],
    'docs/adding-a-noun.md': [
      [
        /The code is that of `src\/tasks\/`, renamed, [^]*?what the generator does not find there\./,
        'The code is that of `scripts/generate/example/`, renamed, with its fields exchanged (`scripts/generate/noun.mjs`).',
      ],
      [/ `test\/e2e\/tasks\.spec\.ts` is the\nmodel\./, ''],
    ],
    'docs/operations.md': [
      ['; that of tasks needs `btree_gin`, too', ''],
      ['| a task with a short title ', '| a row with a short text '],
      ['| a task of 200 and 1,000 characters', '| texts of 200 and 1,000 characters'],
      ['of short tasks, and', 'of short rows, and'],
      ['The tasks themselves have no such end', 'The rows themselves have no such end'],
    ],
    'docs/removing-a-module.md': [
      REMOVAL_PAGE,
      [
        'two modules that a team may not want: `tasks`, the example, and `timeline`,',
        'a module that a team may not want: `timeline`,',
      ],
      ['A command takes\neither out whole.', 'A command\ntakes it out whole.'],
      ['remove timeline     # or tasks; for both, commit between the two', 'remove timeline'],
      ['They ask for the routes of both modules', 'They ask for its routes'],
      [/^- `npm run test:faults` writes tasks, posts and follows, and needs both\.\n/m, ''],
      [
        /^- The generator\. `remove tasks` moves [^]*?from there\.\n/m,
        '- The generator, and its example in `scripts/generate/example/`.\n',
      ],
    ],
    'docs/scaling.md': [
      ['PostgreSQL takes 143 µs for a new task and 12 connections', '12 connections'],
      [/PostgreSQL takes 143 µs for a new task here [^]*?\. Machines with/, 'Machines with'],
      [' Tasks have one (`user_id`).', ''],
    ],
    'docs/security/policy.md': [
      ['| tasks and posts                                |', '| posts                                          |'],
      ['sessions, tasks, ', 'sessions, '],
      ['clients, tasks', 'clients'],
    ],
    'docs/seeding.md': [[/^- \*\*People have tasks\*\*.*\n/m, '']],
    'docs/adr/0006-pages.md': [
      ['**Held by** `test/e2e/tasks.spec.ts` (pages', '**Held by** `test/e2e/admin.spec.ts` (pages'],
    ],
    'docs/adr/0022-rooms.md': [
      ['`tasks/` is the model of a room', '`scripts/generate/example/` is the model of a room'],
      ['from the sources of `tasks/`', 'from the sources in `scripts/generate/example/`'],
    ],
    'docs/adr/0029-growth.md': [['`test/e2e/tasks.spec.ts`, ', '']],
    'docs/adr/README.md': [['`test/e2e/tasks.spec.ts`', '`test/e2e/admin.spec.ts`']],
    'docs/security/requirements.json': [
      ['(tasks, posts, ', '(posts, '],
      ['(tasks, ', '('],
    ],
    'docs/security/evidence.json': [[/^ {2}"V8\.2\.2": \{\n {4}"note": "Another person’s task.*\n {2}\},\n/m, '']],
    '.github/workflows/ci.yml': [
      WITHOUT_FAULTS,
      [/^ {2}removal:\n {4}name: What remains without tasks\n[^]*?(?=^ {2}\w+:\n)/m, ''],
      ['What remains without tasks and the timeline', 'What remains without the timeline'],
    ],
    'examples/web/main.js': [
      ['Log in, tasks, and a live timeline', 'Log in, and a live timeline'],
      ['Log in, tasks:', 'Log in:'],
    ],
  },
  timeline: {
    'README.md': [
      [/(, tasks)?,? and a social timeline/, (_, tasks) => (tasks ? ', and tasks' : '')],
      [/, their posts, follows and tasks(?=\.)/, ', and their tasks'],
      [/, their posts and follows(?=\.)/, ''],
      ['that lists and timelines are read from', 'that lists are read from'],
      [/^ {2}timeline\/ .*\n/m, ''],
      [/lists and the\s+stream as iterators/, 'lists as\niterators'],
      ['with tasks and a live timeline', 'with tasks'],
      [/,\s+with a live timeline\. /, '. '],
      ['remove timeline` (or `tasks`)', 'remove tasks`'],
      [/`npm run generate -- remove timeline` takes out [^]*?\)\)\. /, ''],
    ],
    'clients/typescript/README.md': [
      [/\nfor await \(const event of roost\.stream\(\)\) \{[^]*?\n\}\n/, ''],
      [/ \*\*The stream\*\* reconnects, [^]*?session\./, ''],
    ],
    'docs/README.md': [[' [streaming.md](streaming.md) is about the live timeline.', '']],
    'docs/architecture.md': [
      [', and so does `timeline.module.ts`', ''],
      [/^## Timeline\n[^]*?(?=^## )/m, ''],
    ],
    'docs/operations.md': [
      [', while no stream is open', ''],
      ['the 10,000 streams, ', ''],
      [
        'First pages of lists and\ntimelines, and profiles, are then read there.',
        'First pages of lists are then read there.',
      ],
      [/ So\n {2}others may see the posts and the profile [^]*?A block holds at once\. See/, ' See'],
      ['; streams are left out', ''],
      ['Many open streams and connections take memory, too.', 'Many open connections take memory, too.'],
      [/^## Streams of new posts\n[^]*?(?=^## )/m, ''],
      [/^\| a post of 280 emoji .*\n/m, ''],
    ],
    'docs/personal-access-tokens.md': [
      ['; a stream that it opened ends', ''],
      [
        /^\| `admin:posts:write`, `admin:audit:read`, `admin:stats:read` \| restore a post; the audit; statistics +\|$/m,
        '| `admin:audit:read`, `admin:stats:read` | the audit; statistics |',
      ],
    ],
    'docs/removing-a-module.md': [
      REMOVAL_PAGE,
      [
        /two modules that a team may not want: `tasks`, the example, and `timeline`, which is people, posts, follows and streams\./,
        'a module that a team may not want: `tasks`, the example.',
      ],
      ['A command takes\neither out whole.', 'A command takes\nit out whole.'],
      ['remove timeline     # or tasks; for both, commit between the two', 'remove tasks'],
      [/^\| client .*\n/m, ''],
      ['such as `post.deleted`: events', 'such as `user.invited`: events'],
      ['They ask for the routes of both modules', 'They ask for its routes'],
      [/^- `npm run test:faults` writes tasks, posts and follows, and needs both\.\n/m, ''],
    ],
    'docs/scaling.md': [
      [
        /Data that only lies there costs little\. A page of the home timeline[^]*?change little\. /,
        'Data that only lies there costs little. ',
      ],
      ['lists, timelines and profiles are read', 'lists are read'],
      [
        /PostgreSQL takes 143 µs for a new task and 12 connections write [^]*?\. Machines with/,
        'PostgreSQL takes 143 µs for a new task here ([http.md](../bench/results/http.md)). Machines with',
      ],
      [/^12 connections write [^]*?\. Machines with/m, 'Machines with'],
      [/^\*\*A timeline on a server of its own\*\*[^]*?(?=^\*\*Citus)/m, ''],
      [/ A home timeline reads\nthe posts of many authors, so it would ask all shards\./, ''],
      ['It would first need the same split. ', 'It would first need a split. '],
      ['on which revocations and streams rely', 'on which revocations rely'],
      ['Roost reads revocations and new posts by snapshots', 'Roost reads revocations by snapshots'],
      [', [ADR 18](adr/0018-stream.md)', ''],
    ],
    'docs/security.md': [
      [/^- \*\*Timeline\*\*: [^]*?(?=^- )/m, ''],
      ['one a connection; 1 MB of a stream', 'one a connection'],
      ['| `timeline-stream.spec.ts`  ', '| `http-connections.spec.ts` '],
    ],
    'docs/security/policy.md': [
      [/^\| streams +\| 5 at a time +\|\n/m, ''],
      [/^\| people to follow .*\n/m, ''],
      [/^\| tasks and posts +\|/m, '| tasks |'],
      [/^\| posts +\| no limit .*\n/m, ''],
      [/(sessions, (?:tasks, )?)posts, export/, '$1export'],
      [/^\| profiles, posts of others, .*\n/m, ''],
      [/^\| delete posts of others .*\n/m, ''],
      ['log out an account, restore a post, delete an account', 'log out an account, delete an account'],
      ['| everybody who is logged in | its owner  ', '| its owner, admins | its owner '],
      [/^\| a post .*\n/m, ''],
      [', follows |', ' |'],
      [/^\| public .*\n/m, ''],
      [/^\| streams +\| a connection .*\n/m, ''],
    ],
    'docs/seeding.md': [
      [/^- \*\*There are posts and follows\*\*[^]*?(?=^- )/m, ''],
      [/^- \*\*Timelines are ordered by insertion\*\*.*\n/m, ''],
    ],
    'docs/testing-against-roost.md': [[', which closes streams', '']],
    'docs/adr/0029-growth.md': [['`profiles.spec.ts` and `admin.spec.ts`', '`admin.spec.ts`']],
    'docs/security/requirements.json': [[/\((tasks, )?posts, /, '($1']],
    '.github/workflows/ci.yml': [
      WITHOUT_FAULTS,
      [/^ {2}removal:\n {4}name: What remains without the timeline\n[^]*?(?=^ {2}\w+:\n)/m, ''],
      ['What remains without tasks and the timeline', 'What remains without tasks'],
    ],
    'examples/web/main.js': [
      ['Log in, tasks, and a live timeline:', 'Log in, tasks:'],
      ['Log in, and a live timeline:', 'Log in:'],
    ],
  },
};
