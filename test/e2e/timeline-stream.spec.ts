import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';

import pg from 'pg';
import { unwrap } from 'roost-client';
import { DataSource } from 'typeorm';

import { TIMEOUTS } from '../../src/app.js';
import { Revocations } from '../../src/auth/revocations/revocations.js';
import { Cursors } from '../../src/common/pagination.js';
import { CONNECTION_BOUNDS } from '../../src/http/connections/connection.js';
import { EVENT_STREAM_BOUNDS } from '../../src/timeline/stream/event-stream.js';
import { NewPosts } from '../../src/timeline/posts/new-posts.js';
import { readNewPosts, selectMissedPosts, selectPosition } from '../../src/timeline/stream/stream.query.js';
import { HEARTBEAT, STREAM_LIMITS, Streams } from '../../src/timeline/stream/streams.js';
import { TestApp, type TestAppOptions } from '../support/app.js';
import { dropDatabase, emptyDatabase, endPool, execute } from '../support/database.js';
import { claimsOf } from '../support/jwt.js';
import { confirmAddress, login, person, type Person, staff } from '../support/people.js';
import { expectHardened, expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { textOf, watchQueries } from '../support/queries.js';
import { head, request } from '../support/raw.js';
import { Relay } from '../support/relay.js';
import { me } from '../support/sessions.js';
import { type StreamOptions, TestStream } from '../support/stream.js';

let here: TestApp;
let ada: Person;
let bob: Person;
let eve: Person;
const others: TestApp[] = [];
const relays: Relay[] = [];
const streams: TestStream[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  here = await TestApp.start();
});

beforeEach(async () => {
  await here.forget();
  [ada, bob, eve] = [await person(here, 'ada'), await person(here, 'bob'), await person(here, 'eve')];
  await follow(ada, bob);
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const stream of streams.splice(0)) stream.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const relay of relays.splice(0)) await relay.end();
  for (const app of others.splice(0)) await app.stop();
  await eventually(() => openStreams() === 0);
});

afterAll(() => here.stop());

async function start(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await TestApp.start({ sharing: here, ...options });
  others.push(app);
  return app;
}

async function relayed(): Promise<Relay> {
  const relay = await Relay.to(here.databaseUrl);
  relays.push(relay);
  return relay;
}

/** Posts on an instance. */
async function post(author: { id: string }, text: string, app = here): Promise<void> {
  await here.pool.query('INSERT INTO posts (author_id, text) VALUES ($1, $2)', [author.id, text]);
  app.nestApp.get(NewPosts).announce();
}

async function follow({ id }: { id: string }, followee: { id: string }): Promise<void> {
  await here.pool.query('INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2)', [id, followee.id]);
}

async function unfollow({ id }: { id: string }, followee: { id: string }): Promise<void> {
  await here.pool.query('DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2', [id, followee.id]);
}

async function open(viewer: Person, options: StreamOptions & { at?: TestApp } = {}): Promise<TestStream> {
  const stream = await TestStream.open(options.at ?? here, viewer, options);
  streams.push(stream);
  return stream;
}

/** A connection of its own, for a transaction that stays open. */
async function withTransaction(work: (client: pg.Client) => Promise<void>, url = here.databaseUrl): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await work(client);
  } finally {
    await client.end();
  }
}

const insert = async (client: pg.Client | pg.PoolClient, author: Person, text: string): Promise<void> => {
  await client.query('INSERT INTO posts (author_id, text) VALUES ($1, $2)', [author.id, text]);
};

const openStreams = (app = here): number => app.nestApp.get(Streams).open;

/** The lines about streams that were closed, without what changes from run to run. */
const closings = (app = here): { reason: string; posts: number }[] =>
  app.log
    .map((line) => JSON.parse(line) as { event?: string; reason: string; posts: number })
    .filter(({ event }) => event === 'stream_closed')
    .map(({ reason, posts }) => ({ reason, posts }));

it('are read by their transactions, also where one has written most of them', async () => {
  await here.pool.query(`INSERT INTO posts (author_id, text) SELECT $1, 'x' FROM generate_series(1, 30000)`, [bob.id]);
  await here.pool.query('VACUUM ANALYZE posts');
  const { manager } = here.nestApp.get(DataSource);
  const asked = jest.spyOn(manager, 'query');
  const since = { ...(await selectPosition(manager)), open: [{ tx: 5, afterId: '0' }] };
  await readNewPosts(manager, { since, limit: 100 });
  const [text = '', values] = (asked.mock.calls.at(-1) ?? []) as [string?, unknown[]?];
  const { rows } = await here.pool.query<Record<'QUERY PLAN', string>>(`EXPLAIN ${text}`, values);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan.match(/Scan.* using posts_tx_idx/g)).toHaveLength(2);
  expect(plan).not.toMatch(/Filter: .*tx/);
});

