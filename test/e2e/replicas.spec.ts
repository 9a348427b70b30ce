/** Lists are read from replicas, and everybody sees what they wrote themselves at once. */
import { randomUUID } from 'node:crypto';

import pg from 'pg';

import type { Caller } from '../../src/common/access.js';
import { Activity } from '../../src/common/schedule.js';
import { ReadPool, REPLICA_PATIENCE, REPLICAS } from '../../src/database/replicas/replica.js';
import { Reads } from '../../src/database/replicas/reads.js';
import { WRITES } from '../../src/database/replicas/writes.js';
import { rows, sql } from '../../src/database/sql.js';
import { type Answer, Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { claimsOf } from '../support/jwt.js';
import { walk } from '../support/pages.js';
import { execute } from '../support/database.js';
import { person, type Person, staff, stepUp } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { soaked } from '../support/soak.js';
import { eventually, RoostFolder } from '../support/process.js';
import { textOf } from '../support/queries.js';
import { Relay } from '../support/relay.js';
import { Replicated, type Standby } from '../support/replicated.js';

const EVERY_MS = 20;
/** Longer than a test that pauses a replica. */
const FOREVER_MS = 600_000;

let servers: Replicated;
let app: TestApp;
let ada: Person;
let bob: Person;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  servers = await Replicated.start(2);
});

afterAll(() => servers.stop());

const USUAL = { ...REPLICA_PATIENCE };

beforeEach(async () => {
  jest.replaceProperty(REPLICAS, 'everyMs', EVERY_MS);
  // A busy machine answers late, and is not away.
  Object.assign(REPLICA_PATIENCE, { connect: 20_000, answer: 20_000, statement: 19_000 });
  jest.replaceProperty(REPLICAS, 'lateMs', FOREVER_MS);
  app = await start();
  ada = await person(app, 'ada');
  bob = await person(app, 'bob');
  await settle(app);
});

afterEach(async () => {
  await Promise.all(servers.standbys.map((standby) => standby.resume()));
  for (const end of ending.splice(0).reverse()) await end();
  jest.restoreAllMocks();
  Object.assign(REPLICA_PATIENCE, USUAL);
});

const replicaUrls = (): string => servers.standbys.map(({ url }) => url).join(',');

async function start(env: Record<string, string> = {}, through?: { url: string }): Promise<TestApp> {
  const started = await TestApp.start({
    on: servers.url,
    env: { DATABASE_REPLICA_URLS: replicaUrls(), ...env },
    ...(through && { through }),
  });
  ending.push(() => started.stop());
  return started;
}

/** Goes on at an instance that gives a replica up as soon as the product does. */
async function bePatientNoMore(): Promise<void> {
  Object.assign(REPLICA_PATIENCE, USUAL);
  app = await start();
  [ada, bob] = [at(app, ada), at(app, bob)];
  await settle(app);
}

const at = (there: TestApp, who: Person): Person => ({ ...who, api: there.api.as(who.access_token) });

const replicasOf = (of: TestApp): NonNullable<Reads['replicas']> => {
  const { replicas } = of.nestApp.get(Reads);
  if (!replicas) throw new Error('there are no replicas');
  return replicas;
};

const servedBy = (server: 'replica' | 'primary', of = app): number => replicasOf(of).served[server];

/** Sessions are old, all replicas are used, and have all that was written. */
async function settle(...apps: TestApp[]): Promise<void> {
  await servers.caughtUp();
  for (const each of apps) {
    each.clock.advance('1h');
    const { writes } = replicasOf(each);
    Object.assign(writes, { marks: new Map() });
    await eventually(() => replicasOf(each).all.every(({ fault }) => fault === undefined));
    // Notifications arrive.
    await eventually(async () => {
      const reader = { userId: randomUUID(), sessionId: '', role: 'user', epoch: 0 } as const;
      await each.nestApp.get(Reads).for(reader).query('SELECT 1');
      return servedBy('replica', each) > 0;
    });
  }
}

