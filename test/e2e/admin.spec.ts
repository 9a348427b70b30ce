import {
  type DisableUserRequest,
  type Input,
  type Operation,
  type StatsResponse,
  unwrap,
  type UserResponse,
} from 'roost-client';

import { StatsJob } from '../../src/admin/stats-job.js';
import { COUNTED_DAILY } from '../../src/admin/stats.query.js';
import { NEAR_ACCOUNTS } from '../../src/users/users.query.js';
import { TestApp } from '../support/app.js';
import { clientOf, collect } from '../support/client.js';
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

type Caller = Pick<Person, 'client'>;
type UsersQuery = NonNullable<Input<Operation<'get', '/admin/users'>>['query']>;
type AuditQuery = NonNullable<Input<Operation<'get', '/admin/audit'>>['query']>;

const idsOf = (rows: { id: string }[]): string[] => rows.map(({ id }) => id);
const list = (query: UsersQuery = {}): Promise<UserResponse[]> => unwrap(admin.client.get('/admin/users', { query }));

const disable = ({ id: user_id }: Person, body: DisableUserRequest = { reason: 'x' }) =>
  unwrap(admin.client.post('/admin/users/{user_id}/disable', { path: { user_id }, body }));
const show = ({ client }: Caller, user_id: string) => client.get('/admin/users/{user_id}', { path: { user_id } });
const sessions = ({ client }: Caller, user_id: string) =>
  client.get('/admin/users/{user_id}/sessions', { path: { user_id } });

describe('GET /admin/users', () => {
  it('lists everybody, the newest first, and shows no secret', async () => {
    const users = await list();
    expect(idsOf(users)).toEqual([bob.id, ada.id, admin.id]);
    expect(users[1]).toMatchObject({ email: ada.email, role: 'user', status: 'active', disabled_until: null });
    expect(JSON.stringify(users)).not.toMatch(/hash|\$2|epoch/);
  });

  it.each([1, 3_000])(
    'searches e-mail, username and name, literally and without regard to case, %d at first',
    async (first) => {
      jest.replaceProperty(NEAR_ACCOUNTS, 'rows', first);
      await app.pool.query(`UPDATE users SET display_name = '100 % Ada_Lovelace' WHERE id = $1`, [ada.id]);
      const found = async (q: string): Promise<string[]> => idsOf(await list({ q }));
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
      expect(await found(ada.id.toUpperCase())).toEqual([ada.id]);
      expect(await found(ada.id.slice(1))).toEqual([]);
      jest.restoreAllMocks();
    },
  );

  it('filters by role, status, confirmation and creation', async () => {
    await app.pool.query(`UPDATE users SET email_confirmed_at = now() WHERE id = $1`, [bob.id]);
    await disable(ada, { reason: 'x', until: new Date(Date.now() + 9e6).toISOString() });
    const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const EXPECTED: [UsersQuery, string[]][] = [
      [{ role: 'admin' }, [admin.id]],
      [{ role: 'moderator' }, []],
      [{ status: 'disabled' }, [ada.id]],
      [{ status: 'active' }, [bob.id, admin.id]],
      [{ confirmed: true }, [bob.id]],
      [{ confirmed: false, role: 'user' }, [ada.id]],
      [{ created_from: day(1) }, []],
      [{ created_from: `${day(0)}T00:00:00Z`, created_to: day(1) }, [bob.id, ada.id, admin.id]],
      [{ created_to: day(0) }, []],
    ];
    for (const [query, ids] of EXPECTED) expect([query, idsOf(await list(query))]).toEqual([query, ids]);
    app.clock.advance('3h');
    expect(await list({ status: 'disabled' })).toEqual([]);
  });

  it.each(['-created_at', 'created_at', 'email', 'username'] as const)(
    'has pages by %s that add up to the whole',
    async (sort) => {
      await app.pool.query(
        `INSERT INTO users (email, username, hashed_password, created_at)
       SELECT 'm' || n || '@example.org', CASE n % 2 WHEN 0 THEN 'M' ELSE 'm' END || '_u' || n, 'x', date_trunc('second', now()) - (n / 3) * interval '1 s'
         FROM generate_series(1, 20) n`,
      );
      const whole = await list({ sort, limit: 100 });
      expect(new Set(idsOf(whole)).size).toBe(23);
      expect(await collect(admin.client.list('/admin/users', { query: { sort, limit: 4 } }))).toEqual(whole);
    },
  );

  it('refuses what it does not know, the field named', async () => {
    const { response } = await admin.client.get('/admin/users', { query: { limit: 1 } });
    const cursor = /cursor=([^&>]+)/.exec(response.headers.get('link') ?? '')?.[1];
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
      const { status, body } = await admin.api.get(`/admin/users?${query}`);
      expect([query, status, body.errors?.[0]]).toMatchObject([query, 422, { pointer: `#/${field}`, in: 'query' }]);
    }
  });
});

