import { StatsJob } from '../../src/admin/stats-job.js';
import { COUNTED_DAILY } from '../../src/admin/stats.query.js';
import { NEAR_ACCOUNTS } from '../../src/users/users.query.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { moveNewConnections } from '../support/database-clock.js';
import { login, person, type Person, staff } from '../support/people.js';
import { watchQueries } from '../support/queries.js';
import { expectRefused } from '../support/sessions.js';

let app: TestApp;
let admin: Person;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

beforeEach(async () => {
  await app.forget();
  [admin, ada, bob] = [await staff(app, 'admin'), await person(app, 'ada'), await person(app, 'bob')];
});

afterAll(() => app.stop());

const idsOf = ({ body }: Answer): string[] => (body as { id: string }[]).map(({ id }) => id);
const list = (query = ''): Promise<Answer> => admin.api.get(`/admin/users${query}`);

async function walk(path: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const answer = await admin.api.get(next);
    expect(answer.status).toBe(200);
    ids.push(...idsOf(answer));
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return ids;
}

describe('GET /admin/users', () => {
  it('lists everybody, the newest first, and shows no secret', async () => {
    const answer = await list();
    expect(idsOf(answer)).toEqual([bob.id, ada.id, admin.id]);
    expect(answer.body[1]).toMatchObject({ email: ada.email, role: 'user', status: 'active', disabled_until: null });
    expect(answer.text).not.toMatch(/hash|\$2|epoch/);
  });

  it.each([1, 3_000])(
    'searches e-mail, username and name, literally and without regard to case, %d at first',
    async (first) => {
      jest.replaceProperty(NEAR_ACCOUNTS, 'rows', first);
      await app.pool.query(`UPDATE users SET display_name = '100 % Ada_Lovelace' WHERE id = $1`, [ada.id]);
      const found = async (q: string): Promise<string[]> => idsOf(await list(`?q=${encodeURIComponent(q)}`));
      expect(await found(ada.email.toUpperCase())).toEqual([ada.id]);
      expect(await found(bob.username.slice(1))).toEqual([bob.id]);
      expect(await found('LOVE')).toEqual([ada.id]);
      expect(await found('0 %')).toEqual([ada.id]);
      expect(await found('a_L')).toEqual([ada.id]);
      expect(await found('%')).toEqual([ada.id]);
      expect(await found(`${ada.email} ${ada.username}`)).toEqual([]);
      expect(await found('nobody at all')).toEqual([]);
      expect(await found('example.org')).toHaveLength(3);
      expect(await found('@')).toHaveLength(3);
      expect(await found('l_')).toEqual([]);
      expect(await found('% A')).toEqual([ada.id]);
      expect(await found('~')).toEqual([]);
      jest.restoreAllMocks();
    },
  );

  it('filters by role, status, confirmation and creation', async () => {
    await app.pool.query(`UPDATE users SET email_confirmed_at = now() WHERE id = $1`, [bob.id]);
    await admin.api.post(`/admin/users/${ada.id}/disable`, {
      reason: 'x',
      until: new Date(Date.now() + 9e6).toISOString(),
    });
    const [today, tomorrow] = [0, 1].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));
    const EXPECTED: Record<string, string[]> = {
      'role=admin': [admin.id],
      'role=moderator': [],
      'status=disabled': [ada.id],
      'status=active': [bob.id, admin.id],
      'confirmed=true': [bob.id],
      'confirmed=false&role=user': [ada.id],
      [`created_from=${tomorrow}`]: [],
      [`created_from=${today}T00:00:00Z&created_to=${tomorrow}`]: [bob.id, ada.id, admin.id],
      [`created_to=${today}`]: [],
    };
    for (const [query, ids] of Object.entries(EXPECTED))
      expect([query, idsOf(await list(`?${query}`))]).toEqual([query, ids]);
    app.clock.advance('3h');
    expect(idsOf(await list('?status=disabled'))).toEqual([]);
  });

  it.each(['-created_at', 'created_at', 'email', 'username'])(
    'has pages by %s that add up to the whole',
    async (sort) => {
      await app.pool.query(
        `INSERT INTO users (email, username, hashed_password, created_at)
       SELECT 'm' || n || '@example.org', CASE n % 2 WHEN 0 THEN 'M' ELSE 'm' END || '_u' || n, 'x', date_trunc('second', now()) - (n / 3) * interval '1 s'
         FROM generate_series(1, 20) n`,
      );
      const whole = idsOf(await list(`?sort=${sort}&limit=100`));
      expect(new Set(whole).size).toBe(23);
      expect(await walk(`/admin/users?sort=${sort}&limit=4`)).toEqual(whole);
    },
  );

  it('refuses what it does not know, the field named', async () => {
    const { headers } = await list('?limit=1');
    const cursor = /cursor=([^&>]+)/.exec(headers.get('link') ?? '')?.[1];
    const BAD: Record<string, string> = {
      'role=root': 'role',
      'status=gone': 'status',
      'confirmed=1': 'confirmed',
      'created_from=2021-02-31': 'created_from',
      'created_to=yesterday': 'created_to',
      'created_to=infinity': 'created_to',
      'created_to=0000-01-01': 'created_to',
      'sort=hashed_password': 'sort',
      'sort=email;drop%20table%20users': 'sort',
      'q=': 'q',
      'q=a&q=b': 'q',
      'limit=101': 'limit',
      [`cursor=${cursor}&sort=email`]: 'cursor',
      'password=x': 'password',
    };
    for (const [query, field] of Object.entries(BAD)) {
      const { status, body } = await list(`?${query}`);
      expect([query, status, body.errors?.[0].pointer]).toEqual([query, 422, `#/${field}`]);
    }
  });
});

