/**
 * The home timeline, held against what it is defined as: random histories of a few people against a model, and random
 * graphs of many against the naive query. FC_RUNS sets the number of runs, FC_SEED the seed.
 */
import fc from 'fast-check';
import { type PostResponse, unwrap } from 'roost-client';

import { TestApp } from '../support/app.js';
import { collect } from '../support/client.js';
import { person, type Person, staff } from '../support/people.js';
import { soaked } from '../support/soak.js';

const { FC_RUNS, FC_SEED } = process.env;
const RUNS = Number(FC_RUNS ?? soaked(150, 10));
const SEED = FC_SEED === undefined ? {} : { seed: Number(FC_SEED) };

/** A failure is made short before it is told, which takes more runs than a success. */
jest.setTimeout(FC_RUNS === undefined ? soaked(1_800_000, 300_000) : 3_600_000);

const PEOPLE = 5;
const who = fc.nat({ max: PEOPLE - 1 });
const pick = fc.nat({ max: 999 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('post' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), post: pick, byModerator: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), post: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disable' as const), who, is: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('relate' as const),
      who,
      other: who,
      method: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
      what: fc.constantFrom('follow' as const, 'follow' as const, 'follow' as const, 'mute' as const, 'block' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), who, limit: fc.integer({ min: 1, max: 5 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface ModelPost {
  readonly id: string;
  readonly author: number;
  deletedBy: 'author' | 'moderator' | undefined;
}

/** What the contract says, in sets. */
class Model {
  readonly posts: ModelPost[] = [];
  readonly disabled = new Set<number>();
  readonly related = { follow: new Set<string>(), mute: new Set<string>(), block: new Set<string>() };

  relate({ who, other, method, what }: Extract<Step, { do: 'relate' }>): void {
    const key = `${who} ${other}`;
    const back = `${other} ${who}`;
    const { follow, block } = this.related;
    if (method === 'delete') this.related[what].delete(key);
    else if (who === other || this.disabled.has(other)) return;
    else if (what !== 'block' && block.has(back)) return;
    else if (what === 'follow' && block.has(key)) return;
    else this.related[what].add(key);
    if (what === 'block' && method === 'put') for (const edge of [key, back]) follow.delete(edge);
  }

  timelineOf(viewer: number): string[] {
    const { follow, mute } = this.related;
    const reads = ({ author }: ModelPost): boolean =>
      author === viewer || (follow.has(`${viewer} ${author}`) && !mute.has(`${viewer} ${author}`));
    return this.posts
      .filter((post) => !post.deletedBy && !this.disabled.has(post.author) && reads(post))
      .map(({ id }) => id)
      .reverse();
  }
}

let app: TestApp;
let moderator: Person;
let admin: Person;

beforeAll(async () => {
  app = await TestApp.start();
  [moderator, admin] = [await staff(app, 'moderator'), await staff(app, 'admin')];
});

afterAll(() => app.stop());

const idsOf = async ({ client }: Person, limit: number): Promise<string[]> =>
  (await collect(client.list('/timeline', { query: { limit } }))).map(({ id }) => id);

const post = ({ client }: Person, text = 'x'): Promise<PostResponse> =>
  unwrap(client.post('/posts', { body: { text } }));

async function act(model: Model, people: readonly Person[], step: Step): Promise<void> {
  const at = (index: number): Person => people[index] ?? moderator;
  if (step.do === 'post') {
    const { id } = await post(at(step.who));
    model.posts.push({ id, author: step.who, deletedBy: undefined });
  } else if (step.do === 'delete' || step.do === 'restore') {
    const chosen = model.posts[step.post % (model.posts.length || 1)];
    if (!chosen) return;
    const path = { post_id: chosen.id };
    if (step.do === 'restore') {
      await admin.client.post('/admin/posts/{post_id}/restore', { path });
      if (chosen.deletedBy === 'moderator') chosen.deletedBy = undefined;
    } else {
      await (step.byModerator ? moderator : at(chosen.author)).client.delete('/posts/{post_id}', { path });
      chosen.deletedBy ??= step.byModerator ? 'moderator' : 'author';
    }
  } else if (step.do === 'disable') {
    // Not by a route: whoever is disabled still acts here.
    const status = step.is ? 'disabled' : 'active';
    await app.pool.query('UPDATE users SET status = $2 WHERE id = $1', [at(step.who).id, status]);
    if (step.is) model.disabled.add(step.who);
    else model.disabled.delete(step.who);
  } else if (step.do === 'relate') {
    const [{ client }, path] = [at(step.who), at(step.other)];
    if (step.method === 'put') await client.put(`/users/{username}/${step.what}`, { path });
    else await client.delete(`/users/{username}/${step.what}`, { path });
    model.relate(step);
  } else expect(await idsOf(at(step.who), step.limit)).toEqual(model.timelineOf(step.who));
}

describe('a timeline', () => {
  it('is what the model says, whatever people do', async () => {
    const runs = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 50 }), async (steps) => {
      const model = new Model();
      const people = await Promise.all(Array.from({ length: PEOPLE }, () => person(app, 'reader')));
      for (const each of steps) await act(model, people, each);
      for (const [index, reader] of people.entries()) expect(await idsOf(reader, 4)).toEqual(model.timelineOf(index));
      for (const [index, reader] of people.entries()) {
        const { rows } = await app.pool.query('SELECT posts_count FROM user_stats WHERE user_id = $1', [reader.id]);
        const posted = model.posts.filter(({ author, deletedBy }) => author === index && !deletedBy);
        expect(rows).toEqual([{ posts_count: posted.length }]);
      }
    });
    await fc.assert(runs, { numRuns: RUNS, ...SEED });
  });

  it('is what the naive query gives on random graphs, few followed or many, page by page', async () => {
    const readers = await Promise.all(Array.from({ length: 5 }, () => person(app, 'reader')));
    const graph = fc.asyncProperty(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.integer({ min: 10, max: 100 }),
      async (seed, limit) => {
        await growGraph(seed, readers);
        for (const reader of readers) expect(await idsOf(reader, limit)).toEqual(await naively(reader));
      },
    );
    await fc.assert(graph, { numRuns: Math.ceil(RUNS / 5), ...SEED });
  });

  it('gives each post once while others post', async () => {
    const [reader, writer] = [await person(app, 'reader'), await person(app, 'writer')];
    await unwrap(reader.client.put('/users/{username}/follow', { path: writer }));
    const before: PostResponse[] = [];
    for (let n = 0; n < 25; n += 1) before.unshift(await post(writer));
    const pages = await collect(reader.client.pages('/timeline', { query: { limit: 4 } }), () =>
      Promise.all([writer, reader].map((who) => post(who, 'meanwhile'))),
    );
    expect(pages.flat()).toEqual(before);
  });

  it('has twenty posts a page unless others are asked for, each as it is elsewhere', async () => {
    const reader = await person(app, 'reader');
    for (let n = 0; n < 21; n += 1) await post(reader, `No. ${n}`);
    const answer = await reader.client.get('/timeline');
    const page = await unwrap(answer);
    expect(page).toHaveLength(20);
    expect(answer.response.headers.get('link')).toMatch(/^<\/api\/v1\/timeline\?cursor=[\w-]+>; rel="next"$/);
    const path = { post_id: page[0]?.id ?? '' };
    expect(page[0]).toEqual(await unwrap(reader.client.get('/posts/{post_id}', { path })));
    const whole = await reader.client.get('/timeline', { query: { limit: 21 } });
    expect([whole.status, whole.response.headers.get('link')]).toEqual([200, null]);
  });

  it('refuses the cursor of somebody else', async () => {
    const [reader, other] = [await person(app, 'reader'), await person(app, 'other')];
    for (let n = 0; n < 2; n += 1) await post(reader);
    const { response } = await reader.client.get('/timeline', { query: { limit: 1 } });
    const [, cursor = ''] = /cursor=([\w-]+)/.exec(response.headers.get('link') ?? '') ?? [];
    expect((await reader.client.get('/timeline', { query: { cursor } })).status).toBe(200);
    expect(await other.client.get('/timeline', { query: { cursor } })).toMatchObject({
      status: 422,
      problem: { errors: [{ pointer: '#/cursor', in: 'query', code: 'invalid_cursor' }] },
    });
  });

  it.each(['limit=0', 'limit=101', 'limit=1e1', 'cursor=x', 'before=1'])('refuses ?%s', async (query) => {
    const { status, body } = await moderator.api.get(`/timeline?${query}`);
    expect([status, body.errors[0].pointer]).toEqual([422, `#/${query.split('=')[0]}`]);
  });
});