describe('GET /admin/users/{id}', () => {
  it('shows one, and its live sessions', async () => {
    await login(app, ada.email);
    expect(await unwrap(show(admin, ada.id))).toMatchObject({ id: ada.id, email: ada.email });
    expect(await unwrap(sessions(admin, ada.id))).toMatchObject([{ current: false }, { current: false }]);
  });

  it.each(['00000000-0000-4000-8000-000000000000', 'x'])('finds no account %s', async (id) => {
    expectRefused(await show(admin, id), 'user_not_found', 404);
    expectRefused(await sessions(admin, id), 'user_not_found', 404);
  });
});

describe('GET /admin/audit', () => {
  const events = (query: AuditQuery) => unwrap(admin.client.get('/admin/audit', { query }));

  it('filters by actor, subject, action and time', async () => {
    await disable(ada, { reason: 'a note' });
    const action = 'user.disabled';
    const found = await events({ actor: admin.id.toUpperCase(), subject: ada.id, action });
    expect(found).toMatchObject([
      { action, actor_id: admin.id, subject_id: ada.id, ip: '127.0.0.1', after: { note: 'a note' } },
    ]);
    const at = found[0]?.at ?? '';
    expect(await events({ action, from: at })).toEqual(found);
    expect(await events({ action, to: at })).toEqual([]);
    expect(await events({ subject: bob.id })).toHaveLength(2);
  });

  it('has pages that add up to the whole', async () => {
    const whole = await events({ limit: 100 });
    expect(whole.length).toBeGreaterThan(5);
    expect(await collect(admin.client.list('/admin/audit', { query: { limit: 2 } }))).toEqual(whole);
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
    const { status, body } = await admin.api.get(`/admin/audit?${query}`);
    expect([status, body.errors[0].pointer]).toEqual([422, `#/${field}`]);
  });
});

/** What is counted by day, and how one is made of a person, a text and a time. */
const COUNTED = [
  { noun: 'tasks', insert: 'INSERT INTO tasks (user_id, title, created_at)' },
  { noun: 'posts', insert: 'INSERT INTO posts (author_id, text, created_at)' },
] as const;