describe('GET /admin/users/{id}', () => {
  it('shows one, and its live sessions', async () => {
    await login(app, ada.email);
    expect((await admin.api.get(`/admin/users/${ada.id}`)).body).toMatchObject({ id: ada.id, email: ada.email });
    const { body } = await admin.api.get(`/admin/users/${ada.id}/sessions`);
    expect(body).toHaveLength(2);
    expect(body).toMatchObject([{ current: false }, { current: false }]);
  });

  it.each(['00000000-0000-4000-8000-000000000000', 'x'])('finds no account %s', async (id) => {
    expectRefused(await admin.api.get(`/admin/users/${id}`), 'user_not_found', 404);
    expectRefused(await admin.api.get(`/admin/users/${id}/sessions`), 'user_not_found', 404);
  });
});

describe('GET /admin/audit', () => {
  const events = (query: string): Promise<Answer> => admin.api.get(`/admin/audit?${query}`);

  it('filters by actor, subject, action and time', async () => {
    await admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'a note' });
    const { body } = await events(`actor=${admin.id.toUpperCase()}&subject=${ada.id}&action=user.disabled`);
    expect(body).toMatchObject([
      { action: 'user.disabled', actor_id: admin.id, subject_id: ada.id, ip: '127.0.0.1', after: { note: 'a note' } },
    ]);
    const at = String(body[0].at);
    expect(idsOf(await events(`action=user.disabled&from=${at}`))).toHaveLength(1);
    expect(idsOf(await events(`action=user.disabled&to=${at}`))).toHaveLength(0);
    expect(idsOf(await events(`subject=${bob.id}`))).toHaveLength(2);
  });

  it('has pages that add up to the whole', async () => {
    const whole = idsOf(await events('limit=100'));
    expect(whole.length).toBeGreaterThan(5);
    expect(await walk('/admin/audit?limit=2')).toEqual(whole);
  });

  it.each([
    ['actor=1', 'actor'],
    ['subject=x', 'subject'],
    ['action=gone', 'action'],
    ['from=2021-02-31', 'from'],
    ['to=now', 'to'],
    ['cursor=x', 'cursor'],
    ['ip=1', 'ip'],
  ])('refuses %s', async (query, field) => {
    const { status, body } = await events(query);
    expect([status, body.errors[0].pointer]).toEqual([422, `#/${field}`]);
  });
});

