/** What clients are answered, and what the log says, for each kind of error that PostgreSQL reports. */
import { DataSource } from 'typeorm';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { PASSWORD, person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';

let app: TestApp;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  app = await TestApp.start({ env: { DATABASE_POOL_MAX: '1', REGISTER_CONFLICT: 'conceal' } });
  ada = await person(app, 'ada');
  bob = await person(app, 'bob');
  // A bio says which error its change meets, and how often.
  await app.pool.query(`
    CREATE SEQUENCE attempts;
    CREATE FUNCTION fail_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('attempts') <= split_part(NEW.bio, ' ', 2)::int THEN
        RAISE EXCEPTION 'for a test' USING ERRCODE = split_part(NEW.bio, ' ', 1);
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER changes_fail BEFORE UPDATE OF bio ON users FOR EACH ROW WHEN (NEW.bio ~ '^[0-9A-Z]{5} \\d+$') EXECUTE FUNCTION fail_changes();
    CREATE FUNCTION fail_users() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('attempts') <= 1 THEN RAISE EXCEPTION 'for a test' USING ERRCODE = '40P01'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER users_fail BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.email LIKE 'met-%') EXECUTE FUNCTION fail_users();
  `);
});

beforeEach(() => app.pool.query('ALTER SEQUENCE attempts RESTART'));

afterAll(() => app.stop());

const meet = (sqlstate: string, times: number): ReturnType<typeof app.api.post> =>
  ada.api.patch('/users/me', { bio: `${sqlstate} ${times}` });

const said = (requestId: string | null): Record<string, unknown> | undefined =>
  app.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find(({ request_id, path }) => request_id === requestId && path === undefined);

describe('transactions that meet', () => {
  it.each(['40001', '40P01'])('are done once more: %s [V15.4.3]', async (sqlstate) => {
    const { status, body } = await meet(sqlstate, 1);
    expect([status, body.bio]).toEqual([200, `${sqlstate} 1`]);
    const { rows } = await app.pool.query('SELECT last_value::int AS attempts FROM attempts');
    expect(rows).toEqual([{ attempts: 2 }]);
  });

  it.each(['40001', '40P01', '55P03'])('again and again are 503, and no lost database: %s', async (sqlstate) => {
    const answer = await meet(sqlstate, 9);
    expectProblem(answer, 503, 'overloaded');
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  it('are done once more as a whole', async () => {
    const email = 'met-somebody@example.org';
    expect((await app.api.post('/auth/register', { email, password: PASSWORD })).status).toBe(201);
    expect((await app.api.post('/auth/login', { email, password: PASSWORD })).status).toBe(200);
  });
});

describe('a lost connection', () => {
  it.each(['08006', '08P01', '57P01', '57P02', '57P03', '57P05', '57014', '25P03', '28P01', '3D000', '55000', '40003'])(
    'is 503 with Retry-After, and no alarm: %s',
    async (sqlstate) => {
      const answer = await meet(sqlstate, 9);
      expectProblem(answer, 503, 'database_unavailable');
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(said(answer.headers.get('x-request-id'))).toMatchObject({ level: 'warn', reason: sqlstate });
    },
  );

  /** From now on, on the connections of Roost. */
  async function endBackendsAt(event: string): Promise<void> {
    await app.pool.query(`
      CREATE OR REPLACE FUNCTION end_backend() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_terminate_backend(pg_backend_pid());
        RETURN NEW;
      END $$;
      CREATE TRIGGER ends BEFORE ${event} FOR EACH ROW EXECUTE FUNCTION end_backend();
    `);
  }

  it.each<[string, string, () => Promise<Answer>]>([
    ['a login', 'INSERT ON sessions', () => app.api.post('/auth/login', { email: ada.email, password: PASSWORD })],
    ['a refresh', 'UPDATE ON sessions', () => app.api.post('/auth/refresh', { refresh_token: ada.refresh_token })],
    ['a change', 'UPDATE ON users', () => ada.api.patch('/users/me', { bio: 'lost' })],
    ['a follow', 'INSERT ON follows', () => ada.api.put(`/users/${bob.username}/follow`)],
  ])('is 503 also where it is lost in the midst of %s', async (_, event, send) => {
    await endBackendsAt(event);
    try {
      expectProblem(await send(), 503, 'database_unavailable');
    } finally {
      await app.pool.query(`DROP TRIGGER ends ON ${event.replace(/.* ON /, '')}`);
    }
    expect((await ada.api.get('/users/me')).status).toBe(200);
  });

  it('that is found dead before a transaction has begun costs nothing', async () => {
    const database = app.nestApp.get(DataSource);
    await database.query('SELECT 1');
    // Waits until they are gone: one that is only going may still begin a transaction.
    await app.pool.query(
      `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'roost'`,
    );
    expect((await ada.api.patch('/users/me', { bio: 'kept' })).status).toBe(200);
  });
});

describe('a database that cannot work until somebody mends it', () => {
  it.each([
    ['25006', /read-only/],
    ['42501', /lacks a right/],
    ['53100', /disk .* full/],
    ['53200', /memory/],
    ['53300', /max_connections/],
    ['53400', /too little/],
    ['58030', /read or write/],
    ['F0000', /configuration/],
    ['XX001', /corrupted/],
    ['XX002', /corrupted/],
    ['XX000', /error of its own/],
  ])('is 503 for the client and an error in the log: %s', async (sqlstate, alarm) => {
    const answer = await meet(sqlstate, 9);
    expectProblem(answer, 503, 'database_unavailable');
    expect(said(answer.headers.get('x-request-id'))).toMatchObject({
      level: 'error',
      event: 'database_faulty',
      reason: sqlstate,
      msg: expect.stringMatching(alarm),
    });
  });
});

describe('a pool of one connection', () => {
  it.each([
    ['known', () => ada.email],
    ['unknown', () => 'unknown@example.org'],
  ])('is enough to register an address that is %s, with a username', async (_, email) => {
    const body = { email: email(), password: PASSWORD, username: 'somebody_new' };
    expect((await app.api.post('/auth/register', body)).status).toBe(201);
  });
});