describe('GET /admin/stats', () => {
  afterEach(async () => {
    jest.restoreAllMocks();
    app.clock.offsetMs = 0;
    await moveNewConnections(app.databaseUrl, app.clock);
  });

  it('counts accounts, and who was active', async () => {
    await disable(bob);
    const counts = await stats();
    expect(counts.counted_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(counts.accounts).toEqual({ total: 3, confirmed: 0, disabled: 1 });
    expect(counts.active).toEqual({ day: 3, week: 3, month: 3 });
  });

  it('counts follows by day', async () => {
    await unwrap(ada.client.put('/users/{username}/follow', { path: bob }));
    const { follows } = await stats();
    expect(follows.map(({ created }) => created)).toEqual([...Array<number>(29).fill(0), 1]);
  });

  const stats = (caller?: Caller): Promise<StatsResponse> =>
    unwrap((caller?.client ?? clientOf(app, admin)).get('/admin/stats'));

  const count = (instance = app): Promise<void> => instance.nestApp.get(StatsJob).run();

  it('writes nothing when somebody looks', async () => {
    const { statements } = await watchQueries(() => stats());
    expect(statements.join()).not.toMatch(/INSERT|UPDATE|DELETE/);
  });

  it('counts many accounts once a day, not at each look, and says when', async () => {
    jest.replaceProperty(COUNTED_DAILY, 'aboveRows', 3);
    const counting = /FROM (?:users|sessions|audit_events) /;
    const looks = async (): Promise<string[]> => {
      const { statements } = await watchQueries(async () => {
        for (let time = 0; time < 3; time += 1) await stats();
      });
      return statements.filter((statement) => counting.test(statement));
    };
    expect(await looks()).not.toEqual([]);
    await count();
    expect(await looks()).toEqual([]);
    await person(app, 'eve');
    const before = await stats();
    expect([before.accounts.total, before.active.day]).toEqual([3, 3]);
    await count();
    expect(await stats()).toEqual(before);
    app.clock.advance('24h');
    await moveNewConnections(app.databaseUrl, app.clock);
    await count();
    const next = await stats();
    expect(next.accounts.total).toBe(4);
    expect(Date.parse(next.counted_at) - Date.parse(before.counted_at)).toBeGreaterThanOrEqual(86_400_000);
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
    expect((await stats()).accounts.total).toBe(4);
  });

  it('counts accounts once where two instances do it at the same moment', async () => {
    jest.replaceProperty(COUNTED_DAILY, 'aboveRows', 3);
    const other = await TestApp.start({ sharing: app });
    try {
      const { statements } = await watchQueries(() => Promise.all([app, other, app, other].map(count)));
      expect(statements.filter((statement) => statement.includes('INSERT INTO account_counts'))).toHaveLength(1);
    } finally {
      await other.stop();
    }
  });

  describe.each(COUNTED)('of $noun', ({ noun, insert }) => {
    /** @param days before today */
    const add = (days: number, time: string): Promise<unknown> =>
      app.pool.query(
        `${insert}
         VALUES ($1, 'x', (date_trunc('day', now() AT TIME ZONE 'UTC') - $2 * interval '1 day' + $3::interval) AT TIME ZONE 'UTC')`,
        [ada.id, days, time],
      );
    /** Of the last days, today last. */
    const createdIn = async (days: number): Promise<number[]> =>
      (await stats())[noun].slice(-days).map(({ created }) => created);

    it('counts by days in UTC, from their first moment to their last, also days without anything', async () => {
      for (const [days, time] of [
        [30, '23:59:59.999'],
        [29, '0'],
        [2, '0'],
        [2, '23:59:59.999'],
        [0, '0'],
      ] as const)
        await add(days, time);
      const expected = [1, ...Array<number>(26).fill(0), 2, 0, 1];
      for (let time = 0; time < 2; time += 1) expect(await createdIn(30)).toEqual(expected);
    });

    it('never reads a day again that the job counted after its end, and of today what is new', async () => {
      await add(2, '12:00');
      await add(0, '0');
      expect(await createdIn(3)).toEqual([1, 0, 1]);
      await count();
      await add(2, '13:00');
      await app.pool.query(`${insert} VALUES ($1, 'x', now())`, [ada.id]);
      expect(await createdIn(3)).toEqual([1, 0, 2]);
      await count();
      expect(await createdIn(3)).toEqual([1, 0, 2]);
      await app.pool.query(`DELETE FROM ${noun}`);
      expect((await createdIn(3))[0]).toBe(1);
    });

    it('counts a day anew until its end, by the clock of the database', async () => {
      await add(0, '0');
      expect(await createdIn(1)).toEqual([1]);
      await count();
      await add(0, '23:59:59.999');
      app.clock.advance('48h');
      await moveNewConnections(app.databaseUrl, app.clock);
      expect(await createdIn(3)).toEqual([2, 0, 0]);
      await count();
      await add(0, '0');
      expect(await createdIn(3)).toEqual([2, 0, 0]);
    });

    it('counts each day once where two instances do it at the same moment', async () => {
      const other = await TestApp.start({ sharing: app });
      try {
        for (let day = 1; day < 30; day += 1) await add(day, '12:00');
        const change = app.pool.query(`DELETE FROM ${noun} WHERE id % 2 = 0`);
        await Promise.all([app, other, app, other].map(count));
        await change;
        const first = await createdIn(30);
        await app.pool.query(`DELETE FROM ${noun}`);
        await count(other);
        expect(await createdIn(30)).toEqual(first);
        const counted = 'SELECT count(*)::int FROM daily_counts WHERE noun = $1';
        expect((await app.pool.query(counted, [noun])).rows).toEqual([{ count: 30 }]);
      } finally {
        await other.stop();
      }
    });
  });

  it('forgets who was active long ago', async () => {
    app.clock.advance('3d');
    const returning = await login(app, admin.email);
    expect((await stats(returning)).active).toEqual({ day: 1, week: 3, month: 3 });
  });
});

it('is for admins only', async () => {
  const moderator = await staff(app, 'moderator');
  const answers = (caller: Caller) =>
    Promise.all([
      caller.client.get('/admin/users'),
      show(caller, ada.id),
      sessions(caller, ada.id),
      caller.client.get('/admin/audit'),
      caller.client.get('/admin/stats'),
    ]);
  for (const answer of await answers(app)) expectRefused(answer, 'authentication_required');
  for (const caller of [ada, moderator])
    for (const answer of await answers(caller)) expectRefused(answer, 'insufficient_role', 403);
});
