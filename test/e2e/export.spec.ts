/** Everything of a person in one document, however much it is, and never half of it that looks whole. */
import { Agent, get, type IncomingMessage } from 'node:http';

import pg from 'pg';
import { type PostResponse, unwrap } from 'roost-client';

import { TIMEOUTS } from '../../src/app.js';
import { CONNECTION_BOUNDS } from '../../src/http/connections/connection.js';
import { Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited } from '../support/audit.js';
import { clientOf } from '../support/client.js';
import { cloneTemplate, dropDatabase, endPool } from '../support/database.js';
import { login, PASSWORD, person, type Person } from '../support/people.js';
import { eventually, RoostFolder } from '../support/process.js';
import { watchQueries } from '../support/queries.js';
import { expectRefused } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

const PATH = '/users/me/export';
/** Reads events of the audit, of which a test can make as many as it likes. */
const BATCH = /\bFROM audit_events\b/;
/** The first lists, in their order. */
const LISTS = ['sessions', 'tasks', 'posts', 'following', 'followers', 'mutes', 'blocks', 'audit'];

interface Line {
  readonly event?: string;
  readonly user?: string;
  readonly end?: string;
  readonly rows?: number;
}

const TIME = expect.stringMatching(/^20.*Z$/) as string;

/** A kilobyte each. */
async function addEvents(pool: pg.Pool, { id }: { id: string }, count: number): Promise<void> {
  await pool.query(
    `INSERT INTO audit_events (action, actor_id, subject_id, user_agent, at)
     SELECT 'user.renamed', $1, $1, 'event ' || n || repeat('é', 500), now() + n % 7 * interval '1 ms'
       FROM generate_series(1, $2::int) n`,
    [id, count],
  );
}

/** An answer whose body is not read until somebody does. */
function open(url: string, accessToken: string, agent: Agent | false = false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    get(`${url}/api/v1${PATH}`, { headers, agent }, resolve).on('error', reject);
  });
}

/** @returns whether it came to its end */
async function read(answer: IncomingMessage, onChunk: (chunk: Buffer) => void = () => undefined): Promise<boolean> {
  try {
    for await (const chunk of answer) onChunk(chunk as Buffer);
    return true;
  } catch {
    return false;
  }
}