it('what was missed is whole or too much, also where what was under way has ended since', async () => {
  const { manager } = here.nestApp.get(DataSource);
  const since = await selectPosition(manager);
  const late = await here.pool.connect();
  try {
    await late.query('BEGIN');
    await late.query('INSERT INTO posts (author_id, text) VALUES ($1, $2)', [bob.id, 'late']);
    for (const text of ['1', '2', '3', '4']) await post(bob, text);
    const until = await selectPosition(manager);
    await late.query('COMMIT');
    const missed = async (scanned: number): Promise<string[] | undefined> =>
      (await selectMissedPosts(manager, { viewerId: ada.id, since, until, scanned, limit: 100 }))?.map(
        ({ text }) => text,
      );
    for (const scanned of [1, 2, 3, 4]) expect([scanned, await missed(scanned)]).toEqual([scanned, undefined]);
    expect(await missed(5)).toEqual(['1', '2', '3', '4']);
  } finally {
    late.release();
  }
});

describe('a stream', () => {
  it('gives the posts of whom one follows and one’s own, as they are given elsewhere, and nobody else’s', async () => {
    const stream = await open(ada);
    await post(eve, 'not for ada');
    await post(bob, 'hello');
    await post(ada, 'my own');
    await stream.until(() => stream.events.length === 2);
    const { rows } = await here.pool.query<{ id: string; created_at: Date }>(
      `SELECT id, created_at FROM posts WHERE text = 'hello'`,
    );
    expect(stream.events.map(({ event, data }) => [event, data])).toEqual([
      [
        'post',
        {
          id: rows[0]?.id,
          author: { id: bob.id, username: bob.username },
          text: 'hello',
          created_at: rows[0]?.created_at.toISOString(),
        },
      ],
      ['post', expect.objectContaining({ author: { id: ada.id, username: ada.username }, text: 'my own' })],
    ]);
  });

  it('says what it is, that it is not to be kept or buffered, and after how long to come back', async () => {
    const { answer, retry } = await open(ada);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    expect(answer.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(answer.headers.get('connection')).toBe('close');
    expectHardened({ status: 200, headers: answer.headers, text: '' });
    expect(retry).toBe('1000');
  });

  it('begins now: what was posted before is on the first page', async () => {
    await post(bob, 'before');
    const stream = await open(ada);
    await post(bob, 'after');
    await stream.until(() => stream.events.length > 0);
    expect(stream.texts).toEqual(['after']);
  });

  it('gives what is posted on another instance, and what nobody announces', async () => {
    const there = await start();
    const stream = await open(ada, { at: there });
    await post(bob, 'here');
    await stream.until(() => stream.texts.includes('here'));
    await here.pool.query('INSERT INTO posts (author_id, text) VALUES ($1, $2)', [bob.id, 'silent']);
    await stream.until(() => stream.texts.includes('silent'));
    expect(stream.texts).toEqual(['here', 'silent']);
  });

  it.each([
    ['few followers', 0],
    ['more followers than there are viewers', 1_000],
  ])('follows what its viewer does, from the next post on: of an author with %s', async (_, followers) => {
    await here.pool.query('UPDATE user_stats SET followers_count = $1 WHERE user_id = $2', [followers, eve.id]);
    const stream = await open(ada);
    const say = async (text: string): Promise<void> => {
      await post(eve, text);
      await post(ada, `after ${text}`);
      await stream.until(() => stream.texts.includes(`after ${text}`));
    };
    await say('unknown');
    await follow(ada, eve);
    await say('followed');
    await here.pool.query('INSERT INTO mutes (user_id, muted_id) VALUES ($1, $2)', [ada.id, eve.id]);
    await say('muted');
    await here.pool.query('DELETE FROM mutes');
    await say('heard again');
    await unfollow(ada, eve);
    await say('unfollowed');
    expect(stream.texts.filter((text) => !text.startsWith('after '))).toEqual(['followed', 'heard again']);
  });

  it('hides at once who is banned, and shows them again', async () => {
    const moderator = await staff(here, 'moderator');
    const stream = await open(ada);
    const path = { user_id: bob.id };
    await unwrap(moderator.client.post('/admin/users/{user_id}/disable', { path, body: { reason: 'spam' } }));
    await post(bob, 'spam');
    await post(ada, 'one');
    await stream.until(() => stream.texts.includes('one'));
    await unwrap(moderator.client.post('/admin/users/{user_id}/enable', { path }));
    await post(bob, 'sorry');
    await stream.until(() => stream.texts.includes('sorry'));
    expect(stream.texts).toEqual(['one', 'sorry']);
  });

  it('leaves out what was deleted before it was read, and goes on', async () => {
    const stream = await open(ada);
    await here.pool.query(
      'INSERT INTO posts (author_id, text, deleted_at, deleted_by) VALUES ($1, $2, now(), $1), ($1, $3, NULL, NULL)',
      [bob.id, 'regretted', 'meant'],
    );
    await stream.until(() => stream.events.length > 0);
    expect(stream.texts).toEqual(['meant']);
  });

  it('keeps every text in its event, whatever is in it', async () => {
    const texts = [
      'two\nlines',
      'three\r\nlines\rin all',
      '\n\nevent: end\ndata: {}\n\n',
      'data: x\nid: 1\nretry: 1',
      '\u2028\u2029\u0085\u000b\u000c',
      ':\n\n',
      '\ufeff👩‍👩‍👧‍👦 \u{1f600}',
      '"}\\',
    ];
    const stream = await open(ada);
    for (const text of texts) await post(bob, text);
    await stream.until(() => stream.texts.length === texts.length);
    expect(stream.texts).toEqual(texts);
    expect(stream.events.every(({ id }) => /^[\w-]+$/.test(id))).toBe(true);
    const later = await open(ada, { lastEventId: stream.events[1]?.id });
    await later.until(() => later.texts.length === texts.length - 2);
    expect(later.texts).toEqual(texts.slice(2));
  });

  it('says now and then that it is there, with an id to resume from', async () => {
    jest.replaceProperty(HEARTBEAT, 'everyMs', 500);
    const stream = await open(ada);
    const first = stream.lastEventId;
    await post(eve, 'time goes on');
    await stream.until(() => stream.comments >= 2 && stream.lastEventId !== first);
    expect(stream.events).toEqual([]);
  });

  it('is open to everybody who is logged in, whatever they accept, and to nobody else', async () => {
    await open(ada, { headers: { accept: 'application/json' } });
    expectProblem(await request(here.url, head('GET /api/v1/timeline/stream')), 401, 'authentication_required');
  });

  it('is not opened by HEAD', async () => {
    const answer = await here.api.as(ada.access_token).send('HEAD', '/timeline/stream');
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(openStreams()).toBe(0);
  });

  it('is told of in the log and in the metrics', async () => {
    const written = async (): Promise<number> =>
      Number(/^timeline_stream_posts_total (\d+)$/m.exec((await here.api.get('/metrics')).text)?.[1]);
    const before = await written();
    const stream = await open(ada);
    await post(bob, 'counted');
    await stream.until(() => stream.events.length === 1);
    expect((await here.api.get('/metrics')).text).toMatch(/^timeline_streams 1$/m);
    stream.close();
    await eventually(() => closings().length === 1);
    expect(closings()).toEqual([{ reason: 'client', posts: 1 }]);
    expect((await here.api.get('/metrics')).text).toMatch(/^timeline_streams 0$/m);
    expect(await written()).toBe(before + 1);
    const { user, session, request_id } = JSON.parse(
      here.log.find((line) => line.includes('stream_closed')) ?? '',
    ) as Record<string, string>;
    expect([user, typeof session]).toEqual([ada.id, 'string']);
    expect(request_id).toBe(stream.answer.headers.get('x-request-id'));
  });
});

describe('the order of commits', () => {
  it('is not that of ids: what commits late is given late, and delays nothing that came after it', async () => {
    const stream = await open(ada);
    await withTransaction(async (slow) => {
      await insert(slow, bob, 'slow');
      await post(bob, 'quick');
      await stream.until(() => stream.events.length === 1);
      await slow.query('COMMIT');
    });
    await post(bob, 'last');
    await stream.until(() => stream.events.length === 3);
    expect(stream.texts).toEqual(['quick', 'slow', 'last']);
  });

  it('is kept by resuming: from each event the rest, whatever was under way', async () => {
    const stream = await open(ada);
    const beginning = stream.lastEventId;
    await withTransaction(async (first) => {
      await withTransaction(async (second) => {
        await insert(first, bob, 'first');
        await insert(second, bob, 'second');
        await post(bob, 'third');
        await stream.until(() => stream.events.length === 1);
        await second.query('COMMIT');
      });
      await stream.until(() => stream.events.length === 2);
      await first.query('COMMIT');
    });
    await stream.until(() => stream.events.length === 3);
    expect(stream.texts).toEqual(['third', 'second', 'first']);
    const resumedTexts = async (lastEventId: string | undefined, count: number): Promise<string[]> => {
      const resumed = await open(ada, { lastEventId });
      await post(bob, 'mark');
      await resumed.until(() => resumed.texts.includes('mark'));
      expect(resumed.of('post')).toHaveLength(count + 1);
      await here.pool.query(`DELETE FROM posts WHERE text = 'mark'`);
      return resumed.texts.slice(0, count).sort();
    };
    expect(await resumedTexts(beginning, 3)).toEqual(['first', 'second', 'third']);
    expect(await resumedTexts(stream.events[0]?.id, 2)).toEqual(['first', 'second']);
    expect(await resumedTexts(stream.events[1]?.id, 1)).toEqual(['first']);
    expect(await resumedTexts(stream.events[2]?.id, 0)).toEqual([]);
  });

  it('knows nothing of what is rolled back', async () => {
    const stream = await open(ada);
    await withTransaction(async (client) => {
      await insert(client, bob, 'never');
      await client.query('ROLLBACK');
    });
    await post(bob, 'kept');
    await stream.until(() => stream.events.length === 1);
    expect(stream.texts).toEqual(['kept']);
  });

  it('does not wait for a transaction elsewhere on the server', async () => {
    const elsewhere = await emptyDatabase();
    try {
      await withTransaction(async (client) => {
        await client.query('SELECT pg_current_xact_id()');
        const stream = await open(ada);
        await post(bob, 'at once');
        await stream.until(() => stream.events.length === 1);
        const resumed = await open(ada, { lastEventId: stream.lastEventId });
        await post(bob, 'again');
        await resumed.until(() => resumed.events.length === 1);
        expect(resumed.texts).toEqual(['again']);
      }, elsewhere);
    } finally {
      await dropDatabase(elsewhere);
    }
  });

  it('is that of ids within one transaction, however many they are, and it is resumed in its midst', async () => {
    const stream = await open(ada);
    await here.pool.query(
      `INSERT INTO posts (author_id, text) SELECT $1, 'n' || n FROM generate_series(1, 250) n ORDER BY n`,
      [bob.id],
    );
    const all = Array.from({ length: 250 }, (_, index) => `n${index + 1}`);
    await stream.until(() => stream.events.length >= all.length);
    expect(stream.texts).toEqual(all);
    for (const read of [1, 99, 100, 101, 249, 250]) {
      const resumed = await open(ada, { lastEventId: stream.events[read - 1]?.id });
      await post(ada, `mark ${read}`);
      await resumed.until(() => resumed.texts.includes(`mark ${read}`));
      expect(resumed.texts.filter((text) => text.startsWith('n'))).toEqual(all.slice(read));
    }
  });

  it('loses and doubles nothing: 200 posts that commit in any order, while readers come and go on two instances', async () => {
    const apps = [here, await start()];
    const pool = new pg.Pool({ connectionString: here.databaseUrl, max: 20 });
    const random = lottery(7);
    const all = Array.from({ length: 200 }, (_, index) => `p${index}`);
    let done = false;
    const read = async (viewer: Person): Promise<string[]> => {
      const texts: string[] = [];
      let lastEventId: string | undefined;
      for (let last = false; !last;) {
        last = done;
        const stream = await TestStream.open(apps[random(2)] ?? here, viewer, { lastEventId });
        const wanted = last ? all.length - texts.length : random(4);
        await stream.until(() => stream.events.length >= wanted);
        stream.close();
        await stream.untilEnded();
        expect(stream.of('post')).toHaveLength(stream.events.length);
        texts.push(...stream.texts);
        lastEventId = stream.lastEventId;
      }
      return texts;
    };
    const first = await open(ada);
    try {
      const readers = [read(ada), read(ada), read(ada)];
      // All have begun before the first post: what is counted is everything.
      await eventually(() => apps.reduce((sum, app) => sum + openStreams(app), 0) >= 4);
      for (let from = 0; from < all.length; from += 20) {
        const writers = await Promise.all(Array.from({ length: 20 }, () => pool.connect()));
        for (const [index, writer] of writers.entries()) {
          await writer.query('BEGIN');
          await insert(writer, bob, all[from + index] ?? '');
        }
        for (const [index, writer] of writers.entries())
          writers.splice(random(index + 1), 0, ...writers.splice(writers.indexOf(writer), 1));
        for (const writer of writers) {
          await writer.query('COMMIT');
          apps[random(2)]?.nestApp.get(NewPosts).announce();
          writer.release();
        }
      }
      done = true;
      for (const texts of await Promise.all(readers)) {
        expect(texts).toHaveLength(all.length);
        expect([...texts].sort()).toEqual([...all].sort());
      }
      await first.until(() => first.events.length === all.length);
      expect([...first.texts].sort()).toEqual([...all].sort());
    } finally {
      done = true;
      await endPool(pool);
    }
  });
});

describe('resuming', () => {
  it('gives first what was posted meanwhile, then what is new, on any instance', async () => {
    const there = await start();
    const stream = await open(ada);
    await post(bob, 'seen');
    await stream.until(() => stream.events.length === 1);
    stream.close();
    await post(bob, 'missed');
    await post(eve, 'not for ada');
    await post(ada, 'her own');
    const resumed = await open(ada, { at: there, lastEventId: stream.lastEventId });
    await post(bob, 'new');
    await resumed.until(() => resumed.events.length === 3);
    expect(resumed.texts).toEqual(['missed', 'her own', 'new']);
    expect(resumed.of('reset')).toEqual([]);
  });

  it('holds, too, for a stream that never said anything', async () => {
    const stream = await open(ada);
    stream.close();
    await post(bob, 'missed');
    const resumed = await open(ada, { lastEventId: stream.lastEventId });
    await resumed.until(() => resumed.events.length === 1);
    expect(resumed.texts).toEqual(['missed']);
  });

  it('knows whom the viewer follows now, and who is hidden', async () => {
    await follow(ada, eve);
    const stream = await open(ada);
    stream.close();
    await post(bob, 'unfollowed');
    await post(eve, 'banned');
    await here.pool.query('INSERT INTO posts (author_id, text, deleted_at) VALUES ($1, $2, now())', [
      ada.id,
      'deleted',
    ]);
    await post(ada, 'shown');
    await unfollow(ada, bob);
    await here.pool.query(`UPDATE users SET status = 'disabled' WHERE id = $1`, [eve.id]);
    const resumed = await open(ada, { lastEventId: stream.lastEventId });
    await resumed.until(() => resumed.events.length > 0);
    expect(resumed.texts).toEqual(['shown']);
  });

  const ids = (): [string, string][] => {
    const cursors = here.nestApp.get(Cursors);
    return [
      ['no id of ours', 'no id of ours'],
      ['empty', ''],
      ['an id of the shape that others use', '123.456'],
      ['an injection', `1'; DROP TABLE posts; --`],
      ['very long', 'A'.repeat(8_000)],
      ['the cursor of a list', cursors.encode('users created_at', ['1.5', 10])],
      ['an id of another server', cursors.encode('timeline stream', ['1763790600.123456', 10])],
      ['bytes', '\u00ff\u00fe'],
    ];
  };

  it('is a reset where the id cannot be read or is of another server; then it goes on with what is new', async () => {
    for (const [title, lastEventId] of ids()) {
      const stream = await open(ada, { lastEventId });
      expect([title, stream.events.map(({ event, data }) => [event, data])]).toEqual([title, [['reset', {}]]]);
      await post(bob, title);
      await stream.until(() => stream.events.length === 2);
      expect(stream.texts).toEqual([title]);
      const resumed = await open(ada, { lastEventId: stream.events[0]?.id });
      await resumed.until(() => resumed.events.length === 1);
      expect(resumed.texts).toEqual([title]);
    }
  });

  it.each([
    ['more than 500 posts for the viewer', 600, 'x'],
    ['more than half a megabyte', 100, 'x'.repeat(8_000)],
  ])('is a reset where too much was missed: %s', async (_, count, text) => {
    const stream = await open(ada);
    stream.close();
    await here.pool.query('INSERT INTO posts (author_id, text) SELECT $1, $2 FROM generate_series(1, $3)', [
      bob.id,
      text,
      count,
    ]);
    const resumed = await open(ada, { lastEventId: stream.lastEventId });
    expect(resumed.events.map(({ event }) => event)).toEqual(['reset']);
  });

  it('is a reset when more than 10,000 posts of anybody came between, and not for fewer', async () => {
    const stream = await open(ada);
    stream.close();
    const flood = (count: number): Promise<unknown> =>
      here.pool.query(`INSERT INTO posts (author_id, text) SELECT $1, 'x' FROM generate_series(1, $2)`, [
        eve.id,
        count,
      ]);
    await flood(9_990);
    await post(bob, 'found');
    const resumed = await open(ada, { lastEventId: stream.lastEventId });
    expect(resumed.texts).toEqual(['found']);
    await flood(10);
    const late = await open(ada, { lastEventId: stream.lastEventId });
    expect(late.events.map(({ event }) => event)).toEqual(['reset']);
  });
});

describe('a stream ends', () => {
  it.each([
    ['a logout', 'token_revoked', () => ada.client.logout()],
    ['a logout of all', 'token_revoked', () => ada.client.logout('global')],
    [
      'a ban',
      'token_revoked',
      async () => {
        const { client } = await staff(here, 'moderator');
        const ban = { path: { user_id: ada.id }, body: { reason: 'spam' } };
        return client.post('/admin/users/{user_id}/disable', ban);
      },
    ],
    [
      'a change of role',
      'token_stale',
      async () => {
        const { client } = await staff(here, 'admin');
        await confirmAddress(here, ada.email);
        const promotion = { path: { user_id: ada.id }, body: { role: 'moderator' as const } };
        return client.patch('/admin/users/{user_id}', promotion);
      },
    ],
  ])('by %s, on every instance, and gives nothing from then on', async (_, code, end) => {
    const there = await start();
    const [own, remote, else_] = [await open(ada), await open(ada, { at: there }), await open(bob, { at: there })];
    expect((await end()).status).toBeLessThan(300);
    // On the instance that acts, before it answers.
    expect(openStreams()).toBe(0);
    await remote.untilEnded();
    await own.untilEnded();
    await post(bob, 'too late');
    await else_.until(() => else_.events.length === 1);
    for (const stream of [own, remote]) {
      expect(stream.events.map(({ event }) => event)).toEqual(['end']);
      expect(stream.events[0]?.data).toEqual({ code, detail: expect.any(String) });
    }
    expect(closings(there)).toEqual([{ reason: code, posts: 0 }]);
    expect(else_.ended).toBe(false);
  });

  it('not by the end of another session', async () => {
    const stream = await open(ada);
    const phone = await login(here, ada.email);
    await unwrap(phone.client.logout());
    await post(bob, 'still here');
    await stream.until(() => stream.events.length === 1);
  });

  it('when its token expires, by the injected clock and without leeway', async () => {
    const stream = await open(ada);
    here.clock.advance('24h');
    await stream.untilEnded();
    expect(stream.endCode).toBe('token_expired');
    expect((await me(here, ada.access_token)).status).toBe(200);
    const answer = await ada.api.get('/timeline/stream');
    expectProblem(answer, 401, 'token_expired');
  });

  it('when its client hangs up, ends its half of the connection, or is cut off', async () => {
    const stream = await open(ada);
    const [half, cut] = [await rawStream(ada), await rawStream(ada)];
    expect(openStreams()).toBe(3);
    stream.close();
    half.end();
    cut.resetAndDestroy();
    await eventually(() => openStreams() === 0);
    expect(closings().map(({ reason }) => reason)).toEqual(['client', 'client', 'client']);
  });

  it('when its connection closes, though another waits there behind it', async () => {
    const socket = rawSocket();
    const line = streamRequest(ada).replace('Connection: close\r\n', '');
    socket.write(line + line);
    await eventually(() => openStreams() === 1);
    socket.destroy();
    await eventually(() => openStreams() === 0);
  });

  it.each(['is cut off', 'hangs up', 'ends its half'])(
    'before it begins, when its client %s while its token is judged',
    async (how) => {
      const there = await start();
      const accepted = once(there.nestApp.getHttpServer() as Server, 'connection') as Promise<[Socket]>;
      let proceed = (): void => undefined;
      const held = new Promise<void>((resolve) => (proceed = resolve));
      const checks = jest.spyOn(Revocations.prototype, 'check').mockImplementationOnce(() => held);
      const starts = jest.spyOn(Streams.prototype, 'start');
      const socket = rawSocket(there);
      socket.write(streamRequest(ada));
      const [serverSide] = await accepted;
      await eventually(() => checks.mock.calls.length === 1);
      if (how === 'is cut off') socket.resetAndDestroy();
      else if (how === 'hangs up') socket.destroy();
      else socket.end();
      await eventually(() => serverSide.destroyed || serverSide.readableEnded);
      proceed();
      await eventually(() => starts.mock.results.length === 1);
      await starts.mock.results[0]?.value;
      expect(openStreams(there)).toBe(0);
    },
  );

  it('when its client does not read, and then is resumed', async () => {
    jest.replaceProperty(EVENT_STREAM_BOUNDS, 'unread', 900_000);
    const stream = await open(ada);
    const sleeper = await rawStream(ada);
    sleeper.pause();
    await flood(2_000);
    await eventually(() => closings().length === 1);
    expect(closings()[0]?.reason).toBe('slow');
    await stream.until(() => stream.events.length === 2_000);
    expect(openStreams()).toBe(1);
  });

  it('when all unread answers together are too much, for a client that does not read', async () => {
    jest.replaceProperty(EVENT_STREAM_BOUNDS, 'unread', Infinity);
    jest.replaceProperty(CONNECTION_BOUNDS, 'stalledMs', 86_400_000);
    jest.replaceProperty(CONNECTION_BOUNDS, 'heldBytes', 3_000_000);
    const stream = await open(ada);
    const sleeper = await rawStream(ada);
    sleeper.pause();
    await flood(3_000);
    await stream.until(() => stream.events.length === 3_000);
    await here.api.get('/health/live');
    await eventually(() => openStreams() === 1);
    expect(here.log.join('')).toContain('"reason":"not_read"');
    await post(bob, 'last');
    await stream.until(() => stream.texts.at(-1) === 'last');
  });

  it('with the instance, also when a client has only connected', async () => {
    const there = await start();
    const idle = rawSocket(there);
    await once(idle, 'connect');
    const stream = await open(ada, { at: there });
    others.splice(others.indexOf(there), 1);
    await there.stop();
    await stream.untilEnded();
  });

  it('when the instance stops, with a word to whoever reads, and without waiting for whoever does not', async () => {
    jest.replaceProperty(EVENT_STREAM_BOUNDS, 'unread', Infinity);
    const there = await start();
    const stream = await open(ada, { at: there });
    const sleeper = await rawStream(ada, there);
    sleeper.pause();
    await flood(2_000);
    await stream.until(() => stream.events.length === 2_000);
    others.splice(others.indexOf(there), 1);
    await there.stop();
    await stream.untilEnded();
    expect(stream.endCode).toBe('draining');
    const resumed = await open(ada, { lastEventId: stream.lastEventId });
    expect(resumed.events).toEqual([]);
  });

  /** More than the kernel keeps for a client that does not read. */
  const flood = async (count: number): Promise<void> => {
    await here.pool.query(
      `INSERT INTO posts (author_id, text) SELECT $1, repeat('x', 8000) FROM generate_series(1, $2)`,
      [bob.id, count],
    );
  };
});

describe('streams are bounded', () => {
  it('to five a person: one more takes the place of the oldest [V2.3.2]', async () => {
    const own: TestStream[] = [];
    for (let count = 0; count < 6; count += 1) own.push(await open(ada));
    await open(bob);
    await own[0]?.untilEnded();
    expect(own.map(({ endCode }) => endCode)).toEqual(['too_many_streams', ...Array(5).fill(undefined)]);
    expect(openStreams()).toBe(6);
  });

  it('to so many an instance: one more is refused, and its place is free when another ends', async () => {
    jest.replaceProperty(STREAM_LIMITS, 'perInstance', 2);
    const [first] = [await open(ada), await open(ada)];
    const refused = await bob.api.get('/timeline/stream');
    expectProblem(refused, 503, 'overloaded');
    expect(refused.headers.get('retry-after')).toBe('5');
    first.close();
    await eventually(() => openStreams() === 1);
    await open(bob);
    expect(openStreams()).toBe(2);
  });

  it('and counted exactly, also when opening and closing race', async () => {
    jest.replaceProperty(STREAM_LIMITS, 'perUser', 3);
    const random = lottery(3);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const abort = new AbortController();
          const answer = fetch(`${here.url}/api/v1/timeline/stream`, {
            headers: { authorization: `Bearer ${(index % 2 ? ada : bob).access_token}` },
            signal: abort.signal,
          });
          if (random(2) === 0) abort.abort();
          const { body } = await answer.catch(() => ({ body: null }));
          await body?.cancel();
        }),
      );
    }
    await eventually(() => openStreams() === 0);
    const stream = await open(ada);
    await post(bob, 'goes on');
    await stream.until(() => stream.events.length === 1);
    expect(openStreams()).toBe(1);
  });

  it('in what they ask: one query a batch for all of them, and nothing while there are none', async () => {
    const own = await Promise.all([ada, ada, ada, bob, bob, eve].map((viewer) => open(viewer)));
    const { statements } = await watchQueries(async () => {
      await post(bob, 'for five');
      await Promise.all(own.slice(0, 5).map((stream) => stream.until(() => stream.events.length === 1)));
    });
    expect(statements.filter((text) => text.includes('follows f'))).toHaveLength(1);
    for (const stream of own) stream.close();
    await eventually(() => openStreams() === 0);
    const queries = jest.spyOn(pg.Client.prototype, 'query');
    const asked = (pattern: RegExp): number =>
      queries.mock.calls.filter(([query]) => pattern.test(textOf(query))).length;
    await eventually(() => asked(/revocations/) >= 2);
    queries.mockClear();
    await eventually(() => asked(/revocations/) >= 2);
    expect(asked(/posts/)).toBe(0);
  });
});