const pause = (): Promise<unknown> => Promise.all(servers.standbys.map((standby) => standby.pause()));
const resume = (): Promise<unknown> => Promise.all(servers.standbys.map((standby) => standby.resume()));

/** As the guard knows them. */
function callerOf({ access_token }: Person): Caller {
  const { sub: userId, sid: sessionId, role, epoch, exp: expiresAt } = claimsOf(access_token);
  return { userId, sessionId, role, epoch, expiresAt };
}

const write = (who: Person, name: string, of = app): Promise<Answer> =>
  of.api.as(who.access_token).patch('/users/me', { display_name: name });

/** What a list would show them of what they wrote. */
async function seenBy(who: Person, of = app): Promise<string | null | undefined> {
  const database = of.nestApp.get(Reads).for(callerOf(who));
  const [row] = await rows<{ name: string | null }>(
    database,
    sql`SELECT display_name AS name FROM users WHERE id = ${who.id}`,
  );
  return row?.name;
}

async function textsOf({ api }: Person, path: string): Promise<string[]> {
  const { status, body } = await api.get(path);
  expect(status).toBe(200);
  return (body as { text?: string; title?: string; username?: string }[]).map(
    ({ text, title, username }) => text ?? title ?? username ?? '',
  );
}

describe('lists', () => {
  it('are read from the replicas by who has not written', async () => {
    await pause();
    await app.pool.query(`UPDATE users SET display_name = 'new' WHERE id = $1`, [ada.id]);
    const before = servedBy('replica');
    expect(await seenBy(ada)).toBeNull();
    expect(servedBy('replica') - before).toBe(1);
  });

  it('of tasks are read from the replicas', async () => {
    const before = servedBy('replica');
    expect(await textsOf(ada, '/tasks')).toEqual([]);
    expect(servedBy('replica')).toBeGreaterThan(before);
  });

  it('of posts and people are read from the replicas', async () => {
    await ada.api.put(`/users/${bob.username}/follow`);
    await bob.api.post('/posts', { text: 'before' });
    await settle(app);
    await pause();
    await bob.api.post('/posts', { text: 'after' });
    await bob.api.put(`/users/${ada.username}/follow`);
    const before = servedBy('replica');
    expect(await textsOf(ada, '/timeline')).toEqual(['before']);
    expect(await textsOf(ada, `/users/${bob.username}/posts`)).toEqual(['before']);
    expect(await textsOf(ada, `/users/${ada.username}/followers`)).toEqual([]);
    expect((await ada.api.get(`/users/${bob.username}`)).body.posts_count).toBe(1);
    expect(await textsOf(ada, `/users?q=${bob.username}`)).not.toEqual(undefined);
    expect(servedBy('replica') - before).toBeGreaterThanOrEqual(7);
  });

  it('show to who wrote what they wrote, at once, and come from the replicas again when these have it', async () => {
    await pause();
    await write(ada, 'mine');
    expect(await seenBy(ada)).toBe('mine');
    await resume();
    const before = servedBy('replica');
    await eventually(async () => {
      expect(await seenBy(ada)).toBe('mine');
      return servedBy('replica') > before;
    });
  });

  it('of tasks show to who wrote what they wrote, at once', async () => {
    await pause();
    await ada.api.post('/tasks', { title: 'mine' });
    expect(await textsOf(ada, '/tasks')).toEqual(['mine']);
  });

  it('of posts and people show to who wrote what they wrote, at once', async () => {
    await pause();
    await bob.api.post('/posts', { text: 'hello' });
    await ada.api.put(`/users/${bob.username}/follow`);
    expect(await textsOf(ada, '/timeline')).toEqual(['hello']);
    expect(await textsOf(ada, `/users/${bob.username}/followers`)).toEqual([ada.username]);
  });

  it('show the account to who has just registered', async () => {
    await pause();
    expect(await seenBy(await person(app, 'carol'))).toBeNull();
  });

  it('go on from the primary after the first page', async () => {
    const before = servedBy('replica');
    expect(await app.nestApp.get(Reads).for(callerOf(ada), 'a cursor').query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(servedBy('replica')).toBe(before);
  });

  it('of posts go on after the first page without a gap', async () => {
    await ada.api.put(`/users/${bob.username}/follow`);
    for (let number = 0; number < 3; number += 1) await bob.api.post('/posts', { text: `post ${number}` });
    await settle(app);
    await pause();
    await bob.api.post('/posts', { text: 'post 3' });
    const posts = await walk<{ id: string; text: string }>(ada.api, '/timeline?limit=1', async () => {
      await bob.api.post('/posts', { text: 'later' });
    });
    expect(posts.flat().map(({ text }) => text)).toEqual(['post 2', 'post 1', 'post 0']);
  });

  it('of tasks go on after the first page without a gap', async () => {
    for (let number = 0; number < 5; number += 1) await ada.api.post('/tasks', { title: `task ${number}` });
    await settle(app);
    await pause();
    // Of the primary first, while the replicas do not have the newest, and then of replicas that do not have it still.
    await ada.api.post('/tasks', { title: 'task 5' });
    const tasks = await walk<{ id: string; title: string }>(ada.api, '/tasks?limit=2&sort=created_at', () => {
      Object.assign(replicasOf(app).writes, { marks: new Map() });
      return Promise.resolve();
    });
    expect(tasks.flat().map(({ title }) => title)).toEqual([0, 1, 2, 3, 4, 5].map((number) => `task ${number}`));
  });

  it('leave single things, the account and the administration to the primary', async () => {
    const admin = await staff(app, 'admin');
    await settle(app);
    const queries = jest.spyOn(pg.Client.prototype, 'query');
    const before = servedBy('replica') + servedBy('primary');
    for (const path of ['/auth/me', '/users/me', '/auth/sessions', '/users/me/activity'])
      expect((await ada.api.get(path)).status).toBe(200);
    for (const path of ['/admin/users', '/admin/audit']) expect((await admin.api.get(path)).status).toBe(200);
    queries.mockRestore();
    expect(servedBy('replica') + servedBy('primary')).toBe(before);
  });
});

describe('authentication', () => {
  it('never waits for a replica: a logout and a lock-out hold at once', async () => {
    const admin = await staff(app, 'admin');
    await settle(app);
    await pause();
    expect((await bob.api.get('/users/me')).status).toBe(200);
    await bob.api.post('/auth/logout');
    expectProblem(await bob.api.get('/users/me'), 401, 'token_revoked');
    await stepUp(admin);
    expect((await admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'spam' })).status).toBe(204);
    expectProblem(await ada.api.get('/users/me'), 401, 'token_revoked');
  });
});

