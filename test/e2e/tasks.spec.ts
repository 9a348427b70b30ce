import pg from 'pg';
import { type CreateTaskRequest, type TaskResponse, unwrap, type UpdateTaskRequest } from 'roost-client';

import { NEAR } from '../../src/tasks/tasks.query.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { collect } from '../support/client.js';
import { walk } from '../support/pages.js';
import { person, type Person } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectRefused } from '../support/sessions.js';

type Caller = Pick<Person, 'client'>;
type Task = Pick<TaskResponse, 'id'>;

const MISSING: Task = { id: 2_147_483_647 };

describe('tasks', () => {
  let app: TestApp;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [alice, bob] = [await person(app, 'alice'), await person(app, 'bob')];
  });

  afterAll(() => app.stop());

  const create = ({ client }: Caller, title: string, more: Partial<CreateTaskRequest> = {}): Promise<TaskResponse> =>
    unwrap(client.post('/tasks', { body: { title, ...more } }));

  const read = ({ client }: Caller, { id: task_id }: Task) => client.get('/tasks/{task_id}', { path: { task_id } });

  const update = ({ client }: Caller, { id: task_id }: Task, body: UpdateTaskRequest) =>
    client.put('/tasks/{task_id}', { path: { task_id }, body });

  const complete = ({ client }: Caller, { id: task_id }: Task, completed = true) =>
    client.patch('/tasks/{task_id}/complete', { path: { task_id }, body: { completed } });

  const remove = ({ client }: Caller, { id: task_id }: Task) =>
    client.delete('/tasks/{task_id}', { path: { task_id } });

  const ids = (tasks: Task[]): number[] => tasks.map(({ id }) => id);

  const pointers = (answer: Answer): string[] => answer.body.errors.map((error: { pointer: string }) => error.pointer);

  it('closes every route to nobody', async () => {
    const task = await create(alice, 'private');
    for (const answer of [
      await app.client.get('/tasks'),
      await app.client.post('/tasks', { body: { title: 'x' } }),
      await read(app, task),
      await update(app, task, { title: 'x' }),
      await remove(app, task),
      await complete(app, task),
    ])
      expectRefused(answer, 'authentication_required');
  });

  it('answers at /api as at /api/v1', async () => {
    const task = await create(alice, 'two addresses');
    expect((await alice.api.get(`/api/tasks/${task.id}`)).body).toEqual(task);
    expect((await alice.api.get(`/api/v1/tasks/${task.id}`)).body).toEqual(task);
  });

  it('keeps a question mark of the query in the address of the next page', async () => {
    for (let n = 0; n < 2; n += 1) await create(alice, `who? me? ${n}`);
    const { headers } = await alice.api.get('/tasks?q=who?&limit=1');
    const next = /^<([^>]+)>/.exec(headers.get('link') ?? '')?.[1] ?? '';
    expect(Object.fromEntries(new URL(next, 'http://x').searchParams)).toEqual({
      q: 'who?',
      limit: '1',
      cursor: expect.any(String),
    });
    const { status, body } = await alice.api.get(next);
    expect([status, body.map(({ title }: { title: string }) => title)]).toEqual([200, ['who? me? 0']]);
  });

  describe('creating', () => {
    it('gives back the task as it was written', async () => {
      const answer = await alice.client.post('/tasks', {
        body: { title: 'Water the plants', description: 'All of them' },
      });
      const task = await unwrap(answer);
      expect(answer.status).toBe(201);
      expect(task).toEqual({
        id: expect.any(Number),
        user_id: alice.id,
        title: 'Water the plants',
        description: 'All of them',
        completed: false,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: task.created_at,
      });
    });

    it('takes no description, null and the empty one', async () => {
      expect((await create(alice, 'none')).description).toBeNull();
      expect((await create(alice, 'null', { description: null })).description).toBeNull();
      expect((await create(alice, 'empty', { description: '' })).description).toBe('');
    });

    it('keeps any text a person can type, byte for byte and untrimmed', async () => {
      const title = '  Ünï 👩‍👩‍👧‍👦 \u202e עברית e\u0301 \u2028 \u{10ffff} \ufffd\t';
      const task = await create(alice, title, { description: `${title}\r\n` });
      expect(await unwrap(read(alice, task))).toMatchObject({ title, description: `${title}\r\n` });
    });

    it('counts lengths in code points', async () => {
      await create(alice, '🦜'.repeat(200), { description: '🪺'.repeat(1_000) });
      const refused = await alice.api.post('/tasks', { title: '🦜'.repeat(201), description: '🪺'.repeat(1_001) });
      expect(refused.status).toBe(422);
      expect(refused.body.errors).toEqual([
        { pointer: '#/title', code: 'too_long', detail: 'must have at most 200 characters' },
        { pointer: '#/description', code: 'too_long', detail: 'must have at most 1000 characters' },
      ]);
    });

    it.each([
      ['no title', {}, '#/title', 'required'],
      ['an empty title', { title: '' }, '#/title', 'too_short'],
      ['a blank title', { title: ' \t\u00a0\u200b\u3000' }, '#/title', 'blank'],
      ['a null title', { title: null }, '#/title', 'wrong_type'],
      ['a number for a title', { title: 7 }, '#/title', 'wrong_type'],
      ['a list for a description', { title: 'x', description: ['y'] }, '#/description', 'wrong_type'],
      ['NUL', { title: 'a\0b' }, '#/title', 'invalid_text'],
      ['a field that is not ours', { title: 'x', priority: 1 }, '#/priority', 'unknown_field'],
      ['a chosen id', { title: 'x', id: 7 }, '#/id', 'unknown_field'],
      ['a chosen owner', { title: 'x', user_id: '00000000-0000-4000-8000-000000000000' }, '#/user_id', 'unknown_field'],
      ['completed', { title: 'x', completed: true }, '#/completed', 'unknown_field'],
    ])('refuses %s and names the field', async (_, body, pointer, code) => {
      const answer = await alice.api.post('/tasks', body);
      expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
      expect(answer.body.errors).toEqual([{ pointer, code, detail: expect.any(String) }]);
    });
  });

  describe('reading', () => {
    it('tells another person, and an admin, that a task is not theirs, and nothing of it [V8.2.2] [T28]', async () => {
      const task = await create(alice, 'a secret of mine', { description: 'very private' });
      await app.pool.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [bob.id]);
      for (const answer of [
        await read(bob, task),
        await update(bob, task, { title: 'mine now' }),
        await update(bob, task, {}),
        await complete(bob, task),
        await remove(bob, task),
      ]) {
        expectRefused(answer, 'task_forbidden', 403);
        expect(JSON.stringify(answer)).not.toMatch(/secret of mine|very private/);
      }
      expect(await unwrap(read(alice, task))).toEqual(task);
    });

    it('answers 404 for a task that does not exist', async () => {
      for (const answer of [
        await read(alice, MISSING),
        await update(alice, MISSING, { title: 'x' }),
        await complete(alice, MISSING),
        await remove(alice, MISSING),
      ])
        expectRefused(answer, 'task_not_found', 404);
    });

    it.each([
      '0',
      '-1',
      '+1',
      '01',
      '1.0',
      '1e3',
      '0x10',
      '%201',
      '1%20',
      '2147483648',
      '99999999999999999999',
      'NaN',
      'ä',
    ])('takes %s for no id', async (id) => {
      expectRefused(await alice.api.get(`/tasks/${id}`), 'task_not_found', 404);
    });
  });

  describe('changing', () => {
    it('writes only the fields that are given', async () => {
      const task = await create(alice, 'before', { description: 'kept' });
      const after = await unwrap(update(alice, task, { title: 'after' }));
      expect(after).toEqual({ ...task, title: 'after', updated_at: after.updated_at });
      expect(after.updated_at >= task.updated_at).toBe(true);
    });

    it('changes nothing with an empty body', async () => {
      const task = await create(alice, 'as it was', { description: 'too' });
      expect(await unwrap(update(alice, task, {}))).toEqual(task);
    });

    it('leaves updated_at alone when the new values are the old ones', async () => {
      const task = await create(alice, 'same');
      expect(await unwrap(update(alice, task, { title: 'same' }))).toEqual(task);
    });

    it('clears the description with null', async () => {
      const task = await create(alice, 'x', { description: 'gone soon' });
      expect((await unwrap(update(alice, task, { description: null }))).description).toBeNull();
    });

    it.each([
      [{ title: null }, ['#/title']],
      [{ title: ' ' }, ['#/title']],
      [{ completed: 'true' }, ['#/completed']],
      [{ completed: null }, ['#/completed']],
      [{ title: 7, description: 7, completed: 7 }, ['#/title', '#/description', '#/completed']],
      [{ created_at: '2020-01-01T00:00:00Z' }, ['#/created_at']],
    ])('refuses %j and names each field', async (body, expected) => {
      const task = await create(alice, 'stays');
      const answer = await alice.api.put(`/tasks/${task.id}`, body);
      expect([answer.status, pointers(answer)]).toEqual([422, expected]);
      expect(await unwrap(read(alice, task))).toEqual(task);
    });

    it('completes and reopens', async () => {
      const task = await create(alice, 'to do');
      expect(await complete(alice, task, true)).toMatchObject({ status: 200, data: { completed: true } });
      expect(await complete(alice, task, false)).toMatchObject({ status: 200, data: { completed: false } });
    });

    it.each([{}, { completed: null }, { completed: 'yes' }, { completed: 1 }, undefined])(
      'does not complete with %j',
      async (body) => {
        const task = await create(alice, 'to do');
        const answer = await alice.api.patch(`/tasks/${task.id}/complete`, body);
        expect([answer.status, pointers(answer)]).toEqual([422, ['#/completed']]);
      },
    );

    it('keeps both of two simultaneous changes to different fields', async () => {
      for (let round = 0; round < 10; round += 1) {
        const task = await create(alice, 'old');
        await Promise.all([
          update(alice, task, { title: 'new' }),
          update(alice, task, { description: 'new' }),
          complete(alice, task),
        ]);
        expect(await unwrap(read(alice, task))).toMatchObject({ title: 'new', description: 'new', completed: true });
      }
    });
  });

  describe('deleting', () => {
    it('deletes once', async () => {
      const task = await create(alice, 'short-lived');
      const answer = await remove(alice, task);
      expect([answer.status, await unwrap(answer)]).toEqual([200, { message: 'Task deleted successfully' }]);
      expectRefused(await read(alice, task), 'task_not_found', 404);
      expectRefused(await remove(alice, task), 'task_not_found', 404);
    });

    it('tells exactly one of many simultaneous callers that it deleted the task', async () => {
      const task = await create(alice, 'popular');
      const answers = await Promise.all(Array.from({ length: 10 }, () => remove(alice, task)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(404)]);
    });
  });

  describe('listing', () => {
    const SORTS = ['-created_at', 'created_at', '-updated_at', 'title'] as const;
    let carol: Person;
    let all: TaskResponse[];

    beforeAll(async () => {
      carol = await person(app, 'carol');
      // Few distinct keys, so that pages end between equal ones.
      for (let index = 0; index < 23; index += 1) {
        const task = await create(carol, `title ${index % 4}`, {
          description: index % 3 === 0 ? '100% _done_ \\o/' : null,
        });
        if (index % 5 === 0) await complete(carol, task);
      }
      await app.pool.query(`ALTER TABLE tasks DISABLE TRIGGER tasks_keep_timestamps`);
      await app.pool.query(
        `UPDATE tasks SET created_at = '2026-01-01'::timestamptz + id % 3 * interval '1 ms', updated_at = '2026-01-02'::timestamptz + id % 2 * interval '1 ms' WHERE user_id = $1`,
        [carol.id],
      );
      await app.pool.query(`ALTER TABLE tasks ENABLE TRIGGER tasks_keep_timestamps`);
      all = await allOf(carol);
    });

    const allOf = ({ client }: Caller): Promise<TaskResponse[]> =>
      unwrap(client.get('/tasks', { query: { limit: 100 } }));

    it("shows the caller's own tasks only, newest first", () => {
      expect(all).toHaveLength(23);
      expect(new Set(all.map((task) => task.user_id))).toEqual(new Set([carol.id]));
      const newestFirst = all.toSorted((a, b) => b.created_at.localeCompare(a.created_at) || b.id - a.id);
      expect(ids(all)).toEqual(ids(newestFirst));
    });

    it('shows 50 rows when no limit is given, and no link on the last page', async () => {
      const dave = await person(app, 'dave');
      await app.pool.query(`INSERT INTO tasks (user_id, title) SELECT $1, 'task ' || n FROM generate_series(1, 51) n`, [
        dave.id,
      ]);
      const answer = await dave.client.get('/tasks');
      expect(await unwrap(answer)).toHaveLength(50);
      expect(answer.response.headers.get('link')).toMatch(/^<\/api\/v1\/tasks\?cursor=[\w-]+>; rel="next"$/);
      const exact = await dave.client.get('/tasks', { query: { limit: 51 } });
      expect([(await unwrap(exact)).length, exact.response.headers.get('link')]).toEqual([51, null]);
    });

    it.each(SORTS.flatMap((sort) => [1, 2, 7, 23, 24].map((limit) => [sort, limit] as const)))(
      'adds up to the whole by %s in pages of %i',
      async (sort, limit) => {
        const whole = await unwrap(carol.client.get('/tasks', { query: { sort, limit: 100 } }));
        const pages = await collect(carol.client.pages('/tasks', { query: { sort, limit } }));
        expect(pages.length).toBe(Math.ceil(23 / limit));
        expect(pages.flat()).toEqual(whole);
        expect(new Set(ids(whole)).size).toBe(23);
      },
    );

    it('keeps the prefix and the filters in the link', async () => {
      const answer = await carol.api.get('/api/tasks?q=100%25&limit=2&sort=title');
      const link = answer.headers.get('link') ?? '';
      expect(link).toMatch(/^<\/api\/tasks\?q=100%25&limit=2&sort=title&cursor=/);
      const pages = await walk(carol.api, '/api/tasks?q=100%25&limit=2&sort=title');
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 2, 2]);
    });

    it.each(SORTS)('gives every row of before exactly once while rows are added, by %s', async (sort) => {
      const before = ids(await allOf(carol));
      const added: Task[] = [];
      const pages = await collect(carol.client.pages('/tasks', { query: { sort, limit: 3 } }), async () => {
        added.push(await create(carol, `title ${added.length % 5}`));
      });
      const seen = ids(pages.flat()).filter((id) => before.includes(id));
      expect(seen.toSorted((a, b) => a - b)).toEqual(before.toSorted((a, b) => a - b));
      for (const task of added) await remove(carol, task);
    });

    it('filters by completed', async () => {
      const completed = await unwrap(carol.client.get('/tasks', { query: { completed: true } }));
      const open = await unwrap(carol.client.get('/tasks', { query: { completed: false } }));
      expect([completed.length, open.length]).toEqual([5, 18]);
      expect(completed.every((task) => task.completed)).toBe(true);
      expect(await collect(carol.client.list('/tasks', { query: { completed: false, limit: 4 } }))).toEqual(open);
    });

    it('searches in either form in which an accent or a syllable may be written, and by the index', async () => {
      const erin = await person(app, 'erin');
      const texts = ['Caf\u00e9 cr\u00e8me', '\ud55c\uae00'];
      for (const form of ['NFC', 'NFD'])
        for (const text of texts) {
          await create(erin, `${text} ${form}`.normalize(form));
          await create(erin, form, { description: text.normalize(form) });
        }
      const found = async (q: string): Promise<string[]> =>
        (await unwrap(erin.client.get('/tasks', { query: { sort: 'title', q } }))).map(({ title }) => title);
      for (const text of texts)
        for (const form of ['NFC', 'NFD']) {
          const titles = await found(text.normalize(form));
          expect(titles.map((title) => title.normalize('NFC'))).toEqual(
            expect.arrayContaining(['NFC', 'NFD', `${text} NFC`, `${text} NFD`]),
          );
          expect(titles).toHaveLength(4);
        }
      await app.pool.query(
        `INSERT INTO tasks (user_id, title) SELECT $1, md5(n::text) FROM generate_series(1, 5000) n`,
        [erin.id],
      );
      await app.pool.query('VACUUM ANALYZE tasks');
      const queries = jest.spyOn(pg.Client.prototype, 'query');
      expect(await found('caf\u00e9 CR')).toHaveLength(4);
      const sent = queries.mock.calls.map(([query]) => query as unknown as { text: string; values: unknown[] });
      queries.mockRestore();
      const { text, values } = sent.findLast((query) => query.text.includes('ILIKE')) ?? { text: '', values: [] };
      const { rows } = await app.pool.query(`EXPLAIN ${text}`, values);
      expect(JSON.stringify(rows)).toContain('tasks_search_idx');
    });

    it('finds the same by the first rows of the order as by an index, in pages that add up to the whole', async () => {
      const frank = await person(app, 'frank');
      const words = ['Ox', 'ox', 'x', 'Ö', 'ß', 'bread', 'Bread and ox', '!?', '100%', '漢字', 'Σ', 'o x'];
      for (const [index, word] of words.entries())
        for (const text of ['', ` ${index}`, ' and more'])
          await create(frank, `${word}${text}`, { description: words[(index * 5) % words.length] ?? '' });
      const tasks = await allOf(frank);
      const texts = ['o', 'X', 'ox', 'xo', 'brea', 'AND O', '!', '?!', '%', '字', '漢字', 'σ', 'd 1', 'x \u00f6', ' '];
      for (const rows of [1, 4, 1_000]) {
        jest.replaceProperty(NEAR, 'rows', rows);
        for (const q of texts)
          for (const sort of ['-created_at', 'title'] as const) {
            const found = ids(await collect(frank.client.list('/tasks', { query: { limit: 3, sort, q } })));
            const expected = ids(
              tasks.filter(({ title, description }) =>
                [title, description].some((text) => text?.toLowerCase().includes(q.toLowerCase())),
              ),
            );
            expect([q, rows, found.toSorted((a, b) => b - a)]).toEqual([q, rows, expected.toSorted((a, b) => b - a)]);
            if (sort === '-created_at') expect(found).toEqual(expected);
          }
      }
      jest.restoreAllMocks();
    });

    it('searches title and description literally and without regard to case [V1.2.9] [T43]', async () => {
      const count = async (q: string): Promise<number> =>
        (await unwrap(carol.client.get('/tasks', { query: { q } }))).length;
      expect(await count('TITLE 3')).toBe(5);
      expect(await count('100%')).toBe(8);
      expect(await count('%')).toBe(8);
      expect(await count('_DONE_')).toBe(8);
      expect(await count('_')).toBe(8);
      expect(await count('\\o/')).toBe(8);
      expect(await count('100x')).toBe(0);
      expect(await count('')).toBe(23);
      expect(await count(`'; DROP TABLE tasks; --`)).toBe(0);
    });

    it.each([
      ['limit=0', '#/limit'],
      ['limit=101', '#/limit'],
      ['limit=-1', '#/limit'],
      ['limit=1e1', '#/limit'],
      ['limit=0x10', '#/limit'],
      ['limit=%201', '#/limit'],
      ['limit=', '#/limit'],
      ['limit=1&limit=2', '#/limit'],
      ['sort=id', '#/sort'],
      ['sort=', '#/sort'],
      ['sort=constructor', '#/sort'],
      ['completed=yes', '#/completed'],
      ['completed=1', '#/completed'],
      ['completed=', '#/completed'],
      ['q=a&q=b', '#/q'],
      ['q=%00', '#/q'],
      [`q=${'x'.repeat(201)}`, '#/q'],
      ['cursor=', '#/cursor'],
      ['cursor=AAAA', '#/cursor'],
      [`cursor=${'A'.repeat(5_000)}`, '#/cursor'],
      ['page=2', '#/page'],
    ])('refuses ?%s and names the parameter', async (query, pointer) => {
      const answer = await carol.api.get(`/tasks?${query}`);
      expect([answer.status, pointers(answer)]).toEqual([422, [pointer]]);
    });

    it('takes a cursor only for the person and the sort it was made for, and only whole [T41]', async () => {
      const first = await carol.client.get('/tasks', { query: { limit: 2, sort: 'title' } });
      const cursor = /cursor=([\w-]+)/.exec(first.response.headers.get('link') ?? '')?.[1] ?? '';
      const by = ({ client }: Caller, given: string, sort: 'title' | 'created_at' = 'title') =>
        client.get('/tasks', { query: { sort, cursor: given } });
      expect((await by(carol, cursor)).status).toBe(200);
      for (const answer of [
        await by(alice, cursor),
        await by(carol, cursor, 'created_at'),
        await by(carol, cursor.slice(0, -1)),
        await by(carol, `${cursor}A`),
        await by(carol, `${cursor}=`),
        await by(carol, `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`),
      ])
        expect(answer).toMatchObject({ status: 422, problem: { errors: [{ code: 'invalid_cursor' }] } });
    });
  });

  it('answers 401 and not 500 when the account of a valid token is gone', async () => {
    const ghost = await person(app, 'ghost');
    await app.pool.query('DELETE FROM users WHERE id = $1', [ghost.id]);
    expectRefused(await ghost.api.post('/tasks', { title: 'from beyond' }), 'invalid_token');
    expectRefused(await ghost.client.post('/tasks', { body: { title: 'from beyond' } }), 'invalid_token');
    expect((await ghost.api.get('/auth/me')).status).toBe(401);
  });

  it('keeps the timestamps true for writers that are not this program', async () => {
    const task = await create(alice, 'tampered with');
    await app.pool.query(
      `UPDATE tasks SET title = 'changed', created_at = 'epoch', updated_at = 'epoch' WHERE id = $1`,
      [task.id],
    );
    const found = await unwrap(read(alice, task));
    expect(found.created_at).toBe(task.created_at);
    expect(found.updated_at >= task.updated_at).toBe(true);
  });
});

