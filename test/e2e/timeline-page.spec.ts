import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';

import { selectTimelinePage } from '../../src/timeline/posts/feed.query.js';
import { TestApp } from '../support/app.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';

/** Viewers, each with another number of follows: by the heads of authors, and by walking. The last follows the seldom. */
const VIEWERS = [
  { n: 1, follows: 0, from: 6 },
  { n: 2, follows: 3, from: 6 },
  { n: 3, follows: 60, from: 6 },
  { n: 4, follows: 150, from: 6 },
  { n: 5, follows: 390, from: 6 },
  { n: 399, follows: 110, from: 281 },
];

/**
 * 400 people: every 20th is disabled, by turns for good, until tomorrow, and until yesterday; 4,000 posts, every 15th
 * deleted; each viewer mutes every seventh whom they follow. The 201st to 400th post seldom, 391 to 400 never.
 */
const CROWD = `
  INSERT INTO users (id, email, username, hashed_password, status, disabled_until)
  SELECT md5(n::text)::uuid, n || '@example.org', 'person_' || n, 'none',
         CASE WHEN n % 20 = 0 THEN 'disabled' ELSE 'active' END,
         CASE WHEN n % 20 = 0 THEN CASE n / 20 % 3 WHEN 0 THEN now() + interval '12 h' WHEN 1 THEN now() - interval '12 h' END END
    FROM generate_series(1, 400) n;
  INSERT INTO follows (follower_id, followee_id)
  SELECT md5(viewer::text)::uuid, md5(n::text)::uuid
    FROM (VALUES ${VIEWERS.map(({ n, follows, from }) => `(${n}, ${follows}, ${from})`).join(', ')}) v (viewer, count, first),
         LATERAL generate_series(first, first + count - 1) n;
  INSERT INTO mutes (user_id, muted_id)
  SELECT follower_id, followee_id FROM follows WHERE followee_id IN (SELECT md5(n::text)::uuid FROM generate_series(7, 400, 7) n);
  UPDATE user_stats SET following_count = (SELECT count(*) FROM follows WHERE follower_id = user_id);
  INSERT INTO posts (author_id, text, deleted_at)
  SELECT md5((1 + CASE WHEN n % 10 = 0 THEN n / 10 * 7 % 390 ELSE (n * 37 + 11) % 200 END)::text)::uuid, 'Post ' || n,
         CASE WHEN n % 15 = 0 THEN now() END
    FROM generate_series(1, 4000) n;`;

const NAIVE = `
  SELECT p.id::text FROM posts p JOIN users u ON u.id = p.author_id
   WHERE p.deleted_at IS NULL AND NOT is_hidden(u, now() + $2 * interval '1 ms')
     AND (p.author_id = $1 OR EXISTS (SELECT FROM follows f WHERE f.follower_id = $1 AND f.followee_id = p.author_id))
     AND NOT EXISTS (SELECT FROM mutes m WHERE m.user_id = $1 AND m.muted_id = p.author_id)
   ORDER BY p.id DESC`;