describe('two instances', () => {
  let there: TestApp;
  let listenWire: Relay;

  beforeEach(async () => {
    listenWire = await Relay.to(servers.url);
    ending.push(() => listenWire.end());
    there = await start({ DATABASE_DIRECT_URL: listenWire.url });
    there.clock.advance('1h');
    await settle(app, there);
    await pause();
  });

  it('show to who wrote on one of them what they wrote, at once, on the other', async () => {
    const people = [ada, bob];
    for (let time = 0; time < soaked(1_000, 50); time += 1) {
      const [here, other] = time % 4 < 2 ? [app, there] : [there, app];
      const who = people[time % 2] ?? ada;
      expect((await write(who, `number ${time}`, here)).status).toBe(200);
      expect(await seenBy(who, other)).toBe(`number ${time}`);
    }
  });

  it('show a write whose notification is late', async () => {
    listenWire.freeze();
    await write(ada, 'mine');
    expect(await seenBy(ada, there)).toBe('mine');
    listenWire.thaw();
  });

  it('show a write that is announced at the second attempt only, over a connection of requests', async () => {
    const query = Object.getOwnPropertyDescriptor(ReadPool.prototype, 'query')?.value as ReadPool['query'];
    const lost = jest.spyOn(ReadPool.prototype, 'query').mockImplementation(function (this: ReadPool, text, values) {
      if (text.includes('pg_notify')) throw new Error('Connection terminated unexpectedly');
      return query.call(this, text, values);
    });
    expect((await write(ada, 'mine')).status).toBe(200);
    expect(lost.mock.calls.some(([text]) => text.includes('pg_notify'))).toBe(true);
    expect(await seenBy(ada, there)).toBe('mine');
  });

  it('acknowledge no write that cannot be announced, and announce it later', async () => {
    await servers.forbidNotifications();
    ending.push(() => servers.allowNotifications());
    const answer = await write(ada, 'mine');
    expectProblem(answer, 503, 'database_unavailable');
    expect(answer.headers.get('retry-after')).toBe('2');
    expectProblem(await write(ada, 'x'.repeat(1_000)), 422, 'validation_failed');
    expect(await seenBy(ada)).toBe('mine');
    expect(replicasOf(there).writes.positionOf(ada.id)).toBe(-Infinity);
    await servers.allowNotifications();
    await eventually(() => replicasOf(there).writes.positionOf(ada.id) > 0);
    expect(await seenBy(ada, there)).toBe('mine');
  });

  it('show nothing more to who was blocked, at once', async () => {
    const reader = { ...ada, api: there.api.as(ada.access_token) };
    const addresses = ['/timeline', `/users?q=${bob.username}`, `/users/${bob.username}/followers`];
    await resume();
    await ada.api.put(`/users/${bob.username}/follow`);
    await bob.api.post('/posts', { text: 'hello' });
    await settle(app, there);
    await pause();
    for (const address of addresses) expect(await textsOf(reader, address)).toHaveLength(1);
    const before = servedBy('replica', there);
    expect((await bob.api.put(`/users/${ada.username}/block`)).status).toBe(204);
    expect(await textsOf(reader, '/timeline')).toEqual([]);
    expect(await textsOf(reader, `/users?q=${bob.username}`)).toEqual([]);
    for (const address of ['', '/posts', '/followers'])
      expectProblem(await reader.api.get(`/users/${bob.username}${address}`), 404, 'user_not_found');
    expect(servedBy('replica', there)).toBe(before);
  });

  it('read from the primary while they hear nothing, and for as long as they missed something', async () => {
    await listenWire.cut();
    await eventually(() => there.events.includes('listener_lost'));
    await write(ada, 'mine');
    expect(await seenBy(ada, there)).toBe('mine');
    await listenWire.restore();
    await eventually(() => there.events.includes('listener_connected'));
    expect(await seenBy(ada, there)).toBe('mine');
  });

  it('read from the primary behind a pooler that forwards no notification', async () => {
    await Promise.all(servers.standbys.map((standby) => standby.resume()));
    listenWire.dropNotifications = true;
    const deaf = await start({ DATABASE_DIRECT_URL: listenWire.url });
    deaf.clock.advance('1h');
    await eventually(() => replicasOf(deaf).all.every(({ fault }) => fault === undefined));
    await write(ada, 'mine');
    for (let time = 0; time < 5; time += 1) expect(await seenBy(ada, deaf)).toBe('mine');
    expect(servedBy('replica', deaf)).toBe(0);
  });
});