describe('an export', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  const exported = ({ client }: Person) => client.get(PATH);

  const endsOf = ({ id }: Person): Line[] =>
    app.log
      .map((line) => JSON.parse(line) as Line)
      .filter(({ event, user }) => event === 'export_ended' && user === id);

  it('is all that the person sees elsewhere, as a file', async () => {
    const phone = await login(app, ada.email);
    await unwrap(phone.client.logout());
    await unwrap(ada.client.patch('/users/me', { body: { bio: '"x"\n', display_name: 'Ada 😀' } }));

    const answer = await exported(ada);
    const body = await unwrap(answer);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="roost-export.json"',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(Object.keys(body).slice(0, LISTS.length + 2)).toEqual(['exported_at', 'profile', ...LISTS]);
    expect(body.profile).toEqual(await unwrap(ada.client.get('/users/me')));
    expect(body.audit).toEqual(await unwrap(ada.client.get('/users/me/activity')));
    const [live] = await unwrap(ada.client.get('/auth/sessions'));
    expect(body.sessions).toHaveLength(2);
    expect(body.sessions).toContainEqual({ ...live, ended_at: null });
    expect(body.sessions).toContainEqual(
      expect.objectContaining({ current: false, ended_at: expect.stringMatching(/^20.*Z$/) }),
    );
    expect(JSON.stringify(body)).not.toMatch(/hash|salt|epoch|\$2[aby]\$/);
    expect(endsOf(ada)).toEqual([expect.objectContaining({ end: 'whole', rows: 2 + body.audit.length })]);
  });

  it('has the tasks of the person, and no others', async () => {
    const bob = await person(app, 'bob');
    for (const title of ['one', '"two"\n', 'three 😀']) await unwrap(ada.client.post('/tasks', { body: { title } }));
    await unwrap(bob.client.post('/tasks', { body: { title: 'of Bob' } }));
    const { tasks } = await unwrap(exported(ada));
    expect(tasks.map(({ title }) => title)).toEqual(['one', '"two"\n', 'three 😀']);
    expect(tasks).toEqual(await unwrap(ada.client.get('/tasks', { query: { sort: 'created_at' } })));
  });

  it('has posts, also deleted ones, and the people around, also those who cannot be seen now', async () => {
    const [bob, carol, dave] = [await person(app, 'bob'), await person(app, 'carol'), await person(app, 'dave')];
    const post = ({ client }: Person, text: string): Promise<PostResponse> =>
      unwrap(client.post('/posts', { body: { text } }));
    const [kept, deleted] = [await post(ada, 'kept'), await post(ada, 'deleted')];
    await post(bob, 'of Bob');
    await unwrap(ada.client.delete('/posts/{post_id}', { path: { post_id: deleted.id } }));
    await unwrap(ada.client.put('/users/{username}/follow', { path: bob }));
    await unwrap(carol.client.put('/users/{username}/follow', { path: ada }));
    await unwrap(ada.client.put('/users/{username}/mute', { path: carol }));
    await unwrap(ada.client.put('/users/{username}/block', { path: dave }));
    await app.pool.query(`UPDATE users SET status = 'disabled' WHERE id = ANY($1)`, [[bob.id, carol.id, dave.id]]);
    const body = await unwrap(exported(ada));
    expect(body.posts).toEqual([
      { id: kept.id, text: 'kept', created_at: TIME, deleted_at: null },
      { id: deleted.id, text: 'deleted', created_at: TIME, deleted_at: TIME },
    ]);
    const entry = ({ id, username }: Person): object => ({ id, username, since: TIME });
    expect([body.following, body.followers, body.mutes, body.blocks]).toEqual([
      [entry(bob)],
      [entry(carol)],
      [entry(carol)],
      [entry(dave)],
    ]);
    expect(JSON.stringify(body)).not.toContain('of Bob');
  });

  it.each([500, 501, 1_200])('holds each of %d posts and of as many followers once', async (count) => {
    const tag = `fan${count}_`;
    await app.pool.query(
      `INSERT INTO posts (author_id, text) SELECT $1, 'No. ' || n FROM generate_series(1, $2::int) n`,
      [ada.id, count],
    );
    await app.pool.query(
      `INSERT INTO users (email, username, hashed_password)
       SELECT $1 || n || '@example.org', $1 || n, 'x' FROM generate_series(1, $2::int) n`,
      [tag, count],
    );
    await app.pool.query(
      `INSERT INTO follows (follower_id, followee_id) SELECT id, $1 FROM users WHERE starts_with(username, $2)`,
      [ada.id, tag],
    );
    const { posts, followers } = await unwrap(exported(ada));
    for (const ids of [posts.map(({ id }) => id), followers.map(({ id }) => id)])
      expect([ids.length, new Set(ids).size]).toEqual([count, count]);
  });

  it('is in the audit, with who read it', async () => {
    const rows = await audited(app, () => unwrap(exported(ada)));
    expect(rows.map(({ action, actor_id, subject_id }) => [action, actor_id, subject_id])).toEqual([
      ['user.exported', ada.id, ada.id],
    ]);
  });

  it.each([0, 1, 499, 500, 501, 1_000, soaked(20_000, 5_000)])(
    'holds each of %d events once, and parses',
    async (count) => {
      await addEvents(app.pool, ada, count);
      const numbers = (await unwrap(exported(ada))).audit.flatMap(
        ({ user_agent: text }) => /^event (\d+)/.exec(text ?? '')?.[1] ?? [],
      );
      expect(numbers).toHaveLength(count);
      expect(new Set(numbers)).toEqual(new Set(Array.from({ length: count }, (_, index) => String(index + 1))));
    },
  );

  it('is for nobody who is not logged in, and HEAD reads nothing', async () => {
    expectRefused(await app.client.get(PATH), 'authentication_required');
    await addEvents(app.pool, ada, 10);
    const headers = { authorization: `Bearer ${ada.access_token}` };
    const { result, statements } = await watchQueries(() =>
      fetch(`${app.url}/api/v1${PATH}`, { method: 'HEAD', headers }),
    );
    expect([result.status, await result.text()]).toEqual([200, '']);
    expect(statements.filter((text) => BATCH.test(text))).toEqual([]);
  });

  it('is given ten times an hour, to each person [V2.3.2]', async () => {
    const limited = await TestApp.start({ sharing: app, env: { RATE_LIMIT: 'on' } });
    try {
      const client = clientOf(limited, ada);
      for (let time = 0; time < 10; time += 1) expect((await client.get(PATH)).status).toBe(200);
      const refused = await client.get(PATH);
      expectRefused(refused, 'rate_limited', 429);
      expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(3_500);
      const bob = await person(app, 'bob');
      expect((await clientOf(limited, bob).get(PATH)).status).toBe(200);
      expect((await client.get('/users/me')).status).toBe(200);
    } finally {
      await limited.stop();
    }
  });

  it('is refused with 503 when the database is away at its beginning', async () => {
    await app.pool.query('ALTER TABLE users RENAME TO users_away');
    await app.pool
      .query(`CREATE FUNCTION away() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'full' USING ERRCODE = 'disk_full'; END $$;
      CREATE VIEW users AS SELECT * FROM users_away WHERE away()`);
    try {
      expectRefused(await exported(ada), 'database_unavailable', 503);
    } finally {
      await app.pool.query('DROP FUNCTION away CASCADE; ALTER TABLE users_away RENAME TO users');
    }
  });

  it('that fails on its way is left unfinished, the connection cut, and tells nothing of why [V16.5.1]', async () => {
    await app.pool.query('ALTER TABLE passkeys RENAME TO passkeys_away');
    let text = '';
    try {
      const whole = await read(await open(app.url, ada.access_token), (chunk) => {
        text += chunk.toString();
      });
      expect(whole).toBe(false);
    } finally {
      await app.pool.query('ALTER TABLE passkeys_away RENAME TO passkeys');
    }
    expect(text).toContain(ada.email);
    expect(text).not.toMatch(/relation|passkeys_away|SELECT|error/i);
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(endsOf(ada)).toEqual([expect.objectContaining({ end: 'broken' })]);
    expect(app.events).toContain('export_broken');
    expect((await exported(ada)).status).toBe(200);
  });

  it('ends with the session that asked for it', async () => {
    await addEvents(app.pool, ada, 10_000);
    const answer = await open(app.url, ada.access_token);
    await unwrap(ada.client.logout());
    expect(await read(answer)).toBe(false);
    expect(endsOf(ada)).toEqual([expect.objectContaining({ end: 'broken' })]);
  });

  it('reads no more of the database than its reader takes, and nothing when the reader goes', async () => {
    await addEvents(app.pool, ada, 20_000);
    const { statements } = await watchQueries(async () => {
      const answer = await open(app.url, ada.access_token);
      // Time enough to read all of it, in requests that do as much.
      for (let page = 0; page < 40; page += 1) await ada.client.get('/users/me/activity', { query: { limit: 100 } });
      answer.destroy();
      await eventually(() => endsOf(ada).length === 1);
    });
    expect(endsOf(ada)).toEqual([expect.objectContaining({ end: 'left' })]);
    const batches = statements.filter((text) => BATCH.test(text)).length - 40;
    expect(batches).toBeGreaterThan(0);
    expect(batches).toBeLessThan(30);
  });
});

