import { unwrap } from 'roost-client';

import { NEAR_PEOPLE } from '../../src/timeline/people/people.query.js';
import { TestApp } from '../support/app.js';
import { collect } from '../support/client.js';
import { person, type Person, staff } from '../support/people.js';
import { expectRefused } from '../support/sessions.js';

describe('people', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;
  let moderator: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
    moderator = await staff(app, 'moderator');
  });

  afterAll(() => app.stop());

  const profile = (whom: Person) => ada.client.get('/users/{username}', { path: whom });

  const disable = ({ id: user_id }: Person, until?: string) =>
    unwrap(
      moderator.client.post('/admin/users/{user_id}/disable', {
        path: { user_id },
        body: { reason: 'spam', ...(until !== undefined && { until }) },
      }),
    );

  const describeAs = (who: Person, name: string | null, bio: string | null = null): Promise<unknown> =>
    app.pool.query('UPDATE users SET display_name = $2, bio = $3 WHERE id = $1', [who.id, name, bio]);

  describe('a profile', () => {
    it('is what others may know, and nothing else [V14.2.6] [V15.3.1] [V8.2.3]', async () => {
      await describeAs(bob, 'Bob 🦜', 'Two\nlines');
      await unwrap(bob.client.post('/posts', { body: { text: 'hello' } }));
      expect(await unwrap(profile(bob))).toEqual({
        id: bob.id,
        username: bob.username,
        display_name: 'Bob 🦜',
        bio: 'Two\nlines',
        created_at: (await unwrap(bob.client.get('/auth/me'))).created_at,
        posts_count: 1,
        followers_count: 0,
        following_count: 0,
        is_following: false,
        is_muted: false,
        is_blocked: false,
      });
    });

    it('is one’s own by the same address', async () => {
      expect(await unwrap(profile(ada))).toMatchObject({ id: ada.id, is_following: false });
    });

    it('is there from the registration on, with counts of nothing', async () => {
      const carol = await person(app, 'carol');
      expect(await unwrap(profile(carol))).toMatchObject({ posts_count: 0, followers_count: 0 });
    });

    it('is not there while the account is disabled, and again when a ban is over by itself', async () => {
      const carol = await person(app, 'carol');
      await disable(carol, new Date(Date.now() + 3_600_000).toISOString());
      expectRefused(await profile(carol), 'user_not_found', 404);
      app.clock.advance('2h');
      try {
        expect((await profile(carol)).status).toBe(200);
      } finally {
        app.clock.offsetMs = 0;
      }
    });

    it.each(['nobody_at_all', 'me2', 'x', 'a'.repeat(31), 'a-b', '%00', 'constructor', '__proto__'])(
      'is not there for %s',
      async (name) => {
        expect((await ada.api.get(`/users/${name}`)).status).toBe(404);
      },
    );
  });

  describe('searching', () => {
    beforeEach(() => {
      jest.replaceProperty(NEAR_PEOPLE, 'rows', 1);
    });

    afterEach(() => {
      jest.restoreAllMocks();
    });

    const search = async (q: string, who = ada): Promise<string[]> =>
      (await unwrap(who.client.get('/users', { query: { q } }))).map(({ username }) => username);

    it.each([
      ['İzzet Öz', ['İz', 'izzet', 'IZZET ÖZ', 'zzet']],
      ['ΟΔΥΣΣΕΥΣ', ['οδυσσευς', 'Οδυσσεύς', 'ΣΕΥΣ', 'οδ']],
      ['ΑΣ', ['ας', 'ασ', 'ΑΣ']],
      ['Γιώργος', ['ΓΙΏΡΓΟΣ', 'ΓΙΩΡΓΟΣ', 'γιωργος', 'Γιώρ']],
      ['\u00c9mile', ['\u00e9mile', 'e\u0301mile', 'E\u0301MI', 'emile']],
      ['E\u0301tienne', ['\u00e9tienne', '\u00c9T']],
      ['Алёна Йовович', ['АЛЁНА', 'алена', 'йов', 'вович']],
      ['東京太郎', ['東京', '京太郎']],
      ['Un \u00e9t\u00e9 \u00e0 Paris', ['\u00e9t\u00e9', 'e\u0301te\u0301']],
      ['Jürgen Weiß', ['WEISS', 'weiß', 'JURGEN']],
      ['STRASSER', ['straßer', 'Strasser']],
      ['IŞIK', ['ışık', 'işik', 'IŞI']],
      ['ışık tan', ['IŞIK', 'ışık', 'isik']],
    ])('finds %s however it is typed', async (name, typed) => {
      await describeAs(bob, name);
      for (const q of typed) expect([q, await search(q)]).toEqual([q, [bob.username]]);
      expect(await search('\u0301')).toEqual([]);
    });

    it('finds by any part of the username or of the name, without regard to case', async () => {
      const grace = await person(app, 'gracehopper');
      await describeAs(grace, 'Rear Admiral Hopper');
      for (const q of ['gracehop', 'CEHOPPER', 'admiral', 'r Adm', 'Hopper'])
        expect([q, await search(q)]).toEqual([q, [grace.username]]);
    });

    it('finds by the beginning what has no three letters or digits in a row', async () => {
      const [zoe, li] = [await person(app, 'zq_zoe'), await person(app, 'li')];
      await describeAs(li, '李明');
      expect(await search('zq')).toEqual([zoe.username]);
      expect(await search('ZQ')).toEqual([zoe.username]);
      expect(await search('李')).toEqual([li.username]);
      expect(await search('李明')).toEqual([li.username]);
      expect(await search('q_')).toEqual([]);
    });

    it('finds the same whether what is typed is composed or not', async () => {
      await describeAs(bob, '김한별');
      for (const form of ['NFC', 'NFD']) {
        expect([form, await search('한별'.normalize(form))]).toEqual([form, []]);
        expect([form, await search('김한'.normalize(form))]).toEqual([form, [bob.username]]);
      }
    });

    it('takes % and _ and \\ literally, and finds nothing across username and name [T43]', async () => {
      const odd = await person(app, 'percent');
      await describeAs(odd, '100% \\ o_o');
      for (const q of ['100%', '100% \\ o_o', '100']) expect([q, await search(q)]).toEqual([q, [odd.username]]);
      for (const q of ['%%%', '___________________________', `${odd.username} 100`, '\\\\\\', 'o%o'])
        expect([q, await search(q)]).toEqual([q, []]);
    });

    it('never finds by the address [V8.2.3]', async () => {
      expect(await search('example.org')).toEqual([]);
      expect(await search(bob.email)).toEqual([]);
    });

    it('leaves out who is disabled', async () => {
      const spammer = await person(app, 'spammer');
      await disable(spammer);
      expect(await search('spammer')).toEqual([]);
    });

    it('goes by usernames in pages that add up to the whole, without regard to case', async () => {
      const found = await Promise.all(['Fox_b', 'fox_a', 'FOX_c', 'fox_D', 'fox_e'].map((name) => person(app, name)));
      const inOrder = found
        .map(({ username }) => username)
        .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
      for (const first of [1, 3_000]) {
        jest.replaceProperty(NEAR_PEOPLE, 'rows', first);
        const pages = await collect(ada.client.pages('/users', { query: { q: 'fox_', limit: 2 } }));
        expect(pages.map((page) => page.map(({ username }) => username))).toEqual([
          inOrder.slice(0, 2),
          inOrder.slice(2, 4),
          inOrder.slice(4),
        ]);
      }
    });

    it.each([
      ['', 'required'],
      ['q=', 'too_short'],
      ['q=%20%20', 'blank'],
      [`q=${'a'.repeat(51)}`, 'too_long'],
      ['q=a&q=b', 'wrong_type'],
      ['q=a%00b', 'invalid_text'],
    ])('refuses ?%s', async (query, code) => {
      const { status, body } = await ada.api.get(`/users?${query}`);
      expect([status, body.errors[0].pointer, body.errors[0].code]).toEqual([422, '#/q', code]);
    });
  });
});