describe('GET /admin/stats', () => {
  afterEach(async () => {
    jest.restoreAllMocks();
    app.clock.offsetMs = 0;
    await moveNewConnections(app.databaseUrl, app.clock);
  });

  it('counts accounts, who was active, and tasks, posts and follows by day', async () => {
    await ada.api.post('/tasks', { title: 'one' });
    for (let n = 0; n < 2; n += 1) await ada.api.post('/posts', { text: 'x' });
    await ada.api.put(`/users/${bob.username}/follow`);
    await app.pool.query(
      `INSERT INTO tasks (user_id, title, created_at) VALUES ($1, 'old', now() - interval '40 days')`,
      [ada.id],
    );
    await admin.api.post(`/admin/users/${bob.id}/disable`, { reason: 'x' });
    const { body } = await admin.api.get('/admin/stats');
    expect(body.counted_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(body.accounts).toEqual({ total: 3, confirmed: 0, disabled: 1 });
    expect(body.active).toEqual({ day: 3, week: 3, month: 3 });
    const date = new Date().toISOString().slice(0, 10);
    for (const [counted, created] of [
      ['tasks', 1],
      ['posts', 2],
      ['follows', 1],
    ] as const) {
      const days = body[counted] as { date: string; created: number }[];
      expect([counted, days.length, days.at(-1)]).toEqual([counted, 30, { date, created }]);
      expect(days.slice(0, -1).every((day) => day.created === 0)).toBe(true);
    }
  });

  /** @param days before today */
  const addTask = (days: number, time: string): Promise<unknown> =>
    app.pool.query(
      `INSERT INTO tasks (user_id, title, created_at)
       VALUES ($1, 'x', (date_trunc('day', now() AT TIME ZONE 'UTC') - $2 * interval '1 day' + $3::interval) AT TIME ZONE 'UTC')`,
      [ada.id, days, time],
    );
  /** Of the last days, today last. */
  const tasksOf = ({ body }: Answer, days: number): number[] =>
    (body.tasks as { created: number }[]).slice(-days).map(({ created }) => created);
  const stats = (api = admin.api): Promise<Answer> => api.get('/admin/stats');

  it('counts by days in UTC, from their first moment to their last, also days without anything', async () => {
    for (const [days, time] of [
      [30, '23:59:59.999'],
      [29, '0'],
      [2, '0'],
      [2, '23:59:59.999'],
      [0, '0'],
    ] as const)
      await addTask(days, time);
    const expected = [1, ...Array<number>(26).fill(0), 2, 0, 1];
    for (let time = 0; time < 2; time += 1) expect(tasksOf(await stats(), 30)).toEqual(expected);
  });

  const count = (instance = app): Promise<void> => instance.nestApp.get(StatsJob).run();

  it('never reads a day again that the job counted after its end, and of today what is new', async () => {
    await addTask(2, '12:00');
    await addTask(0, '0');
    expect(tasksOf(await stats(), 3)).toEqual([1, 0, 1]);
    await count();
    await addTask(2, '13:00');
    await ada.api.post('/tasks', { title: 'new' });
    expect(tasksOf(await stats(), 3)).toEqual([1, 0, 2]);
    await count();
    expect(tasksOf(await stats(), 3)).toEqual([1, 0, 2]);
    await app.pool.query('DELETE FROM tasks');
    expect(tasksOf(await stats(), 3)[0]).toBe(1);
  });

  it('counts a day anew until its end, by the clock of the database', async () => {
    await addTask(0, '0');
    expect(tasksOf(await stats(), 1)).toEqual([1]);
    await count();
    await addTask(0, '23:59:59.999');
    app.clock.advance('48h');
    await moveNewConnections(app.databaseUrl, app.clock);
    const { access_token } = await login(app, admin.email);
    const api = app.api.as(access_token);
    expect(tasksOf(await stats(api), 3)).toEqual([2, 0, 0]);
    await count();
    await addTask(0, '0');
    expect(tasksOf(await stats(api), 3)).toEqual([2, 0, 0]);
  });

  it('writes nothing when somebody looks', async () => {
    const { statements } = await watchQueries(() => stats());
    expect(statements.join()).not.toMatch(/INSERT|UPDATE|DELETE/);
  });

  it('counts many accounts once a day, not at each look, and says when', async () => {
    jest.replaceProperty(COUNTED_DAILY, 'aboveRows', 3);
    const counting = /FROM (?:users|sessions|audit_events) /;
    const looks = async (): Promise<string[]> => {
      const { statements } = await watchQueries(async () => {
        for (let time = 0; time < 3; time += 1) expect((await stats()).status).toBe(200);
      });
      return statements.filter((statement) => counting.test(statement));
    };
    expect(await looks()).not.toEqual([]);
    await count();
    expect(await looks()).toEqual([]);
    await person(app, 'eve');
    const { body } = await stats();
    expect([body.accounts.total, body.active.day]).toEqual([3, 3]);
    await count();
    expect((await stats()).body).toEqual(body);
    app.clock.advance('24h');
    await moveNewConnections(app.databaseUrl, app.clock);
    await count();
    const { access_token } = await login(app, admin.email);
    const next = (await stats(app.api.as(access_token))).body;
    expect(next.accounts.total).toBe(4);
    expect(Date.parse(next.counted_at) - Date.parse(body.counted_at)).toBeGreaterThanOrEqual(86_400_000);
  });

  it('counts few accounts at each look, also after there were many', async () => {
    jest.replaceProperty(COUNTED_DAILY, 'aboveRows', 3);
    await count();
    jest.restoreAllMocks();
    app.clock.advance('24h');
    await moveNewConnections(app.databaseUrl, app.clock);
    await count();
    app.clock.offsetMs = 0;
    await person(app, 'eve');
    expect((await stats()).body.accounts.total).toBe(4);
  });

  it('is counted once where two instances do it at the same moment', async () => {
    jest.replaceProperty(COUNTED_DAILY, 'aboveRows', 3);
    const other = await TestApp.start({ sharing: app });
    try {
      for (let day = 1; day < 30; day += 1) await addTask(day, '12:00');
      const { statements } = await watchQueries(async () => {
        const change = app.pool.query('DELETE FROM tasks WHERE id % 2 = 0');
        await Promise.all([app, other, app, other].map(count));
        await change;
      });
      expect(statements.filter((statement) => statement.includes('INSERT INTO account_counts'))).toHaveLength(1);
      const first = tasksOf(await stats(), 30);
      await app.pool.query('DELETE FROM tasks');
      await count(other);
      expect(tasksOf(await stats(), 30)).toEqual(first);
      const { rows } = await app.pool.query('SELECT noun, count(*)::int FROM daily_counts GROUP BY noun ORDER BY noun');
      expect(rows).toEqual(['follows', 'posts', 'tasks'].map((noun) => ({ noun, count: 30 })));
    } finally {
      await other.stop();
    }
  });

  it('forgets who was active long ago', async () => {
    app.clock.advance('3d');
    const { access_token } = await login(app, admin.email);
    const { body } = await app.api.as(access_token).get('/admin/stats');
    expect(body.active).toEqual({ day: 1, week: 3, month: 3 });
  });
});

it('is for admins only', async () => {
  const moderator = await staff(app, 'moderator');
  for (const path of [
    '/admin/users',
    `/admin/users/${ada.id}`,
    `/admin/users/${ada.id}/sessions`,
    '/admin/audit',
    '/admin/stats',
  ]) {
    expectRefused(await app.api.get(path), 'authentication_required');
    for (const { api } of [ada, moderator]) expectRefused(await api.get(path), 'insufficient_role', 403);
  }
});