describe('streams cost by those whom an event concerns', () => {
  it('viewers are named to the database only for an author with more followers than there are viewers', async () => {
    const both = [await open(ada), await open(eve)];
    await follow(eve, bob);
    const bobHas = (followers: number): Promise<unknown> =>
      here.pool.query('UPDATE user_stats SET followers_count = $1 WHERE user_id = $2', [followers, bob.id]);
    const askedFor = async (text: string): Promise<string[]> => {
      const { statements } = await watchQueries(async () => {
        await post(bob, text);
        await Promise.all(both.map((stream) => stream.until(() => stream.texts.includes(text))));
      });
      return statements.filter((statement) => statement.includes('follows f'));
    };
    await bobHas(2);
    expect(await askedFor('to a few')).toEqual([expect.not.stringContaining('unnest')]);
    await bobHas(3);
    expect(await askedFor('to many')).toEqual([expect.stringContaining('unnest')]);
  });

  it('an ended session, or person, is looked up: nobody else is judged', async () => {
    const [phone] = [await login(here, ada.email), await open(ada), await open(bob), await open(bob), await open(eve)];
    const revocations = here.nestApp.get(Revocations);
    const judged = jest.spyOn(revocations, 'whyEnded');
    revocations.endSession(claimsOf(phone.access_token).sid as string);
    expect(judged).not.toHaveBeenCalled();
    revocations.endEpochsBelow(bob.id, 0);
    expect(judged.mock.calls.map(([{ userId }]) => userId)).toEqual([bob.id, bob.id]);
    expect(openStreams()).toBe(4);
  });
});