let graphs = 0;

/** Each reader follows more of a crowd than the one before; some of the crowd are loud, quiet, muted, or disabled. */
async function growGraph(seed: number, readers: readonly Person[]): Promise<void> {
  const client = await app.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT setseed($1)', [seed]);
    const crowd = `crowd${(graphs += 1)}_`;
    await client.query(
      `INSERT INTO users (email, username, hashed_password, status)
       SELECT $1 || n || '@example.org', $1 || n, 'x', CASE WHEN random() < 0.05 THEN 'disabled' ELSE 'active' END
         FROM generate_series(1, 900) n`,
      [crowd],
    );
    for (const [index, reader] of readers.entries()) {
      const share = [0, 0.02, 0.3, 0.4, 1][index];
      await client.query('DELETE FROM follows WHERE follower_id = $1', [reader.id]);
      await client.query('DELETE FROM mutes WHERE user_id = $1', [reader.id]);
      await client.query(
        `INSERT INTO follows (follower_id, followee_id)
         SELECT $1, id FROM users WHERE starts_with(username, $2) AND random() < $3`,
        [reader.id, crowd, share],
      );
      await client.query(
        `INSERT INTO mutes (user_id, muted_id) SELECT $1, id FROM users WHERE starts_with(username, $2) AND random() < 0.1`,
        [reader.id, crowd],
      );
    }
    await client.query(
      `UPDATE user_stats SET following_count = (SELECT count(*) FROM follows WHERE follower_id = user_id) WHERE user_id = ANY($1)`,
      [readers.map(({ id }) => id)],
    );
    // Few write much, most write little or nothing.
    await client.query(
      `INSERT INTO posts (author_id, text, deleted_at)
       SELECT a.id, 'x', CASE WHEN random() < 0.1 THEN now() END
         FROM (SELECT id, row_number() OVER (ORDER BY random()) AS place FROM users WHERE starts_with(username, $1) OR id = ANY($2)) a,
              LATERAL generate_series(1, (600 / place ^ 1.1)::int) n
        ORDER BY random()`,
      [crowd, readers.map(({ id }) => id)],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

async function naively(reader: Person): Promise<string[]> {
  const { rows } = await app.pool.query<{ id: string }>(
    `SELECT p.id FROM posts p JOIN users u ON u.id = p.author_id
      WHERE p.deleted_at IS NULL AND u.status = 'active'
        AND (p.author_id = $1
             OR p.author_id IN (SELECT followee_id FROM follows WHERE follower_id = $1)
                AND p.author_id NOT IN (SELECT muted_id FROM mutes WHERE user_id = $1))
      ORDER BY p.id DESC`,
    [reader.id],
  );
  return rows.map(({ id }) => id);
}
