/** What `remove timeline` takes out, beside the tests that are about people, posts and streams. */
const PEOPLE = /follows|followers|following|mutes|blocks/.source;

/** `tasks` may be there or not. */
const WITHOUT = [/(, tasks)?,? and a social timeline/, (_, tasks) => (tasks ? ', and tasks' : '')];

function withoutPanels(text) {
  const board = JSON.parse(text);
  const panels = board.panels.filter(({ targets = [] }) => !targets.some(({ expr }) => /timeline_stream/.test(expr)));
  return panels.length === board.panels.length ? text : `${JSON.stringify({ ...board, panels }, null, 2)}\n`;
}

export const TIMELINE = {
  about: new RegExp(
    [
      /[Tt]imeline|\/posts\b|\bposts:|'posts'|\bpost_(?:not_found|forbidden|id)\b|\bPostsService\b|\bNewPosts\b/.source,
      `(?:FROM|ONLY|INTO|TABLE|ON|UPDATE|JOIN|public\\.|,) (?:posts|${PEOPLE})\\b(?!:)|['"](?:${PEOPLE})['"]`,
      /\/(?:un)?(?:follow|mute|block)\b|\/(?:followers|following|mutes|blocks)\b|user_stats|\b(?:posts|followers|following)_count: /
        .source,
      /(?<!admin)\/users\?|'GET \/users'|\/users\/:username|\/users\/\{username\}|\/users\/\$\{[\w.?]*username/.source,
      /\bpeople:(?:read|write)|not_oneself|user_blocked|follow_limit|too_many_streams|\.stream\(/.source,
    ].join('|'),
  ),
  tables: ['user_stats', 'blocks', 'mutes', 'follows', 'posts'],
  folders: ['src/timeline'],
  files: [
    'test/e2e/follows.spec.ts',
    'test/e2e/posts.spec.ts',
    'test/e2e/profiles.spec.ts',
    'test/e2e/timeline-page.spec.ts',
    'test/e2e/timeline-stream.spec.ts',
    'test/e2e/timeline.spec.ts',
    'test/unit/stream-position.spec.ts',
    'test/support/stream.ts',
    'clients/typescript/src/events.ts',
    'docs/streaming.md',
    'docs/adr/0017-timeline.md',
    'docs/adr/0018-stream.md',
    'docs/adr/0019-people.md',
  ],
  edits: {
    'src/users/import.query.ts': [/, user_stats/],
    'src/app.module.ts': [/^import \{ TimelineModule \}.*\n/m, /^ +TimelineModule,\n/m],
    'src/common/error-codes.ts': [
      /^ {2}(?:post_\w+|not_oneself|follow_limit_reached|user_blocked|too_many_streams): .*\n/gm,
    ],
    'src/database/schema/search-indexes.ts': [
      /^ {2}(?:posts_created|follows_created|users_folded_name|users_folded)_idx: (?:\{.*\}|\{\n(?: {4}.*\n)* {2}\}),\n/gm,
    ],
    'src/site/problem-pages.controller.ts': [/^ {2}too_many_streams:(?: .*|\n {4}.*),\n/m],
    'src/database/transaction-ids.ts': [/posts: 'bigint', /, /`posts` and /],
    'src/http/openapi/document.ts': [
      /^ {2}'(?:timeline|posts|users|users\/\{username\}|users\/me\/(?:mutes|blocks))(?:\/\w+)?',\n/gm,
    ],
    'src/http/openapi/tags.ts': [
      /^ {2}\{ name: 'Timeline'.*\n/m,
      WITHOUT,
      [/accounts, posts, figures/, 'accounts, figures'],
    ],
    'src/account/export.dto.ts': [/'posts', 'following', 'followers', 'mutes', 'blocks', /],
    'clients/typescript/src/types.ts': [
      /^\/\*\* The stream does not end.*\n/m,
      [/Exclude<keyof Operations<M> & string, '\/timeline\/stream'>/, 'keyof Operations<M> & string'],
    ],
    'clients/typescript/src/index.ts': [/, type StreamEvent/],
    'deploy/grafana/roost.json': [withoutPanels],
    'package.json': [WITHOUT],
    'deploy/helm/roost/Chart.yaml': [WITHOUT],
    'scripts/seed.mjs': [
      /'follows', 'posts',? ?/,
      [/has a timeline and followers/, 'is a user'],
      [/log in, read the timeline and search for people/, 'log in and read the own account'],
      [/timeline\?limit=5/, 'users/me'],
      /^ +`curl -s "\$API\/users\?q=tom" \$\{bearer\}`,\n/m,
    ],
    'test/faults/support/elsewhere.mjs': [/^ {2}\['a database restored from a backup'.*\n/m],
    'scripts/seed/seed.query.mjs': [/, 'user_stats'/],
    'scripts/openapi-exceptions.mjs': [/\/timeline\/stream\/\|/],
    'test/support/hostile.ts': [/^ {4}'a stream': .*\n/m],
    'test/fuzz/sequences.mjs': [/\|streamTimeline/],
    'scripts/seed/seed.mjs': [/^ {2}await fillTimeline\(world\);\n/m],
    'scripts/postgres-tests.mjs': [/ 'e2e\/timeline-page',/, / 'e2e\/profiles',/],
    'examples/web/main.js': [
      /^on\('new-post'[^]*?\n\}\);\n\n/m,
      /^ {2}find\('timeline'\).replaceChildren\(\);\n/m,
      /^ {2}void watch\(\);\n/m,
      /^ {2}watching\?\.abort\(\);\n/m,
      /^let watching;\n/m,
    ],
    'examples/web/index.html': [/\n? {6}<h2>Timeline<\/h2>\n[^]*?<ul id="timeline"><\/ul>\n/m],
    'test/deno/client.mjs': [/^const events = [^]*?events\.return\(\);\n\n/m],
  },
  declarations: {
    'scripts/seed/people.mjs': ['sentenceOf'],
    'scripts/seed/dice.mjs': ['Weighted'],
    'clients/typescript/src/client.ts': ['StreamEvent', 'STREAM', 'RoostClient.stream'],
    'scripts/seed/seed.mjs': ['fillTimeline'],
    'scripts/seed/seed.query.mjs': ['EDGES', 'insertEdges', 'insertPosts', 'auditDeletions', 'countAll'],
    'scripts/seed/world.mjs': ['makeBlocks', 'makeFollows', 'makeMutes', 'makePosts'],
    'examples/web/main.js': ['showTimeline', 'watch', 'addPost'],
  },
  migration: {
    up: `
      DROP TRIGGER users_add_stats ON users;
      DROP FUNCTION follow, timeline_page, insert_post, add_user_stats;
      DROP TABLE user_stats, blocks, mutes, follows, posts;
      DROP FUNCTION current_tx;
      DROP INDEX IF EXISTS users_folded_name_idx, users_folded_idx;
      DELETE FROM daily_counts WHERE noun IN ('posts', 'follows');
    `,
    imports: [['Timeline1763830004000', '1763830004000-timeline.js']],
    down: `await new Timeline1763830004000().up(runner); await createFunctions(runner, 'timeline/people/follow.sql');
      await runner.query('DROP INDEX posts_created_brin, follows_created_brin; INSERT INTO user_stats (user_id) SELECT id FROM users');`,
  },
};