describe('a stream lasts', () => {
  it('longer than any request may take', async () => {
    Object.entries({ headers: 300, request: 400, handler: 1_500, check: 20 }).forEach(([name, ms]) =>
      jest.replaceProperty(TIMEOUTS, name as keyof typeof TIMEOUTS, ms),
    );
    jest.replaceProperty(HEARTBEAT, 'everyMs', 500);
    const there = await start();
    const stream = await open(ada, { at: there });
    await stream.until(() => stream.comments >= 4);
    await post(bob, 'still here');
    await stream.until(() => stream.events.length === 1);
  });

  it('over HTTP/1.0, too', async () => {
    const socket = rawSocket();
    let answer = '';
    socket.on('data', (bytes) => (answer += bytes.toString()));
    socket.write(streamRequest(ada).replace('HTTP/1.1', 'HTTP/1.0'));
    await eventually(() => /^id: \S+$/m.test(answer));
    await post(bob, 'old');
    await eventually(() => answer.includes('"text":"old"'));
    expect(answer).not.toMatch(/transfer-encoding/i);
  });
});

describe('announcing', () => {
  it('is at once, then once for all that came within 50 ms', async () => {
    const ear = new pg.Client({ connectionString: here.databaseUrl });
    let heard = 0;
    ear.on('notification', ({ channel }) => {
      if (channel === 'posts') heard += 1;
    });
    await ear.connect();
    try {
      await ear.query('LISTEN posts');
      const news = here.nestApp.get(NewPosts);
      for (let count = 0; count < 100; count += 1) news.announce();
      await eventually(() => heard === 2);
      await post(bob, 'another');
      await eventually(() => heard === 3);
    } finally {
      await ear.end();
    }
  });

  it('never fails', async () => {
    const wire = await relayed();
    const there = await start({ through: wire });
    await wire.cut();
    there.nestApp.get(NewPosts).announce();
    await wire.restore();
    const stream = await open(ada);
    await post(bob, 'heard', there);
    await stream.until(() => stream.events.length === 1);
  });
});