it.each<[noun: string, body: object, listOf: (who: Person) => string]>([
  ['tasks', { title: 'mine' }, () => '/tasks'],
  ['posts', { text: 'mine' }, ({ username }) => `/users/${username}/posts`],
])('two workers show to who wrote %s what they wrote, at once, whichever is asked', async (noun, body, listOf) => {
  const scopes = [`${noun}:read`, `${noun}:write`];
  const [written, read] = await Promise.all(
    [ada, bob].map(async (who) => {
      await stepUp(who);
      const asked = { name: 'script', scopes, expires_in_days: 1 };
      return (await who.api.post('/auth/tokens', asked)).body.token as string;
    }),
  );
  const folder = new RoostFolder();
  ending.push(() => folder.remove());
  const roost = folder.start({
    WORKERS: '2',
    DATABASE_URL: servers.url,
    DATABASE_REPLICA_URLS: replicaUrls(),
    JWT_SECRET: 'a-key-of-the-tests-that-nobody-else-may-use',
  });
  const api = new Api(await roost.ready(), { connection: 'close' });
  await roost.until(() => roost.output.split('"replica_used"').length > 4);
  const tokens = { ada: api.as(written ?? ''), bob: api.as(read ?? '') };
  await eventually(async () => {
    expect((await tokens.bob.get(listOf(bob))).status).toBe(200);
    return /database_list_reads_total{server="replica"} [1-9]/.test((await api.get('/metrics')).text);
  });
  await pause();
  for (let time = 0; time < soaked(300, 20); time += 1) {
    const { body: made } = await tokens.ada.post(`/${noun}`, body);
    expect((await tokens.ada.get(`${listOf(ada)}?limit=1`)).body).toEqual([made]);
  }
});

