import type { Answer, Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited } from '../support/audit.js';
import { walk } from '../support/pages.js';
import { person, type Person, staff } from '../support/people.js';

const FAMILY = '👩‍👩‍👧‍👦';

describe('posts', () => {
  let app: TestApp;
  let alice: Person;
  let bob: Person;
  let moderator: Person;
  let admin: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [alice, bob] = [await person(app, 'alice'), await person(app, 'bob')];
    [moderator, admin] = [await staff(app, 'moderator'), await staff(app, 'admin')];
  });

  afterAll(() => app.stop());

  const post = async ({ api }: Person, text: string): Promise<{ id: string }> =>
    (await api.post('/posts', { text })).body as { id: string };

  const codes = ({ status, body }: Answer): unknown[] => [
    status,
    ...(body.errors as { pointer: string; code: string }[]).map(({ pointer, code }) => `${pointer} ${code}`),
  ];

  const refusal = ({ status, body }: Answer): unknown[] => [status, body.code];

  const countOf = async ({ api, username }: Person): Promise<number> =>
    (await api.get(`/users/${username}`)).body.posts_count as number;

  describe('posting', () => {
    it('gives back the post as it was written', async () => {
      const answer = await alice.api.post('/posts', { text: 'Good morning' });
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        id: expect.stringMatching(/^[1-9]\d*$/),
        author: { id: alice.id, username: alice.username },
        text: 'Good morning',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      });
      expect((await bob.api.get(`/posts/${answer.body.id}`)).body).toEqual(answer.body);
    });

    it('keeps any text a person can type, byte for byte and untrimmed', async () => {
      const text = `  Ünï ${FAMILY} \u202e עברית e\u0301 \u2028 \r\n\u{10ffff} \ufffd\t`;
      const { id } = await post(alice, text);
      expect((await bob.api.get(`/posts/${id}`)).body.text).toBe(text);
    });

    it.each([
      ['letters', 'a'],
      ['letters with an accent of their own', 'e\u0301'],
      ['astral characters', '🦜'],
      ['families of four', FAMILY],
      ['flags', '🇨🇭'],
    ])('counts %s as a person does: 280 are taken, 281 are not', async (_, character) => {
      expect((await alice.api.post('/posts', { text: character.repeat(280) })).status).toBe(201);
      expect(codes(await alice.api.post('/posts', { text: character.repeat(281) }))).toEqual([422, '#/text too_long']);
    });

    it('takes 8,000 bytes and not one more, however few characters they are', async () => {
      const text = `x${'\u0301'.repeat(3_999)}`;
      expect(Buffer.byteLength(text)).toBe(7_999);
      expect((await alice.api.post('/posts', { text: `${text}y` })).status).toBe(201);
      expect(codes(await alice.api.post('/posts', { text: `${text}\u0301` }))).toEqual([422, '#/text too_long']);
    });

    it.each([
      ['no text', {}, '#/text required'],
      ['null', { text: null }, '#/text wrong_type'],
      ['a number', { text: 1 }, '#/text wrong_type'],
      ['a list', { text: ['x'] }, '#/text wrong_type'],
      ['the empty text', { text: '' }, '#/text too_short'],
      ['spaces and line breaks', { text: ' \n\t\u3000' }, '#/text blank'],
      ['what nobody sees', { text: '\u200b\u2060\ufeff' }, '#/text blank'],
      ['NUL', { text: 'a\0b' }, '#/text invalid_text'],
      ['a lone surrogate', '{"text": "\\ud800"}', '#/text invalid_text'],
      ['an author', { text: 'x', author_id: '1' }, '#/author_id unknown_field'],
      ['an id', { text: 'x', id: '1' }, '#/id unknown_field'],
      ['a time', { text: 'x', created_at: '2020-01-01T00:00:00Z' }, '#/created_at unknown_field'],
    ])('refuses %s', async (_, body, error) => {
      expect(codes(await alice.api.post('/posts', body))).toEqual([422, error]);
    });

    it('is refused to whoever is gone, though their token lives', async () => {
      const ghost = await person(app, 'ghost');
      await app.pool.query('DELETE FROM users WHERE id = $1', [ghost.id]);
      expect(refusal(await ghost.api.post('/posts', { text: 'boo' }))).toEqual([401, 'invalid_token']);
    });

    it('is counted exactly, also all at once', async () => {
      const carol = await person(app, 'carol');
      await Promise.all(Array.from({ length: 30 }, (_, index) => post(carol, `No. ${index}`)));
      expect(await countOf(carol)).toBe(30);
    });
  });

  describe('one post', () => {
    it.each(['0', '-1', '+1', '1.0', '1e3', '0x10', ' 1', 'one', '9223372036854775808', '1'.repeat(40), '%00'])(
      'is no other by the id %s',
      async (id) => {
        expect((await alice.api.get(`/posts/${id}`)).status).toBe(404);
        expect((await alice.api.delete(`/posts/${id}`)).status).toBe(404);
      },
    );

    it('is not there when there is none', async () => {
      expect(refusal(await alice.api.get('/posts/9223372036854775807'))).toEqual([404, 'post_not_found']);
    });

    it('is hidden while its author is disabled, and there again afterwards', async () => {
      const carol = await person(app, 'carol');
      const { id } = await post(carol, 'still here?');
      await moderator.api.post(`/admin/users/${carol.id}/disable`, { reason: 'spam' });
      expect(refusal(await alice.api.get(`/posts/${id}`))).toEqual([404, 'post_not_found']);
      expect(refusal(await alice.api.delete(`/posts/${id}`))).toEqual([404, 'post_not_found']);
      await moderator.api.post(`/admin/users/${carol.id}/enable`);
      expect((await alice.api.get(`/posts/${id}`)).status).toBe(200);
    });

    it('is hidden between two of whom one has blocked the other, either way', async () => {
      const [carol, dave] = [await person(app, 'carol'), await person(app, 'dave')];
      const [hers, his] = [await post(carol, 'hers'), await post(dave, 'his')];
      await carol.api.put(`/users/${dave.username}/block`);
      expect(refusal(await dave.api.get(`/posts/${hers.id}`))).toEqual([404, 'post_not_found']);
      expect(refusal(await carol.api.get(`/posts/${his.id}`))).toEqual([404, 'post_not_found']);
      expect((await carol.api.get(`/posts/${hers.id}`)).status).toBe(200);
    });
  });

  describe('deleting', () => {
    it('takes a post away for everybody, and out of the count', async () => {
      const { id } = await post(alice, 'regret');
      const before = await countOf(alice);
      const answer = await alice.api.delete(`/posts/${id}`);
      expect([answer.status, answer.body]).toEqual([200, { message: 'Post deleted successfully' }]);
      expect(refusal(await bob.api.get(`/posts/${id}`))).toEqual([404, 'post_not_found']);
      expect(refusal(await alice.api.delete(`/posts/${id}`))).toEqual([404, 'post_not_found']);
      expect(await countOf(alice)).toBe(before - 1);
    });

    it('only marks the row, with who did it', async () => {
      const { id } = await post(alice, 'kept');
      await moderator.api.delete(`/posts/${id}`);
      const { rows } = await app.pool.query('SELECT text, deleted_by, deleted_at FROM posts WHERE id = $1', [id]);
      expect(rows).toEqual([{ text: 'kept', deleted_by: moderator.id, deleted_at: expect.any(Date) }]);
    });

    it('is refused for what somebody else wrote', async () => {
      const { id } = await post(alice, 'mine');
      expect(refusal(await bob.api.delete(`/posts/${id}`))).toEqual([403, 'post_forbidden']);
      expect((await alice.api.get(`/posts/${id}`)).status).toBe(200);
    });

    it('is for moderators and admins whosever it is, also of whoever has blocked them, and audited', async () => {
      const posts = [await post(alice, 'one'), await post(alice, 'two')];
      await alice.api.put(`/users/${moderator.username}/block`);
      const rows = await audited(app, async () => {
        expect((await moderator.api.delete(`/posts/${posts[0]?.id}`)).status).toBe(200);
        expect((await admin.api.delete(`/posts/${posts[1]?.id}`)).status).toBe(200);
      });
      await alice.api.delete(`/users/${moderator.username}/block`);
      expect(rows.map(({ action, actor_id, subject_id, after }) => [action, actor_id, subject_id, after])).toEqual([
        ['post.deleted', moderator.id, alice.id, { post: posts[0]?.id }],
        ['post.deleted', admin.id, alice.id, { post: posts[1]?.id }],
      ]);
    });

    it('of one’s own is not audited, for moderators neither', async () => {
      const { id } = await post(moderator, 'own');
      expect(await audited(app, () => moderator.api.delete(`/posts/${id}`))).toEqual([]);
    });

    it('happens once, however many ask at the same time', async () => {
      const { id } = await post(alice, 'contested');
      const before = await countOf(alice);
      const askers = Array.from({ length: 20 }, (_, index) => [alice, moderator, admin][index % 3] ?? alice);
      const answers = await Promise.all(askers.map(({ api }) => api.delete(`/posts/${id}`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 404)]);
      expect(await countOf(alice)).toBe(before - 1);
    });
  });

  describe('restoring', () => {
    const restore = (api: Api, id: string): Promise<Answer> => api.post(`/admin/posts/${id}/restore`);

    it('brings back what another deleted, as it was, counted and audited', async () => {
      const answer = await alice.api.post('/posts', { text: 'taken down' });
      const id = answer.body.id as string;
      const before = await countOf(alice);
      await moderator.api.delete(`/posts/${id}`);
      const rows = await audited(app, async () => {
        const restored = await restore(admin.api, id);
        expect([restored.status, restored.body]).toEqual([200, answer.body]);
      });
      expect(rows.map(({ action, actor_id, subject_id, after }) => [action, actor_id, subject_id, after])).toEqual([
        ['post.restored', admin.id, alice.id, { post: id }],
      ]);
      expect((await bob.api.get(`/posts/${id}`)).body).toEqual(answer.body);
      expect(await countOf(alice)).toBe(before);
    });

    it('leaves what its author deleted, also an author who moderates', async () => {
      for (const author of [alice, moderator]) {
        const { id } = await post(author, 'gone for good');
        await author.api.delete(`/posts/${id}`);
        expect(refusal(await restore(admin.api, id))).toEqual([404, 'post_not_found']);
      }
    });

    it('of what is there changes nothing, and is not audited', async () => {
      const { id } = await post(alice, 'never away');
      const before = await countOf(alice);
      const rows = await audited(app, async () => {
        expect((await restore(admin.api, id)).status).toBe(200);
      });
      expect([rows, await countOf(alice)]).toEqual([[], before]);
    });

    it('happens once, however many ask at the same time', async () => {
      const { id } = await post(alice, 'wanted back');
      const before = await countOf(alice);
      await moderator.api.delete(`/posts/${id}`);
      const answers = await Promise.all(Array.from({ length: 10 }, () => restore(admin.api, id)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await countOf(alice)).toBe(before);
    });

    it('finds nothing by a malformed id, or one that nobody has', async () => {
      for (const id of ['x', '0', '9223372036854775808', '9223372036854775807'])
        expect(refusal(await restore(admin.api, id))).toEqual([404, 'post_not_found']);
    });
  });

  describe('of one person', () => {
    it('are listed the newest first, in pages that add up to the whole', async () => {
      const carol = await person(app, 'carol');
      const ids: string[] = [];
      for (let n = 1; n <= 7; n += 1) ids.unshift((await post(carol, `No. ${n}`)).id);
      await carol.api.delete(`/posts/${ids[2]}`);
      const pages = await walk(bob.api, `/users/${carol.username}/posts?limit=2`);
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 2]);
      expect(pages.flat().map(({ id }) => id)).toEqual(ids.filter((_, index) => index !== 2));
    });

    it('are found by the name however it is written, twenty a page unless more are asked for', async () => {
      const carol = await person(app, 'carol');
      await Promise.all(Array.from({ length: 21 }, (_, index) => post(carol, `No. ${index}`)));
      const answer = await bob.api.get(`/api/users/${carol.username.toUpperCase()}/posts`);
      expect(answer.body).toHaveLength(20);
      expect(answer.headers.get('link')).toMatch(
        new RegExp(`^</api/users/${carol.username.toUpperCase()}/posts\\?cursor=[\\w-]+>; rel="next"$`),
      );
      expect((await bob.api.get(`/users/${carol.username}/posts?limit=100`)).body).toHaveLength(21);
    });

    it('are each walked once while more are posted', async () => {
      const carol = await person(app, 'carol');
      const before = [];
      for (let n = 0; n < 9; n += 1) before.unshift((await post(carol, `No. ${n}`)).id);
      const pages = await walk(bob.api, `/users/${carol.username}/posts?limit=2`, () => post(carol, 'meanwhile'));
      expect(pages.flat().map(({ id }) => id)).toEqual(before);
    });

    it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'cursor=x', 'cursor=', 'page=2'])(
      'refuses %s [V15.3.7]',
      async (query) => {
        const answer = await bob.api.get(`/users/${alice.username}/posts?${query}`);
        expect(refusal(answer)).toEqual([422, 'validation_failed']);
      },
    );

    it('refuse a cursor of another list', async () => {
      await Promise.all([post(alice, 'one'), post(alice, 'two')]);
      const { headers } = await alice.api.get(`/users/${alice.username}/posts?limit=1`);
      const [, cursor] = /cursor=([\w-]+)/.exec(headers.get('link') ?? '') ?? [];
      for (const path of [`/users/${bob.username}/posts`, '/timeline', '/tasks'])
        expect(codes(await alice.api.get(`${path}?cursor=${cursor}`))).toEqual([422, '#/cursor invalid_cursor']);
    });
  });
});