describe('when the database is lost', () => {
  let wire: Relay;
  let there: TestApp;

  beforeEach(async () => {
    wire = await relayed();
  });

  it('a stream stays open, and goes on without a gap when it is back', async () => {
    jest.replaceProperty(HEARTBEAT, 'everyMs', 500);
    there = await start({ through: wire });
    const stream = await open(ada, { at: there });
    await post(bob, 'before');
    await stream.until(() => stream.events.length === 1);
    await wire.cut();
    await eventually(() => there.events.includes('stream_unread'));
    const { comments } = stream;
    await stream.until(() => stream.comments >= comments + 2);
    await post(bob, 'meanwhile');
    await wire.restore();
    await post(bob, 'after');
    await stream.until(() => stream.events.length === 3);
    expect(stream.texts).toEqual(['before', 'meanwhile', 'after']);
    expect(there.events.filter((event) => event.startsWith('stream_'))).toEqual(['stream_unread', 'stream_read']);
  });

  it('none is opened: 503', async () => {
    there = await start({ through: wire });
    await wire.cut();
    const answer = await there.api.as(ada.access_token).get('/timeline/stream');
    expectProblem(answer, 503, 'database_unavailable');
    expect(openStreams(there)).toBe(0);
  });

  it('and another one answers in its place: all begin anew', async () => {
    there = await start({ through: wire });
    const stream = await open(ada, { at: there });
    await post(bob, 'before');
    await stream.until(() => stream.events.length === 1);
    await wire.cut();
    await post(bob, 'lost');
    // A server that started at another time, for the connections made from now on.
    const { pathname } = new URL(here.databaseUrl);
    await execute(
      here.databaseUrl,
      `CREATE FUNCTION pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''2020-01-01''';
       ALTER DATABASE ${pathname.slice(1)} SET search_path = public, pg_catalog`,
    );
    await wire.restore();
    await stream.until(() => stream.events.length === 2);
    await post(bob, 'after');
    await stream.until(() => stream.events.length === 3);
    expect(stream.events.map(({ event }) => event)).toEqual(['post', 'reset', 'post']);
    expect(stream.texts).toEqual(['before', 'after']);
  });

  it('for notifications only, new posts are looked for every second', async () => {
    there = await start({ env: { DATABASE_DIRECT_URL: wire.url } });
    const stream = await open(ada, { at: there });
    await wire.cut();
    await post(bob, 'found');
    await stream.until(() => stream.events.length === 1);
    await wire.restore();
    await eventually(() => there.events.includes('listener_connected'));
    await post(bob, 'heard');
    await stream.until(() => stream.events.length === 2);
  });

  it('for what has ended only, nothing is given out, and all of it once that is known again', async () => {
    there = await start();
    const [stream, other] = [await open(ada, { at: there }), await open(bob, { at: there })];
    await withTransaction(async (holder) => {
      await holder.query('LOCK TABLE revocations IN ACCESS EXCLUSIVE MODE');
      await eventually(() => !there.nestApp.get(Revocations).isCurrent);
      await holder.query('INSERT INTO revocations (session_id) SELECT id FROM sessions WHERE user_id = $1', [ada.id]);
      const queries = jest.spyOn(pg.Client.prototype, 'query');
      await post(bob, 'for whom it may concern', there);
      const asked = (): number => queries.mock.calls.filter(([query]) => textOf(query).includes('follows f')).length;
      await eventually(() => asked() >= 2);
      expect([stream.events, other.events]).toEqual([[], []]);
      await holder.query('COMMIT');
    });
    await other.until(() => other.events.length === 1);
    await stream.untilEnded();
    expect(stream.events.map(({ event }) => event)).toEqual(['end']);
    expect(other.texts).toEqual(['for whom it may concern']);
  });
});

function rawSocket(app = here): Socket {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

function streamRequest({ access_token }: Person): string {
  return head('GET /api/v1/timeline/stream', `Authorization: Bearer ${access_token}`);
}

/** Resolves when the stream has begun. */
async function rawStream(viewer: Person, app = here): Promise<Socket> {
  const socket = rawSocket(app);
  socket.write(streamRequest(viewer));
  await once(socket, 'data');
  return socket;
}

/** The same numbers below a limit in every run. */
function lottery(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
}