describe('a replica', () => {
  const namesIn = (event: string): string[] =>
    app.log
      .map((line) => JSON.parse(line) as { event?: string; replica?: string })
      .filter((line) => line.event === event)
      .map(({ replica = '' }) => replica);
  const hostOf = ({ url }: Standby): string => new URL(url).host;
  const isUsed = (standby: Standby): boolean =>
    replicasOf(app).all.some(({ name, fault }) => name === hostOf(standby) && fault === undefined);

  /** Enough for both replicas. */
  async function readAll(): Promise<void> {
    const all = await Promise.all(Array.from({ length: 20 }, () => seenBy(bob)));
    expect(new Set(all)).toEqual(new Set([null]));
  }

  it('that is late is left out, and used again when it is not', async () => {
    const [first] = servers.standbys as [Standby, Standby];
    await first.pause();
    await write(ada, 'news');
    jest.replaceProperty(REPLICAS, 'lateMs', 300);
    await eventually(() => !isUsed(first));
    expect(namesIn('replica_left_out')).toContain(hostOf(first));
    await readAll();
    await first.resume();
    await eventually(() => isUsed(first));
    expect(namesIn('replica_used').filter((name) => name === hostOf(first)).length).toBeGreaterThan(1);
  });

  it('that stops, and comes back, costs no answer', async () => {
    const [, second] = servers.standbys as [Standby, Standby];
    const host = hostOf(second);
    await readAll();
    await second.stop();
    await readAll();
    await eventually(() => namesIn('replica_left_out').includes(host));
    await readAll();
    await second.start();
  });

  it('that is silent costs no answer', async () => {
    await bePatientNoMore();
    const [first] = servers.standbys as [Standby, Standby];
    await readAll();
    first.freeze();
    try {
      await readAll();
      await eventually(() => namesIn('replica_left_out').includes(hostOf(first)));
      await readAll();
    } finally {
      first.thaw();
    }
    await eventually(() => isUsed(first));
  });

  it('all of them away: the primary answers', async () => {
    await bePatientNoMore();
    for (const standby of servers.standbys) standby.freeze();
    try {
      await readAll();
      await write(ada, 'mine');
      expect(await seenBy(ada)).toBe('mine');
    } finally {
      for (const standby of servers.standbys) standby.thaw();
    }
  });

  it('that is promoted is left out', async () => {
    const third = await servers.add();
    const host = hostOf(third);
    app = await start({ DATABASE_REPLICA_URLS: third.url });
    await settle(app);
    await readAll();
    await third.promote();
    await eventually(() => namesIn('replica_left_out').includes(host));
    await write(ada, 'mine');
    expect(await seenBy(ada)).toBe('mine');
  });

  it('that is none, or of another database, is left out, and said so', async () => {
    const other = await TestApp.start();
    ending.push(() => other.stop());
    const [first] = servers.standbys as [Standby, Standby];
    const elsewhere = Object.assign(new URL(first.url), { pathname: '/postgres' }).href;
    const wrong = await start({
      DATABASE_REPLICA_URLS: [servers.url, elsewhere, 'postgres://nobody@127.0.0.1:1/roost'].join(','),
    });
    const reasons = [
      'it is no replica: it accepts writes',
      'it is of another server, or of another database',
      'connect ECONNREFUSED 127.0.0.1:1',
    ];
    await eventually(() => replicasOf(wrong).all.every(({ fault }, index) => fault === reasons[index]));
    expect(wrong.events.filter((event) => event === 'replica_left_out')).toHaveLength(reasons.length);
    expect(await seenBy(ada, wrong)).toBeNull();
    expect(servedBy('replica', wrong)).toBe(0);
  });

  it('that stays with the former primary is left out, though it shows more than the new one has written', async () => {
    const others = await Replicated.start(2);
    ending.push(() => others.stop());
    const [next, stays] = others.standbys as [Standby, Standby];
    // It is stopped meanwhile: nobody waits for it.
    others.standbys.shift();
    const wire = await Relay.to(others.url);
    ending.push(() => wire.end());
    app = await TestApp.start({ on: others.url, through: wire, env: { DATABASE_REPLICA_URLS: stays.url } });
    ending.push(() => app.stop());
    ada = await person(app, 'ada');
    await others.caughtUp(next);
    await eventually(() => isUsed(stays));

    await next.stop();
    await execute(others.url, 'CREATE TABLE lost AS SELECT generate_series(1, 100000)');
    await others.caughtUp();
    await wire.cut();
    await others.stopPrimary();
    await next.start();
    await next.promote();
    wire.redirect(next.url);
    await wire.restore();
    await eventually(async () => (await ada.api.post('/tasks', { title: 'mine' })).status === 201);
    const replicas = replicasOf(app) as unknown as { look(): Promise<void> };
    await replicas.look();
    expect(isUsed(stays)).toBe(false);
    expect(replicasOf(app).all.map(({ fault }) => fault)).toEqual(['it is of another server, or of another database']);
  });

  it('that follows the new primary is used', async () => {
    const others = await Replicated.start(1);
    ending.push(() => others.stop());
    const [next] = others.standbys as [Standby];
    app = await TestApp.start({ on: others.url, env: { DATABASE_REPLICA_URLS: next.url } });
    await eventually(() => isUsed(next));
    await app.stop();
    await others.stopPrimary();
    await next.promote();
    const follows = await others.rejoin(next);
    app = await TestApp.start({ on: next.url, env: { DATABASE_REPLICA_URLS: follows.url } });
    ending.push(() => app.stop());
    await eventually(() => isUsed(follows));
  });

  it('is asked nothing while nobody uses the instance, and not used before it was asked again', async () => {
    Object.assign(app.nestApp.get(Activity), { usedAt: -Infinity });
    jest.replaceProperty(REPLICAS, 'everyMs', FOREVER_MS);
    const { all } = replicasOf(app);
    const asked = (): number => Math.max(...all.map(({ currentAt }) => currentAt));
    await eventually(async () => {
      const [before] = [asked()];
      await new Promise((resolve) => setTimeout(resolve, 3 * EVERY_MS));
      return asked() === before;
    });
    jest.replaceProperty(REPLICAS, 'lateMs', 1);
    const before = servedBy('primary');
    expect((await ada.api.get('/users/me')).status).toBe(200);
    expect(await seenBy(ada)).toBeNull();
    expect(servedBy('primary')).toBeGreaterThan(before);
    await eventually(() => asked() > performance.now() - 1_000);
  });
});

