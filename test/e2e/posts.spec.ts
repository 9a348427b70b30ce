import { type PostResponse, unwrap } from 'roost-client';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited } from '../support/audit.js';
import { collect } from '../support/client.js';
import { person, type Person, staff } from '../support/people.js';
import { expectRefused } from '../support/sessions.js';

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

  const post = ({ client }: Person, text: string): Promise<PostResponse> =>
    unwrap(client.post('/posts', { body: { text } }));

  const read = ({ client }: Person, { id: post_id }: Pick<PostResponse, 'id'>) =>
    client.get('/posts/{post_id}', { path: { post_id } });

  const remove = ({ client }: Person, { id: post_id }: Pick<PostResponse, 'id'>) =>
    client.delete('/posts/{post_id}', { path: { post_id } });

  const codes = ({ status, body }: Answer): unknown[] => [
    status,
    ...(body.errors as { pointer: string; code: string }[]).map(({ pointer, code }) => `${pointer} ${code}`),
  ];

  const countOf = async (who: Person): Promise<number> =>
    (await unwrap(who.client.get('/users/{username}', { path: who }))).posts_count;

  describe('posting', () => {
    it('gives back the post as it was written', async () => {
      const answer = await alice.client.post('/posts', { body: { text: 'Good morning' } });
      const written = await unwrap(answer);
      expect(answer.status).toBe(201);
      expect(written).toEqual({
        id: expect.stringMatching(/^[1-9]\d*$/),
        author: { id: alice.id, username: alice.username },
        text: 'Good morning',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      });
      expect(await unwrap(read(bob, written))).toEqual(written);
    });

    it('keeps any text a person can type, byte for byte and untrimmed', async () => {
      const text = `  Ünï ${FAMILY} \u202e עברית e\u0301 \u2028 \r\n\u{10ffff} \ufffd\t`;
      expect((await unwrap(read(bob, await post(alice, text)))).text).toBe(text);
    });

    it.each([
      ['letters', 'a'],
      ['letters with an accent of their own', 'e\u0301'],
      ['astral characters', '🦜'],
      ['families of four', FAMILY],
      ['flags', '🇨🇭'],
    ])('counts %s as a person does: 280 are taken, 281 are not', async (_, character) => {
      await post(alice, character.repeat(280));
      expect(codes(await alice.api.post('/posts', { text: character.repeat(281) }))).toEqual([422, '#/text too_long']);
    });

    it('takes 8,000 bytes and not one more, however few characters they are', async () => {
      const text = `x${'\u0301'.repeat(3_999)}`;
      expect(Buffer.byteLength(text)).toBe(7_999);
      await post(alice, `${text}y`);
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
      expectRefused(await ghost.api.post('/posts', { text: 'boo' }), 'invalid_token');
      expectRefused(await ghost.client.post('/posts', { body: { text: 'boo' } }), 'invalid_token');
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
      expectRefused(await read(alice, { id: '9223372036854775807' }), 'post_not_found', 404);
    });

    it('is hidden while its author is disabled, and there again afterwards', async () => {
      const carol = await person(app, 'carol');
      const hidden = await post(carol, 'still here?');
      const path = { user_id: carol.id };
      await unwrap(moderator.client.post('/admin/users/{user_id}/disable', { path, body: { reason: 'spam' } }));
      expectRefused(await read(alice, hidden), 'post_not_found', 404);
      expectRefused(await remove(alice, hidden), 'post_not_found', 404);
      await unwrap(moderator.client.post('/admin/users/{user_id}/enable', { path }));
      expect(await unwrap(read(alice, hidden))).toEqual(hidden);
    });

    it('is hidden between two of whom one has blocked the other, either way', async () => {
      const [carol, dave] = [await person(app, 'carol'), await person(app, 'dave')];
      const [hers, his] = [await post(carol, 'hers'), await post(dave, 'his')];
      await unwrap(carol.client.put('/users/{username}/block', { path: dave }));
      expectRefused(await read(dave, hers), 'post_not_found', 404);
      expectRefused(await read(carol, his), 'post_not_found', 404);
      expect(await unwrap(read(carol, hers))).toEqual(hers);
    });
  });

  describe('deleting', () => {
    it('takes a post away for everybody, and out of the count', async () => {
      const regretted = await post(alice, 'regret');
      const before = await countOf(alice);
      const answer = await remove(alice, regretted);
      expect([answer.status, await unwrap(answer)]).toEqual([200, { message: 'Post deleted successfully' }]);
      expectRefused(await read(bob, regretted), 'post_not_found', 404);
      expectRefused(await remove(alice, regretted), 'post_not_found', 404);
      expect(await countOf(alice)).toBe(before - 1);
    });

    it('only marks the row, with who did it', async () => {
      const { id } = await post(alice, 'kept');
      await unwrap(remove(moderator, { id }));
      const { rows } = await app.pool.query('SELECT text, deleted_by, deleted_at FROM posts WHERE id = $1', [id]);
      expect(rows).toEqual([{ text: 'kept', deleted_by: moderator.id, deleted_at: expect.any(Date) }]);
    });

    it('is refused for what somebody else wrote', async () => {
      const hers = await post(alice, 'mine');
      expectRefused(await remove(bob, hers), 'post_forbidden', 403);
      expect(await unwrap(read(alice, hers))).toEqual(hers);
    });

    it('is for moderators and admins whosever it is, also of whoever has blocked them, and audited', async () => {
      const [one, two] = [await post(alice, 'one'), await post(alice, 'two')];
      await unwrap(alice.client.put('/users/{username}/block', { path: moderator }));
      const rows = await audited(app, async () => {
        await unwrap(remove(moderator, one));
        await unwrap(remove(admin, two));
      });
      await unwrap(alice.client.delete('/users/{username}/block', { path: moderator }));
      expect(rows.map(({ action, actor_id, subject_id, after }) => [action, actor_id, subject_id, after])).toEqual([
        ['post.deleted', moderator.id, alice.id, { post: one.id }],
        ['post.deleted', admin.id, alice.id, { post: two.id }],
      ]);
    });

    it('of one’s own is not audited, for moderators neither', async () => {
      const own = await post(moderator, 'own');
      expect(await audited(app, () => unwrap(remove(moderator, own)))).toEqual([]);
    });

    it('happens once, however many ask at the same time', async () => {
      const contested = await post(alice, 'contested');
      const before = await countOf(alice);
      const askers = Array.from({ length: 20 }, (_, index) => [alice, moderator, admin][index % 3] ?? alice);
      const answers = await Promise.all(askers.map((asker) => remove(asker, contested)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 404)]);
      expect(await countOf(alice)).toBe(before - 1);
    });
  });

  describe('restoring', () => {
    const restore = ({ id: post_id }: Pick<PostResponse, 'id'>) =>
      admin.client.post('/admin/posts/{post_id}/restore', { path: { post_id } });

    it('brings back what another deleted, as it was, counted and audited', async () => {
      const written = await post(alice, 'taken down');
      const before = await countOf(alice);
      await unwrap(remove(moderator, written));
      const rows = await audited(app, async () => {
        expect(await unwrap(restore(written))).toEqual(written);
      });
      expect(rows.map(({ action, actor_id, subject_id, after }) => [action, actor_id, subject_id, after])).toEqual([
        ['post.restored', admin.id, alice.id, { post: written.id }],
      ]);
      expect(await unwrap(read(bob, written))).toEqual(written);
      expect(await countOf(alice)).toBe(before);
    });

    it('leaves what its author deleted, also an author who moderates', async () => {
      for (const author of [alice, moderator]) {
        const gone = await post(author, 'gone for good');
        await unwrap(remove(author, gone));
        expectRefused(await restore(gone), 'post_not_found', 404);
      }
    });

    it('of what is there changes nothing, and is not audited', async () => {
      const there = await post(alice, 'never away');
      const before = await countOf(alice);
      expect(await audited(app, () => unwrap(restore(there)))).toEqual([]);
      expect(await countOf(alice)).toBe(before);
    });

    it('happens once, however many ask at the same time', async () => {
      const wanted = await post(alice, 'wanted back');
      const before = await countOf(alice);
      await unwrap(remove(moderator, wanted));
      const answers = await Promise.all(Array.from({ length: 10 }, () => restore(wanted)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await countOf(alice)).toBe(before);
    });

    it('finds nothing by a malformed id, or one that nobody has', async () => {
      for (const id of ['x', '0', '9223372036854775808', '9223372036854775807'])
        expectRefused(await restore({ id }), 'post_not_found', 404);
    });
  });

  describe('of one person', () => {
    it('are listed the newest first, in pages that add up to the whole', async () => {
      const carol = await person(app, 'carol');
      const ids: string[] = [];
      for (let n = 1; n <= 7; n += 1) ids.unshift((await post(carol, `No. ${n}`)).id);
      await unwrap(remove(carol, { id: ids[2] ?? '' }));
      const pages = await collect(bob.client.pages('/users/{username}/posts', { path: carol, query: { limit: 2 } }));
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
      const all = bob.client.get('/users/{username}/posts', { path: carol, query: { limit: 100 } });
      expect(await unwrap(all)).toHaveLength(21);
    });

    it('are each walked once while more are posted', async () => {
      const carol = await person(app, 'carol');
      const before: PostResponse[] = [];
      for (let n = 0; n < 9; n += 1) before.unshift(await post(carol, `No. ${n}`));
      const pages = bob.client.pages('/users/{username}/posts', { path: carol, query: { limit: 2 } });
      expect((await collect(pages, () => post(carol, 'meanwhile'))).flat()).toEqual(before);
    });

    it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'cursor=x', 'cursor=', 'page=2'])(
      'refuses %s [V15.3.7]',
      async (query) => {
        expectRefused(await bob.api.get(`/users/${alice.username}/posts?${query}`), 'validation_failed', 422);
      },
    );

    it('refuse a cursor of another list', async () => {
      await Promise.all([post(alice, 'one'), post(alice, 'two')]);
      const { response } = await alice.client.get('/users/{username}/posts', { path: alice, query: { limit: 1 } });
      const [, cursor] = /cursor=([\w-]+)/.exec(response.headers.get('link') ?? '') ?? [];
      for (const path of [`/users/${bob.username}/posts`, '/timeline', `/users/${alice.username}/followers`])
        expect(codes(await alice.api.get(`${path}?cursor=${cursor}`))).toEqual([422, '#/cursor invalid_cursor']);
    });
  });
});