describe('a slow reader', () => {
  /** With the usual limits: the person is made there. */
  let usual: TestApp;
  let app: TestApp | undefined;
  let ada: Person;

  const start = async (limit: 'handler' | 'stream', ms: number): Promise<TestApp> => {
    const replaced = jest.replaceProperty(TIMEOUTS, limit, ms);
    app = await TestApp.start({ sharing: usual });
    replaced.restore();
    ada = await person(usual, 'ada');
    await addEvents(app.pool, ada, 10_000);
    return app;
  };

  beforeEach(async () => {
    usual = await TestApp.start();
  });

  afterEach(async () => {
    await app?.stop();
    app = undefined;
    await usual.stop();
  });

  it('has longer than other requests have', async () => {
    const { url } = await start('handler', 2_000);
    const answer = await open(url, ada.access_token);
    const until = performance.now() + 2_500;
    await eventually(() => performance.now() > until);
    const chunks: Buffer[] = [];
    expect(await read(answer, (chunk) => chunks.push(chunk))).toBe(true);
    expect((JSON.parse(Buffer.concat(chunks).toString()) as { audit: [] }).audit.length).toBeGreaterThan(10_000);
  });

  it('has not for ever: then the document is left unfinished', async () => {
    const limited = await start('stream', 400);
    const answer = await open(limited.url, ada.access_token);
    await eventually(() => limited.events.includes('export_ended'));
    expect(await read(answer)).toBe(false);
    expect(TIMEOUTS.stream).toBe(15 * 60_000);
  });

  it('does not keep Roost from stopping', async () => {
    const stopping = await TestApp.start({ env: { SHUTDOWN_TIMEOUT: '1s' } });
    const bob = await person(stopping, 'bob');
    await addEvents(stopping.pool, bob, 10_000);
    const answer = await open(stopping.url, bob.access_token);
    await stopping.stop();
    expect(await read(answer)).toBe(false);
  });

  it('does not keep Roost from stopping either when it reads all of it, and keeps its connection', async () => {
    const replaced = [
      jest.replaceProperty(CONNECTION_BOUNDS.stopping, 'unfinishedMs', 1),
      jest.replaceProperty(CONNECTION_BOUNDS.stopping, 'stalledMs', Infinity),
      jest.replaceProperty(CONNECTION_BOUNDS, 'idleMs', Infinity),
    ];
    const stopping = await TestApp.start();
    stopping.nestApp.getHttpServer().keepAliveTimeout = 0;
    const bob = await person(stopping, 'bob');
    await addEvents(stopping.pool, bob, 10_000);
    const agent = new Agent({ keepAlive: true });
    const answer = await open(stopping.url, bob.access_token, agent);
    const stopped = stopping.stop();
    await eventually(() => !stopping.nestApp.getHttpServer().listening);
    const since = performance.now();
    await eventually(() => performance.now() > since + 10);
    await read(answer);
    await stopped;
    agent.destroy();
    for (const each of replaced) each.restore();
    expect(stopping.events).toContain('export_ended');
  });
});