describe('a statement', () => {
  it.each([
    ['that a replica refuses', 'SELECT pg_current_wal_lsn() IS NOT NULL AS done'],
    ['that takes a replica too long', 'SELECT pg_sleep(1.2) IS NOT NULL AS done'],
  ])('%s is run by the primary', async (_, text) => {
    await bePatientNoMore();
    const before = servedBy('primary');
    expect(await app.nestApp.get(Reads).for(callerOf(ada)).query(text)).toEqual([{ done: true }]);
    expect(servedBy('primary')).toBe(before + 1);
    await eventually(() => replicasOf(app).all.every(({ fault }) => fault === undefined));
  });

  it('that takes replicas too long again and again leaves them out for a rest, not for ever', async () => {
    jest.replaceProperty(REPLICAS, 'restMs', FOREVER_MS);
    await bePatientNoMore();
    const reads = app.nestApp.get(Reads);
    // Asked of a replica, also where a slow machine has missed an answer in between.
    const read = async (text: string): Promise<unknown> => {
      await eventually(() => replicasOf(app).all.every(({ fault }) => fault === undefined));
      return reads.for(callerOf(ada)).query(text);
    };
    const slow = (): Promise<unknown> => read('SELECT pg_sleep(1)');
    const isSlow = (): boolean => replicasOf(app).all.some(({ fault }) => fault === 'it is slow');
    await Promise.all(Array.from({ length: 2 }, slow));
    expect(await read('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await Promise.all(Array.from({ length: 2 }, slow));
    expect(isSlow()).toBe(false);
    await slow();
    expect(isSlow()).toBe(true);
    await eventually(() => app.log.some((line) => line.includes('"reason":"it is slow"')));
    expect(isSlow()).toBe(true);
    jest.replaceProperty(REPLICAS, 'restMs', 0);
    await eventually(() => !isSlow());
  });

  it.each([
    ['a replica', [1, 0]],
    ['the primary', [0, 1]],
  ])('is counted once, when %s answers it', async (server, counted) => {
    await pause();
    if (server === 'the primary') await write(ada, 'mine');
    const before = { ...replicasOf(app).served };
    expect(await seenBy(ada)).toBe(server === 'the primary' ? 'mine' : null);
    const { replica, primary } = replicasOf(app).served;
    expect([replica - before.replica, primary - before.primary]).toEqual(counted);
  });

  it('has the limits of a short answer, and UTC', async () => {
    await bePatientNoMore();
    const text = `SELECT current_setting('statement_timeout') AS statement, current_setting('timezone') AS timezone,
                         pg_is_in_recovery() AS "isReplica"`;
    const [settings] = await app.nestApp.get(Reads).for(callerOf(ada)).query(text);
    expect(settings).toEqual({ statement: '900ms', timezone: 'UTC', isReplica: true });
  });
});

describe('many who write', () => {
  it('share statements, and every instance hears of all of them', async () => {
    jest.replaceProperty(WRITES, 'inOneNotification', 2);
    const there = await start();
    await settle(there);
    const queries = jest.spyOn(pg.Client.prototype, 'query');
    const userIds = Array.from({ length: 5 }, () => randomUUID());
    await Promise.all(userIds.map((userId) => replicasOf(app).writes.announce(userId)));
    const told = queries.mock.calls.filter(([query]) => textOf(query).includes('pg_notify'));
    queries.mockRestore();
    expect(told).toHaveLength(3);
    for (const userId of userIds) await eventually(() => replicasOf(there).writes.positionOf(userId) > 0);
  });

  it('are too many to remember: all read from the primary', async () => {
    jest.replaceProperty(WRITES, 'most', 1);
    await pause();
    for (const who of [ada, bob]) await write(who, 'mine');
    for (const who of [ada, bob]) expect(await seenBy(who)).toBe('mine');
  });
});

it('metrics tell how late each replica is, and who reads there', async () => {
  await seenBy(ada);
  const { text } = await app.api.get('/metrics');
  for (const standby of servers.standbys) {
    const { host } = new URL(standby.url);
    expect(text).toMatch(new RegExp(`database_replica_lag_seconds{replica="${host}"} \\d`));
    expect(text).toContain(`database_replica_used{replica="${host}"} 1`);
    expect(text).toMatch(new RegExp(`database_pool_connections_max{pool="replica ${host}"} 20`));
  }
  expect(text).toMatch(/database_list_reads_total{server="replica"} [1-9]/);
});