describe('a page of the timeline', () => {
  let app: TestApp;
  let manager: EntityManager;

  beforeAll(async () => {
    app = await TestApp.start();
    manager = app.nestApp.get(DataSource).manager;
    await app.pool.query(CROWD);
  });

  afterAll(() => app.stop());

  async function walk(viewerId: string, { limit }: { limit: number }): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const page = await selectTimelinePage(manager, { viewerId, before: ids.at(-1), limit });
      ids.push(...page.map(({ id }) => id));
      if (page.length < limit) return ids;
    }
  }

  async function naively(viewerId: string): Promise<string[]> {
    const { rows } = await app.pool.query<{ id: string }>(NAIVE, [viewerId, app.clock.offsetMs]);
    return rows.map(({ id }) => id);
  }

  async function idOf(n: number): Promise<string> {
    const { rows } = await app.pool.query<{ id: string }>('SELECT md5($1)::uuid AS id', [String(n)]);
    return rows[0]?.id ?? '';
  }

  it.each(VIEWERS.flatMap(({ n, follows }) => [1, 21, 101].map((limit) => ({ n, follows, limit }))))(
    'is that of the naive query, to the last one, for $follows follows in pages of $limit',
    async ({ n, limit }) => {
      const viewer = await idOf(n);
      const expected = await naively(viewer);
      expect(expected.length).toBeGreaterThan(0);
      expect(await walk(viewer, { limit })).toEqual(expected);
    },
  );

  it.each(VIEWERS)('is the same whatever the count of $follows follows says', async ({ n }) => {
    const viewer = await idOf(n);
    const expected = await naively(viewer);
    const { rows } = await app.pool.query<{ count: number }>(
      'SELECT following_count AS count FROM user_stats WHERE user_id = $1',
      [viewer],
    );
    try {
      for (const wrong of [0, 101, 5_000]) {
        await app.pool.query('UPDATE user_stats SET following_count = $2 WHERE user_id = $1', [viewer, wrong]);
        expect(await walk(viewer, { limit: 21 })).toEqual(expected);
      }
    } finally {
      await app.pool.query('UPDATE user_stats SET following_count = $2 WHERE user_id = $1', [viewer, rows[0]?.count]);
    }
  });

  it('shows the posts of a disabled account again when its ban is over, by the clock of the application', async () => {
    const viewer = await idOf(5);
    const today = await naively(viewer);
    try {
      app.clock.advance('1d');
      const tomorrow = await naively(viewer);
      expect(tomorrow.length).toBeGreaterThan(today.length);
      expect(await walk(viewer, { limit: 21 })).toEqual(tomorrow);
    } finally {
      app.clock.offsetMs = 0;
    }
  });

  it('has each post with its author, text and time', async () => {
    const viewerId = await idOf(2);
    const [post] = await selectTimelinePage(manager, { viewerId, before: undefined, limit: 1 });
    const { rows } = await app.pool.query(
      `SELECT p.id::text, p.author_id AS "authorId", u.username, p.text, (p.created_at AT TIME ZONE 'UTC')::text AS "createdAt"
         FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = $1`,
      [post?.id],
    );
    expect([post]).toEqual(rows);
  });

  it('is empty for somebody whom there is none of', async () => {
    const viewerId = await idOf(0);
    expect(await selectTimelinePage(manager, { viewerId, before: undefined, limit: 21 })).toEqual([]);
  });
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: Plan[];
}