describe('the memory of an export', () => {
  it('is bounded: a process with a heap of 80 MB exports more than it has room for', async () => {
    const folder = new RoostFolder();
    const url = await cloneTemplate();
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    try {
      const roost = folder.start({ DATABASE_URL: url, RATE_LIMIT: 'off', NODE_OPTIONS: '--max-old-space-size=80' });
      const address = await roost.ready();
      const api = new Api(address);
      const account = { email: 'ada@example.org', password: PASSWORD };
      await api.post('/auth/register', account);
      const { access_token } = (await api.post('/auth/login', account)).body as { access_token: string };
      const { id } = (await api.as(access_token).get('/users/me')).body as { id: string };
      const resident = async (): Promise<number> =>
        Number(/^process_resident_memory_bytes (\S+)/m.exec((await api.get('/metrics')).text)?.[1]);
      const exported = async (): Promise<{ bytes: number; most: number }> => {
        const answer = await open(address, access_token);
        let [bytes, next, most] = [0, 0, 0];
        for await (const chunk of answer) {
          bytes += (chunk as Buffer).length;
          if (bytes < next) continue;
          next = bytes + 5_000_000;
          most = Math.max(most, await resident());
        }
        return { bytes, most };
      };
      await addEvents(pool, { id }, soaked(15_000, 3_000));
      const small = await exported();
      await addEvents(pool, { id }, soaked(80_000, 50_000));
      const large = await exported();
      expect(large.bytes).toBeGreaterThan(soaked(100_000_000, 60_000_000));
      expect(large.most - small.most).toBeLessThan((3 * (large.bytes - small.bytes)) / 4);
    } finally {
      await endPool(pool);
      await folder.remove();
      await dropDatabase(url);
    }
  });
});
