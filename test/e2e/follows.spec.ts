import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { execute, someoneWaits } from '../support/database.js';
import { walk } from '../support/pages.js';
import { person, type Person, staff } from '../support/people.js';
import { soaked } from '../support/soak.js';

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

  const to = (who: Person, what: 'follow' | 'mute' | 'block'): string => `/users/${who.username}/${what}`;

  const refusal = ({ status, body }: Answer): unknown[] => [status, body.code];

  const counts = async (who: Person, seenBy = who): Promise<number[]> => {
    const { body } = await seenBy.api.get(`/users/${who.username}`);
    return [body.posts_count, body.followers_count, body.following_count];
  };

  const disable = (who: Person): Promise<Answer> =>
    moderator.api.post(`/admin/users/${who.id}/disable`, { reason: 'spam' });

  const names = async (reader: Person, path: string): Promise<string[]> =>
    ((await reader.api.get(path)).body as { username: string }[]).map(({ username }) => username);

  const timelineOf = async ({ api }: Person): Promise<string[]> =>
    ((await api.get('/timeline')).body as { text: string }[]).map(({ text }) => text);

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
      await bob.api.post('/posts', { text: 'hello' });
      expect(await timelineOf(ada)).toEqual([]);
      expect((await ada.api.put(to(bob, 'follow'))).status).toBe(204);
      expect(await timelineOf(ada)).toEqual(['hello']);
      expect((await ada.api.delete(to(bob, 'follow'))).status).toBe(204);
      expect(await timelineOf(ada)).toEqual([]);
    });

    it('is told by the profile, and counted on both sides', async () => {
      await ada.api.put(to(bob, 'follow'));
      expect((await ada.api.get(`/users/${bob.username}`)).body).toMatchObject({
        is_following: true,
        followers_count: 1,
        following_count: 0,
      });
      expect((await bob.api.get(`/users/${ada.username}`)).body).toMatchObject({
        is_following: false,
        followers_count: 0,
        following_count: 1,
      });
    });

    it('again, and unfollowing again, changes nothing', async () => {
      for (let n = 0; n < 2; n += 1) expect((await ada.api.put(to(bob, 'follow'))).status).toBe(204);
      expect(await counts(bob)).toEqual([0, 1, 0]);
      for (let n = 0; n < 2; n += 1) expect((await ada.api.delete(to(bob, 'follow'))).status).toBe(204);
      expect(await counts(bob)).toEqual([0, 0, 0]);
    });

    it('finds people however their name is written', async () => {
      expect((await ada.api.put(`/users/${bob.username.toUpperCase()}/follow`)).status).toBe(204);
      expect(await counts(bob)).toEqual([0, 1, 0]);
    });

    it.each(['follow', 'mute', 'block'] as const)('oneself is refused: %s', async (what) => {
      expect(refusal(await ada.api.put(to(ada, what)))).toEqual([422, 'not_oneself']);
    });

    it.each(['follow', 'mute', 'block'] as const)('finds nobody where there is none: %s', async (what) => {
      for (const name of ['nobody_at_all', 'me', 'x', 'a%20b', '%00', 'a'.repeat(31), 'ünï', '..']) {
        expect([name, (await ada.api.put(`/users/${name}/${what}`)).status]).toEqual([name, 404]);
        expect([name, (await ada.api.delete(`/users/${name}/${what}`)).status]).toEqual([name, 404]);
      }
    });

    it.each(['follow', 'mute', 'block'] as const)('finds nobody who is disabled, but undoes it: %s', async (what) => {
      await ada.api.put(to(bob, what));
      await disable(bob);
      expect(refusal(await ada.api.put(to(bob, what)))).toEqual([404, 'user_not_found']);
      expect((await ada.api.delete(to(bob, what))).status).toBe(204);
    });

    it('is refused to whoever is gone, though their token lives', async () => {
      const ghost = await person(app, 'ghost');
      await app.pool.query('DELETE FROM users WHERE id = $1', [ghost.id]);
      for (const what of ['follow', 'mute', 'block'] as const)
        expect([what, ...refusal(await ghost.api.put(to(bob, what)))]).toEqual([what, 401, 'invalid_token']);
    });

    it.each(['follow', 'mute', 'block'] as const)('of somebody who vanishes meanwhile is 404: %s', async (what) => {
      const client = await app.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('SELECT FROM user_stats WHERE user_id = $1 FOR UPDATE', [bob.id]);
        await client.query('DELETE FROM users WHERE id = $1', [bob.id]);
        const asked = ada.api.put(to(bob, what));
        while (!(await someoneWaits(app.pool)));
        await client.query('COMMIT');
        expect(refusal(await asked)).toEqual([404, 'user_not_found']);
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
      const both = await Promise.all([ada.api.put(to(bob, 'follow')), ada.api.put('/users/crowd_5000/follow')]);
      expect(both.map(({ status }) => status).sort()).toEqual([204, 422]);
      expect(both.map(({ body }) => (body as { code?: string }).code)).toContain('follow_limit_reached');
      expect((await counts(ada))[2]).toBe(5_000);
      expect((await ada.api.put('/users/crowd_1/follow')).status).toBe(204);
      await ada.api.delete('/users/crowd_1/follow');
      expect((await ada.api.put('/users/crowd_1/follow')).status).toBe(204);
      expect(await drift()).toEqual([]);
    });
  });

  describe('muting', () => {
    it('keeps somebody out of the timeline and keeps the follow', async () => {
      await ada.api.put(to(bob, 'follow'));
      await bob.api.post('/posts', { text: 'loud' });
      expect((await ada.api.put(to(bob, 'mute'))).status).toBe(204);
      expect(await timelineOf(ada)).toEqual([]);
      expect((await ada.api.get(`/users/${bob.username}`)).body).toMatchObject({ is_following: true, is_muted: true });
      expect((await ada.api.get(`/users/${bob.username}/posts`)).body).toHaveLength(1);
      expect((await ada.api.delete(to(bob, 'mute'))).status).toBe(204);
      expect(await timelineOf(ada)).toEqual(['loud']);
    });

    it('holds also for who is followed later, and is told to nobody else', async () => {
      await ada.api.put(to(bob, 'mute'));
      await ada.api.put(to(bob, 'follow'));
      await bob.api.post('/posts', { text: 'loud' });
      expect(await timelineOf(ada)).toEqual([]);
      expect((await bob.api.get(`/users/${ada.username}`)).body.is_muted).toBe(false);
    });

    it('again changes nothing, and the list shows it once', async () => {
      for (let n = 0; n < 2; n += 1) expect((await ada.api.put(to(bob, 'mute'))).status).toBe(204);
      expect(await names(ada, '/users/me/mutes')).toEqual([bob.username]);
      for (let n = 0; n < 2; n += 1) expect((await ada.api.delete(to(bob, 'mute'))).status).toBe(204);
      expect(await names(ada, '/users/me/mutes')).toEqual([]);
    });
  });

  describe('blocking', () => {
    it('ends both follows, counted', async () => {
      await ada.api.put(to(bob, 'follow'));
      await bob.api.put(to(ada, 'follow'));
      expect((await ada.api.put(to(bob, 'block'))).status).toBe(204);
      expect([await counts(ada), await counts(bob)]).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
      await bob.api.post('/posts', { text: 'unheard' });
      expect(await timelineOf(ada)).toEqual([]);
    });

    it('hides each from the other; whoever blocked sees that they did', async () => {
      await ada.api.put(to(bob, 'block'));
      expect((await ada.api.get(`/users/${bob.username}`)).body).toMatchObject({ is_blocked: true });
      expect(refusal(await bob.api.get(`/users/${ada.username}`))).toEqual([404, 'user_not_found']);
      for (const [reader, other] of [
        [ada, bob],
        [bob, ada],
      ] as const) {
        for (const list of ['posts', 'followers', 'following'])
          expect(refusal(await reader.api.get(`/users/${other.username}/${list}`))).toEqual([404, 'user_not_found']);
        expect(await names(reader, `/users?q=${other.username}`)).toEqual([]);
      }
    });

    it('hides each from the other in the lists of third people, and from nobody else', async () => {
      const carol = await person(app, 'carol');
      for (const who of [ada, bob]) {
        await who.api.put(to(carol, 'follow'));
        await carol.api.put(to(who, 'follow'));
      }
      await ada.api.put(to(bob, 'block'));
      for (const list of ['followers', 'following']) {
        expect(await names(ada, `/users/${carol.username}/${list}`)).toEqual([ada.username]);
        expect(await names(bob, `/users/${carol.username}/${list}`)).toEqual([bob.username]);
        expect(await names(carol, `/users/${carol.username}/${list}`)).toEqual([bob.username, ada.username]);
      }
    });

    it('lets neither follow the other', async () => {
      await ada.api.put(to(bob, 'block'));
      expect(refusal(await bob.api.put(to(ada, 'follow')))).toEqual([404, 'user_not_found']);
      expect(refusal(await ada.api.put(to(bob, 'follow')))).toEqual([403, 'user_blocked']);
    });

    it('lets whoever was blocked block, too; each is undone by itself', async () => {
      await ada.api.put(to(bob, 'block'));
      expect((await bob.api.put(to(ada, 'block'))).status).toBe(204);
      await ada.api.delete(to(bob, 'block'));
      expect(refusal(await ada.api.put(to(bob, 'follow')))).toEqual([404, 'user_not_found']);
      await bob.api.delete(to(ada, 'block'));
      expect((await ada.api.put(to(bob, 'follow'))).status).toBe(204);
    });

    it('undone brings no follow back', async () => {
      await ada.api.put(to(bob, 'follow'));
      await bob.api.put(to(ada, 'block'));
      expect((await bob.api.delete(to(ada, 'block'))).status).toBe(204);
      expect((await ada.api.get(`/users/${bob.username}`)).body.is_following).toBe(false);
    });

    it('hides nobody from moderators and admins, who still cannot follow', async () => {
      await bob.api.post('/posts', { text: 'unheard of' });
      const carol = await person(app, 'carol');
      await bob.api.put(to(carol, 'follow'));
      const admin = await staff(app, 'admin');
      for (const reader of [moderator, admin]) {
        await bob.api.put(to(reader, 'block'));
        expect((await reader.api.get(`/users/${bob.username}`)).status).toBe(200);
        const [post] = (await reader.api.get(`/users/${bob.username}/posts`)).body as { id: string }[];
        expect((await reader.api.get(`/posts/${post?.id}`)).status).toBe(200);
        expect(await names(reader, `/users/${bob.username}/following`)).toEqual([carol.username]);
        expect(await names(reader, `/users/${carol.username}/followers`)).toEqual([bob.username]);
        expect(await names(reader, `/users?q=${bob.username}`)).toEqual([bob.username]);
        expect(refusal(await reader.api.put(to(bob, 'follow')))).toEqual([404, 'user_not_found']);
      }
    });

    it('shows nothing but the username of whoever cannot be seen, in lists of one’s own', async () => {
      const [carol, dave] = [await person(app, 'carol'), await person(app, 'dave')];
      for (const who of [bob, carol, dave]) await who.api.patch('/users/me', { display_name: 'A name', bio: 'A bio' });
      for (const who of [bob, carol, dave]) await ada.api.put(to(who, 'mute'));
      await carol.api.put(to(ada, 'block'));
      await disable(dave);
      const entry = ({ id, username }: Person, seen: boolean): object => ({
        id,
        username,
        display_name: seen ? 'A name' : null,
        bio: seen ? 'A bio' : null,
        is_following: false,
      });
      const muted = new Set((await ada.api.get('/users/me/mutes')).body as object[]);
      // Mutes of one millisecond have any order.
      expect(muted).toEqual(new Set([entry(dave, false), entry(carol, false), entry(bob, true)]));
    });

    it('again changes nothing, and only who blocked sees the list', async () => {
      for (let n = 0; n < 2; n += 1) expect((await ada.api.put(to(bob, 'block'))).status).toBe(204);
      expect([await names(ada, '/users/me/blocks'), await names(bob, '/users/me/blocks')]).toEqual([
        [bob.username],
        [],
      ]);
      for (let n = 0; n < 2; n += 1) expect((await ada.api.delete(to(bob, 'block'))).status).toBe(204);
      expect(await names(ada, '/users/me/blocks')).toEqual([]);
    });

    it('wins over a follow at the same moment, whichever comes first', async () => {
      for (let round = 0; round < soaked(20, 10); round += 1) {
        const [x, y] = [await person(app, 'x'), await person(app, 'y')];
        const [, blocked] = await Promise.all([x.api.put(to(y, 'follow')), y.api.put(to(x, 'block'))]);
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
          () => actor.api.put(to(other, 'follow')),
          () => actor.api.put(to(other, 'follow')),
          () => actor.api.delete(to(other, 'follow')),
          () => actor.api.put(to(other, 'block')),
          () => actor.api.delete(to(other, 'block')),
          () => actor.api.post('/posts', { text: 'busy' }),
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
      const asked = ada.api.put(to(bob, 'follow'));
      while (!(await someoneWaits(app.pool)));
      await execute(
        app.databaseUrl,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
      );
      expect(refusal(await asked)).toEqual([503, 'database_unavailable']);
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
        await fan.api.put(to(bob, 'follow'));
        fans.unshift(fan);
      }
      const pages = await walk<{ id: string }>(ada.api, `/users/${bob.username}/followers?limit=3`, async () => {
        await (await person(app, 'late')).api.put(to(bob, 'follow'));
      });
      expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
      expect(pages.flat().map(({ id }) => id)).toEqual(fans.map(({ id }) => id));
    });

    it('give each row once where many came in the same millisecond', async () => {
      const fans = await Promise.all(Array.from({ length: 9 }, () => person(app, 'fan')));
      await Promise.all(fans.map(({ api }) => api.put(to(bob, 'follow'))));
      await app.pool.query(`UPDATE follows SET created_at = '2026-01-01' WHERE followee_id = $1`, [bob.id]);
      const pages = await walk<{ id: string }>(ada.api, `/users/${bob.username}/followers?limit=2`);
      expect(pages.flat().map(({ id }) => id)).toEqual(fans.map(({ id }) => id).sort());
    });

    it('show each person as the reader sees them', async () => {
      await bob.api.put(to(ada, 'follow'));
      await ada.api.put(to(bob, 'follow'));
      expect((await ada.api.get(`/users/${ada.username}/following`)).body).toEqual([
        { id: bob.id, username: bob.username, display_name: null, bio: null, is_following: true },
      ]);
      const carol = await person(app, 'carol');
      expect((await carol.api.get(`/users/${ada.username}/followers`)).body[0].is_following).toBe(false);
    });

    it('leave disabled people out, and their counts in', async () => {
      await bob.api.put(to(ada, 'follow'));
      await disable(bob);
      expect(await names(ada, `/users/${ada.username}/followers`)).toEqual([]);
      expect(await counts(ada)).toEqual([0, 1, 0]);
    });

    it('refuse a cursor of another list', async () => {
      for (const who of [bob, moderator]) await who.api.put(to(ada, 'follow'));
      const { headers } = await ada.api.get(`/users/${ada.username}/followers?limit=1`);
      const [, cursor] = /cursor=([\w-]+)/.exec(headers.get('link') ?? '') ?? [];
      const answer = await ada.api.get(`/users/${ada.username}/following?cursor=${cursor}`);
      expect([answer.status, answer.body.errors[0].code]).toEqual([422, 'invalid_cursor']);
    });
  });
});