describe('the plans of a page', () => {
  let url: string;
  let client: pg.Client;
  let plans: Plan[];

  /** Planned while there is next to nothing, as the statistics say, and used when there is much: the worst that can happen to a plan. */
  beforeAll(async () => {
    url = await cloneTemplate();
    client = new pg.Client({ connectionString: url });
    await client.connect();
    client.on('notice', ({ message = '' }) => {
      const json = message.slice(message.indexOf('{'));
      if (message.includes('plan:')) plans.push(...nodesOf((JSON.parse(json) as { Plan: Plan }).Plan));
    });
    // An ANALYZE meanwhile would have them planned again.
    for (const table of ['users', 'posts', 'follows', 'mutes', 'user_stats']) {
      await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
    }
    await client.query(`
      INSERT INTO users (id, email, username, hashed_password)
      SELECT md5(name)::uuid, name, name, 'none' FROM unnest(ARRAY['few', 'some', 'many']) name;
      UPDATE user_stats SET following_count = 1500 WHERE user_id = md5('many')::uuid;
      UPDATE user_stats SET following_count = 150 WHERE user_id = md5('some')::uuid;
      INSERT INTO posts (author_id, text) VALUES (md5('few')::uuid, 'One');
      INSERT INTO follows (follower_id, followee_id) VALUES (md5('few')::uuid, md5('many')::uuid);
      INSERT INTO mutes (user_id, muted_id) SELECT md5(a)::uuid, md5(b)::uuid FROM (VALUES ('few', 'many'), ('many', 'few')) m (a, b);
      ANALYZE users, posts, follows, mutes, user_stats`);
    await readPage('few');
    await readPage('many');
    await client.query(`
      INSERT INTO users (id, email, username, hashed_password, status)
      SELECT md5(n::text)::uuid, n || '@example.org', 'person_' || n, 'none', CASE WHEN n > 1800 THEN 'disabled' ELSE 'active' END
        FROM generate_series(1, 2000) n;
      INSERT INTO follows (follower_id, followee_id)
      SELECT md5(viewer)::uuid, md5(n::text)::uuid FROM (VALUES ('few', 1500), ('some', 150), ('many', 1500)) v (viewer, count), generate_series(1, count) n;
      INSERT INTO posts (author_id, text)
      SELECT md5((1 + n * 617 % 2000)::text)::uuid, 'Post ' || n FROM generate_series(1, 30000) n`);
    await client.query(`LOAD 'auto_explain'; SET auto_explain.log_level = notice; SET auto_explain.log_min_duration = 0;
      SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off;
      SET auto_explain.log_format = json`);
  });

  beforeEach(() => {
    plans = [];
  });

  afterAll(async () => {
    await client.end();
    await dropDatabase(url);
  });

  async function readPage(viewer: string, size = 21): Promise<void> {
    await client.query('SELECT * FROM timeline_page(md5($1)::uuid, NULL, $2, now())', [viewer, size]);
  }

  /** Rows that were read of a table, by how they were found. */
  function readOf(table: string): Record<string, number> {
    const read: Record<string, number> = {};
    for (const plan of plans.filter((each) => each['Relation Name'] === table)) {
      const way = `${plan['Node Type']} ${plan['Index Name'] ?? ''}`.trim();
      const rows = plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0);
      read[way] = (read[way] ?? 0) + rows * plan['Actual Loops'];
    }
    return read;
  }

  it('walks the newest posts through a hashed set, and no further than the page, for many follows [T50]', async () => {
    await readPage('many');
    const read = readOf('posts');
    expect(Object.keys(read)).toEqual(['Index Scan posts_pkey']);
    // Three of four posts are of the viewer's authors: some 30 for 21, and these 21 once more for their text.
    expect(read['Index Scan posts_pkey']).toBeLessThan(60);
    expect(plans.some((plan) => plan['Subplan Name']?.startsWith('SubPlan'))).toBe(true);
    expect(readOf('users')).toEqual({ 'Index Scan users_hidden_idx': 0, 'Index Scan users_pkey': 21 });
    expect(readOf('follows')).toEqual({ 'Index Only Scan follows_pkey': 1_500 });
    expect(readOf('mutes')).toEqual({ 'Index Only Scan mutes_pkey': 1 });
  });

  it('walks as far as the first posts tell that the page is', async () => {
    await readPage('some', 101);
    const read = readOf('posts');
    expect(Object.keys(read)).toEqual(['Index Scan posts_pkey']);
    // 3 of 40 posts are of the viewer's authors: some 30 of the first 400, and 101 of some 1,350.
    expect(read['Index Scan posts_pkey']).toBeGreaterThan(400 + 101);
    expect(read['Index Scan posts_pkey']).toBeLessThan(400 + 1_600 + 101);
  });

  it('takes one post of each author, and then the page alone, for few follows', async () => {
    await readPage('few');
    const read = readOf('posts');
    expect(Object.keys(read).sort()).toEqual(['Index Only Scan posts_author_idx', 'Index Scan posts_pkey']);
    expect(read['Index Only Scan posts_author_idx']).toBeLessThan(1_500 + 60);
    expect(read['Index Scan posts_pkey']).toBe(21);
    expect(readOf('users')).toEqual({ 'Index Scan users_hidden_idx': 0, 'Index Scan users_pkey': 21 });
    expect(readOf('follows')).toEqual({ 'Index Only Scan follows_pkey': 1_501 });
    expect(readOf('mutes')).toEqual({ 'Index Only Scan mutes_pkey': 1 });
  });

  it.each(['few', 'many'])('never reads a table from end to end (%s)', async (viewer) => {
    await readPage(viewer);
    expect(plans.length).toBeGreaterThan(10);
    expect(plans.filter((plan) => /Seq Scan|Bitmap|Hash|Merge|Gather/.test(plan['Node Type']))).toEqual([]);
  });
});

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}