describe('searches for one or two letters, which no index shortens', () => {
  let app: TestApp;
  let holder: pg.PoolClient;

  beforeEach(async () => {
    app = await TestApp.start({ env: { DATABASE_POOL_MAX: '8' } });
    holder = await app.pool.connect();
    await holder.query('BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE');
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    holder.release();
    await app.stop();
  });

  /** Searches that the database works at. */
  const running = async (): Promise<number> => {
    const { rows } = await app.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'roost' AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.n ?? 0;
  };

  it('are one at a time for a person', async () => {
    const [ada, bob] = [await person(app), await person(app)];
    const searches = Array.from({ length: 4 }, () => ada.api.get('/tasks?q=zq'));
    await eventually(async () => (await running()) === 1);
    for (let n = 0; n < 5; n += 1) expect((await bob.api.get('/users/me')).status).toBe(200);
    expect(await running()).toBe(1);
    await holder.query('COMMIT');
    for (const { status } of await Promise.all(searches)) expect(status).toBe(200);
  });

  it('have a quarter of the pool, however many people search', async () => {
    const people = await Promise.all(Array.from({ length: 9 }, () => person(app)));
    const [bob, ...others] = people as [Person, ...Person[]];
    const searches = others.map(({ api }) => api.get('/tasks?q=zq'));
    await eventually(async () => (await running()) === 2);
    for (let n = 0; n < 5; n += 1) expect((await bob.api.get('/users/me')).status).toBe(200);
    expect(await running()).toBe(2);
    await holder.query('COMMIT');
    for (const { status } of await Promise.all(searches)) expect(status).toBe(200);
  });
});
