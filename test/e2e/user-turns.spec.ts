/** One person’s requests do not keep the others from the database. */
import { TURNS } from '../../src/limits/turns.js';
import { TestApp } from '../support/app.js';
import { person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';

let app: TestApp;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  app = await TestApp.start({ env: { DATABASE_POOL_MAX: '8' } });
  [ada, bob] = [await person(app, 'ada'), await person(app, 'bob')];
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(() => app.stop());

const waiting = async (): Promise<number> => {
  const { rows } = await app.pool.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'roost' AND wait_event_type = 'Lock'`,
  );
  return rows[0].n as number;
};

it('has a quarter of the pool for one person, and the rest for everybody else [V13.1.2] [V13.2.6] [V15.4.4]', async () => {
  const holder = await app.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
    const writes = Array.from({ length: 40 }, (_, n) => ada.api.patch('/users/me', { bio: `${n}` }));
    await eventually(async () => (await waiting()) === 2);
    for (let n = 0; n < 10; n += 1) expect((await bob.api.get('/users/me')).status).toBe(200);
    expect(await waiting()).toBe(2);
    await holder.query('COMMIT');
    expect(new Set((await Promise.all(writes)).map(({ status }) => status))).toEqual(new Set([200]));
  } finally {
    holder.release();
  }
});

it("has turns for a person's scripts beside the person's own", async () => {
  const wish = { name: 'script', scopes: ['profile:write'], expires_in_days: 1 };
  const scripts = [await ada.api.post('/auth/tokens', wish), await ada.api.post('/auth/tokens', wish)];
  const holder = await app.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
    const writes = Array.from({ length: 20 }, (_, n) =>
      app.api.as(scripts[n % 2]?.body.token as string).patch('/users/me', { bio: `${n}` }),
    );
    await eventually(async () => (await waiting()) === 2);
    for (let n = 0; n < 10; n += 1) expect((await ada.api.get('/users/me')).status).toBe(200);
    expect(await waiting()).toBe(2);
    await holder.query('COMMIT');
    expect(new Set((await Promise.all(writes)).map(({ status }) => status))).toEqual(new Set([200]));
  } finally {
    holder.release();
  }
});

it('refuses what has waited for too long, and begins none of it', async () => {
  jest.replaceProperty(TURNS, 'waitMs', 100);
  const holder = await app.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
    const first = [1, 2].map((n) => ada.api.patch('/users/me', { bio: `begun ${n}` }));
    await eventually(async () => (await waiting()) === 2);
    for (const late of await Promise.all([3, 4, 5].map((n) => ada.api.patch('/users/me', { bio: `${n}` })))) {
      expectProblem(late, 503, 'overloaded');
      expect(late.headers.get('retry-after')).toBe('1');
      expect(late.body['violated-policies']).toEqual(['concurrent_requests']);
    }
    await holder.query('COMMIT');
    for (const { status } of await Promise.all(first)) expect(status).toBe(200);
  } finally {
    holder.release();
  }
  expect((await ada.api.get('/users/me')).body.bio).toMatch(/^begun/);
});

it('refuses what would wait behind too many, and forgets it afterwards', async () => {
  jest.replaceProperty(TURNS, 'waiting', 5);
  const holder = await app.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
    const writes = Array.from({ length: TURNS.waiting + 3 }, (_, n) => ada.api.patch('/users/me', { bio: `${n}` }));
    const refused = await Promise.race(
      writes.map(async (write) => {
        const answer = await write;
        return answer.status === 429 ? answer : new Promise<never>(() => undefined);
      }),
    );
    expect([refused.body.code, refused.headers.get('retry-after')]).toEqual(['rate_limited', '1']);
    await holder.query('COMMIT');
    const statuses = (await Promise.all(writes)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  } finally {
    holder.release();
  }
  expect((await ada.api.get('/users/me')).status).toBe(200);
});
