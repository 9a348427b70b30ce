import { unwrap } from 'roost-client';

import { TestApp } from '../support/app.js';
import { collect } from '../support/client.js';
import { execute, someoneWaits } from '../support/database.js';
import { person, type Person, staff } from '../support/people.js';
import { expectRefused, refusal } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

type Relation = 'follow' | 'mute' | 'block';
type Named = Pick<Person, 'username'>;

describe('between people', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let moderator: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    moderator = await staff(app, 'moderator');
  });

  beforeEach(async () => {
    [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
  });

  afterAll(() => app.stop());

  const put = ({ client }: Person, what: Relation, whom: Named) =>
    client.put(`/users/{username}/${what}`, { path: whom });

  const undo = ({ client }: Person, what: Relation, whom: Named) =>
    client.delete(`/users/{username}/${what}`, { path: whom });

  const post = ({ client }: Person, text: string) => unwrap(client.post('/posts', { body: { text } }));

  const profile = ({ client }: Person, whom: Person) => client.get('/users/{username}', { path: whom });

  const counts = async (who: Person): Promise<number[]> => {
    const { posts_count, followers_count, following_count } = await unwrap(profile(who, who));
    return [posts_count, followers_count, following_count];
  };

  const disable = ({ id: user_id }: Person) =>
    unwrap(moderator.client.post('/admin/users/{user_id}/disable', { path: { user_id }, body: { reason: 'spam' } }));

  const names = async (people: Promise<Named[]>): Promise<string[]> => (await people).map(({ username }) => username);

  const found = ({ client }: Person, { username: q }: Named): Promise<string[]> =>
    names(unwrap(client.get('/users', { query: { q } })));

  const listed = (reader: Person, whom: Person, list: 'followers' | 'following'): Promise<string[]> =>
    names(unwrap(reader.client.get(`/users/{username}/${list}`, { path: whom })));

  const own = ({ client }: Person, list: 'mutes' | 'blocks'): Promise<string[]> =>
    names(unwrap(client.get(`/users/me/${list}`)));

  const timelineOf = async ({ client }: Person): Promise<string[]> =>
    (await unwrap(client.get('/timeline'))).map(({ text }) => text);

  /** Of all people: what the counts say, and what the rows do. */
  const drift = async (): Promise<unknown[]> => {
    const { rows } = await app.pool.query(
      `SELECT s.* FROM user_stats s
        WHERE posts_count <> (SELECT count(*) FROM posts WHERE author_id = user_id AND deleted_at IS NULL)
           OR followers_count <> (SELECT count(*) FROM follows WHERE followee_id = user_id)
           OR following_count <> (SELECT count(*) FROM follows WHERE follower_id = user_id)`,
    );
    return rows;
  };

  describe('following', () => {
    it('brings somebody into the timeline from the next read on, and unfollowing takes them out', async () => {
      await post(bob, 'hello');
      expect(await timelineOf(ada)).toEqual([]);
      expect((await put(ada, 'follow', bob)).status).toBe(204);
      expect(await timelineOf(ada)).toEqual(['hello']);
      expect((await undo(ada, 'follow', bob)).status).toBe(204);
      expect(await timelineOf(ada)).toEqual([]);
    });

    it('is told by the profile, and counted on both sides', async () => {
      await put(ada, 'follow', bob);
      expect(await unwrap(profile(ada, bob))).toMatchObject({
        is_following: true,
        followers_count: 1,
        following_count: 0,
      });
      expect(await unwrap(profile(bob, ada))).toMatchObject({
        is_following: false,
        followers_count: 0,
        following_count: 1,
      });
    });

    it('again, and unfollowing again, changes nothing', async () => {
      for (let n = 0; n < 2; n += 1) expect((await put(ada, 'follow', bob)).status).toBe(204);
      expect(await counts(bob)).toEqual([0, 1, 0]);
      for (let n = 0; n < 2; n += 1) expect((await undo(ada, 'follow', bob)).status).toBe(204);
      expect(await counts(bob)).toEqual([0, 0, 0]);
    });

    it('finds people however their name is written', async () => {
      expect((await put(ada, 'follow', { username: bob.username.toUpperCase() })).status).toBe(204);
      expect(await counts(bob)).toEqual([0, 1, 0]);
    });

    it.each(['follow', 'mute', 'block'] as const)('oneself is refused: %s', async (what) => {
      expectRefused(await put(ada, what, ada), 'not_oneself', 422);
    });

    it.each(['follow', 'mute', 'block'] as const)('finds nobody where there is none: %s', async (what) => {
      for (const name of ['nobody_at_all', 'me', 'x', 'a%20b', '%00', 'a'.repeat(31), 'ünï', '..']) {
        expect([name, (await ada.api.put(`/users/${name}/${what}`)).status]).toEqual([name, 404]);
        expect([name, (await ada.api.delete(`/users/${name}/${what}`)).status]).toEqual([name, 404]);
      }
    });

    it.each(['follow', 'mute', 'block'] as const)('finds nobody who is disabled, but undoes it: %s', async (what) => {
      await put(ada, what, bob);
      await disable(bob);
      expectRefused(await put(ada, what, bob), 'user_not_found', 404);
      expect((await undo(ada, what, bob)).status).toBe(204);
    });

    it('is refused to whoever is gone, though their token lives', async () => {
      const ghost = await person(app, 'ghost');
      await app.pool.query('DELETE FROM users WHERE id = $1', [ghost.id]);
      for (const what of ['follow', 'mute', 'block'] as const)
        expectRefused(await ghost.api.put(`/users/${bob.username}/${what}`), 'invalid_token');
    });

    it.each(['follow', 'mute', 'block'] as const)('of somebody who vanishes meanwhile is 404: %s', async (what) => {
      const client = await app.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('SELECT FROM user_stats WHERE user_id = $1 FOR UPDATE', [bob.id]);
        await client.query('DELETE FROM users WHERE id = $1', [bob.id]);
        const asked = put(ada, what, bob);
        while (!(await someoneWaits(app.pool)));
        await client.query('COMMIT');
        expectRefused(await asked, 'user_not_found', 404);
      } finally {
        client.release();
      }
    });

    it('ends at 5,000 people; those who are followed already may be followed again [V2.3.2]', async () => {
      await app.pool.query(
        `INSERT INTO users (email, username, hashed_password)
         SELECT 'crowd' || n || '@example.org', 'crowd_' || n, 'x' FROM generate_series(1, 5000) n`,
      );
      await app.pool.query(
        `INSERT INTO follows (follower_id, followee_id) SELECT $1, id FROM users WHERE username ~ '^crowd_' AND username <> 'crowd_5000'`,
        [ada.id],
      );
      await app.pool.query(
        `UPDATE user_stats s SET followers_count = (SELECT count(*) FROM follows WHERE followee_id = user_id),
                                 following_count = (SELECT count(*) FROM follows WHERE follower_id = user_id)`,
      );
      const both = await Promise.all([put(ada, 'follow', bob), put(ada, 'follow', { username: 'crowd_5000' })]);
      expect(both.map(({ status }) => status).sort()).toEqual([204, 422]);
      expect(both.map(refusal)).toContainEqual([422, 'follow_limit_reached']);
      expect((await counts(ada))[2]).toBe(5_000);
      expect((await put(ada, 'follow', { username: 'crowd_1' })).status).toBe(204);
      await unwrap(undo(ada, 'follow', { username: 'crowd_1' }));
      expect((await put(ada, 'follow', { username: 'crowd_1' })).status).toBe(204);
      expect(await drift()).toEqual([]);
    });
  });

  describe('muting', () => {
    it('keeps somebody out of the timeline and keeps the follow', async () => {
      await put(ada, 'follow', bob);
      await post(bob, 'loud');
      expect((await put(ada, 'mute', bob)).status).toBe(204);
      expect(await timelineOf(ada)).toEqual([]);
      expect(await unwrap(profile(ada, bob))).toMatchObject({ is_following: true, is_muted: true });
      expect(await unwrap(ada.client.get('/users/{username}/posts', { path: bob }))).toHaveLength(1);
      expect((await undo(ada, 'mute', bob)).status).toBe(204);
      expect(await timelineOf(ada)).toEqual(['loud']);
    });

    it('holds also for who is followed later, and is told to nobody else', async () => {
      await put(ada, 'mute', bob);
      await put(ada, 'follow', bob);
      await post(bob, 'loud');
      expect(await timelineOf(ada)).toEqual([]);
      expect((await unwrap(profile(bob, ada))).is_muted).toBe(false);
    });

    it('again changes nothing, and the list shows it once', async () => {
      for (let n = 0; n < 2; n += 1) expect((await put(ada, 'mute', bob)).status).toBe(204);
      expect(await own(ada, 'mutes')).toEqual([bob.username]);
      for (let n = 0; n < 2; n += 1) expect((await undo(ada, 'mute', bob)).status).toBe(204);
      expect(await own(ada, 'mutes')).toEqual([]);
    });
  });

  describe('blocking', () => {
    it('ends both follows, counted', async () => {
      await put(ada, 'follow', bob);
      await put(bob, 'follow', ada);
      expect((await put(ada, 'block', bob)).status).toBe(204);
      expect([await counts(ada), await counts(bob)]).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
      await post(bob, 'unheard');
      expect(await timelineOf(ada)).toEqual([]);
    });

    it('hides each from the other; whoever blocked sees that they did', async () => {
      await put(ada, 'block', bob);
      expect(await unwrap(profile(ada, bob))).toMatchObject({ is_blocked: true });
      expectRefused(await profile(bob, ada), 'user_not_found', 404);
      for (const [reader, other] of [
        [ada, bob],
        [bob, ada],
      ] as const) {
        for (const list of ['posts', 'followers', 'following'] as const)
          expectRefused(await reader.client.get(`/users/{username}/${list}`, { path: other }), 'user_not_found', 404);
        expect(await found(reader, other)).toEqual([]);
      }
    });

    it('hides each from the other in the lists of third people, and from nobody else', async () => {
      const carol = await person(app, 'carol');
      for (const who of [ada, bob]) {
        await put(who, 'follow', carol);
        await put(carol, 'follow', who);
      }
      await put(ada, 'block', bob);
      for (const list of ['followers', 'following'] as const) {
        expect(await listed(ada, carol, list)).toEqual([ada.username]);
        expect(await listed(bob, carol, list)).toEqual([bob.username]);
        expect(await listed(carol, carol, list)).toEqual([bob.username, ada.username]);
      }
    });

    it('lets neither follow the other', async () => {
      await put(ada, 'block', bob);
      expectRefused(await put(bob, 'follow', ada), 'user_not_found', 404);
      expectRefused(await put(ada, 'follow', bob), 'user_blocked', 403);
    });

    it('lets whoever was blocked block, too; each is undone by itself', async () => {
      await put(ada, 'block', bob);
      expect((await put(bob, 'block', ada)).status).toBe(204);
      await undo(ada, 'block', bob);
      expectRefused(await put(ada, 'follow', bob), 'user_not_found', 404);
      await undo(bob, 'block', ada);
      expect((await put(ada, 'follow', bob)).status).toBe(204);
    });

    it('undone brings no follow back', async () => {
      await put(ada, 'follow', bob);
      await put(bob, 'block', ada);
      expect((await undo(bob, 'block', ada)).status).toBe(204);
      expect((await unwrap(profile(ada, bob))).is_following).toBe(false);
    });

    it('hides nobody from moderators and admins, who still cannot follow', async () => {
      await post(bob, 'unheard of');
      const carol = await person(app, 'carol');
      await put(bob, 'follow', carol);
      const admin = await staff(app, 'admin');
      for (const reader of [moderator, admin]) {
        await put(bob, 'block', reader);
        expect((await profile(reader, bob)).status).toBe(200);
        const [seen] = await unwrap(reader.client.get('/users/{username}/posts', { path: bob }));
        const path = { post_id: seen?.id ?? '' };
        expect(await unwrap(reader.client.get('/posts/{post_id}', { path }))).toEqual(seen);
        expect(await listed(reader, bob, 'following')).toEqual([carol.username]);
        expect(await listed(reader, carol, 'followers')).toEqual([bob.username]);
        expect(await found(reader, bob)).toEqual([bob.username]);
        expectRefused(await put(reader, 'follow', bob), 'user_not_found', 404);
      }
    });

    it('shows nothing but the username of whoever cannot be seen, in lists of one’s own', async () => {
      const [carol, dave] = [await person(app, 'carol'), await person(app, 'dave')];
      for (const { client } of [bob, carol, dave])
        await unwrap(client.patch('/users/me', { body: { display_name: 'A name', bio: 'A bio' } }));
      for (const who of [bob, carol, dave]) await put(ada, 'mute', who);
      await put(carol, 'block', ada);
      await disable(dave);
      const entry = ({ id, username }: Person, seen: boolean): object => ({
        id,
        username,
        display_name: seen ? 'A name' : null,
        bio: seen ? 'A bio' : null,
        is_following: false,
      });
      const muted = new Set<object>(await unwrap(ada.client.get('/users/me/mutes')));
      // Mutes of one millisecond have any order.
      expect(muted).toEqual(new Set([entry(dave, false), entry(carol, false), entry(bob, true)]));
    });

    it('again changes nothing, and only who blocked sees the list', async () => {
      for (let n = 0; n < 2; n += 1) expect((await put(ada, 'block', bob)).status).toBe(204);
      expect([await own(ada, 'blocks'), await own(bob, 'blocks')]).toEqual([[bob.username], []]);
      for (let n = 0; n < 2; n += 1) expect((await undo(ada, 'block', bob)).status).toBe(204);
      expect(await own(ada, 'blocks')).toEqual([]);
    });

    it('wins over a follow at the same moment, whichever comes first', async () => {
      for (let round = 0; round < soaked(20, 10); round += 1) {
        const [x, y] = [await person(app, 'x'), await person(app, 'y')];
        const [, blocked] = await Promise.all([put(x, 'follow', y), put(y, 'block', x)]);
        expect(blocked.status).toBe(204);
        expect([await counts(x), await counts(y)]).toEqual([
          [0, 0, 0],
          [0, 0, 0],
        ]);
      }
    });
  });

  it('counts stay exact and nobody deadlocks, whatever is done at the same time [V15.4.3] [V2.3.4] [T49]', async () => {
    const crowd = await Promise.all(Array.from({ length: 8 }, () => person(app, 'many')));
    const pick = (seed: number): Person => crowd[seed % crowd.length] ?? ada;
    const statuses = new Set<number>();
    const client = async (seed: number): Promise<void> => {
      let random = seed;
      const next = (): number => (random = (random * 48_271) % 2_147_483_647);
      for (let n = 0; n < 60; n += 1) {
        const [actor, other] = [pick(next()), pick(next())];
        const acts = [
          () => put(actor, 'follow', other),
          () => put(actor, 'follow', other),
          () => undo(actor, 'follow', other),
          () => put(actor, 'block', other),
          () => undo(actor, 'block', other),
          () => actor.client.post('/posts', { body: { text: 'busy' } }),
        ];
        statuses.add((await acts[next() % acts.length]?.())?.status ?? 0);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, index) => client(index + 1)));
    expect([...statuses].filter((status) => status >= 500)).toEqual([]);
    expect(await drift()).toEqual([]);
  });

  it('a database that goes away while they act is 503, and nothing is half done [V2.3.3]', async () => {
    const lock = await app.pool.connect();
    try {
      await lock.query('BEGIN');
      await lock.query('SELECT FROM user_stats WHERE user_id = $1 FOR UPDATE', [bob.id]);
      const asked = put(ada, 'follow', bob);
      while (!(await someoneWaits(app.pool)));
      await execute(
        app.databaseUrl,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
      );
      expectRefused(await asked, 'database_unavailable', 503);
    } finally {
      await lock.query('ROLLBACK');
      lock.release();
    }
    expect(await counts(bob)).toEqual([0, 0, 0]);
    expect(await drift()).toEqual([]);
  });

  describe('lists of followers and followees', () => {
    it('are the newest first, in pages that add up to the whole, while others come', async () => {
      const fans: Person[] = [];
      for (let n = 0; n < 7; n += 1) {
        const fan = await person(app, 'fan');
        await put(fan, 'follow', bob);
        fans.unshift(fan);
      }
      const followers = ada.client.pages('/users/{username}/followers', { path: bob, query: { limit: 3 } });
      const pages = await collect(followers, async () => put(await person(app, 'late'), 'follow', bob));
      expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
      expect(pages.flat().map(({ id }) => id)).toEqual(fans.map(({ id }) => id));
    });

    it('give each row once where many came in the same millisecond', async () => {
      const fans = await Promise.all(Array.from({ length: 9 }, () => person(app, 'fan')));
      await Promise.all(fans.map((fan) => unwrap(put(fan, 'follow', bob))));
      await app.pool.query(`UPDATE follows SET created_at = '2026-01-01' WHERE followee_id = $1`, [bob.id]);
      const followers = ada.client.list('/users/{username}/followers', { path: bob, query: { limit: 2 } });
      expect((await collect(followers)).map(({ id }) => id)).toEqual(fans.map(({ id }) => id).sort());
    });

    it('show each person as the reader sees them', async () => {
      await put(bob, 'follow', ada);
      await put(ada, 'follow', bob);
      expect(await unwrap(ada.client.get('/users/{username}/following', { path: ada }))).toEqual([
        { id: bob.id, username: bob.username, display_name: null, bio: null, is_following: true },
      ]);
      const carol = await person(app, 'carol');
      const [seen] = await unwrap(carol.client.get('/users/{username}/followers', { path: ada }));
      expect(seen?.is_following).toBe(false);
    });

    it('leave disabled people out, and their counts in', async () => {
      await put(bob, 'follow', ada);
      await disable(bob);
      expect(await listed(ada, ada, 'followers')).toEqual([]);
      expect(await counts(ada)).toEqual([0, 1, 0]);
    });

    it('refuse a cursor of another list', async () => {
      for (const who of [bob, moderator]) await put(who, 'follow', ada);
      const { response } = await ada.client.get('/users/{username}/followers', { path: ada, query: { limit: 1 } });
      const [, cursor = ''] = /cursor=([\w-]+)/.exec(response.headers.get('link') ?? '') ?? [];
      const answer = await ada.client.get('/users/{username}/following', { path: ada, query: { cursor } });
      expect(answer).toMatchObject({ status: 422, problem: { errors: [{ code: 'invalid_cursor' }] } });
    });
  });
});
