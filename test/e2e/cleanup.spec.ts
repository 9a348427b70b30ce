import { Cleanup } from '../../src/database/cleanup/cleanup.js';
import { TestApp } from '../support/app.js';
import { confirmAddress, login, PASSWORD, person, type Person } from '../support/people.js';
import { expectDead, expectLive, refreshed } from '../support/sessions.js';

describe('clean-up', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  beforeEach(async () => {
    await app.forget();
    ada = await person(app, 'ada');
  });

  afterAll(() => app.stop());

  const counts = async (): Promise<unknown> =>
    (
      await app.pool.query(
        `SELECT (SELECT count(*)::int FROM sessions) AS sessions, (SELECT count(*)::int FROM revocations) AS revocations`,
      )
    ).rows[0];

  const cleanUp = (instance = app, batch?: number): Promise<unknown> => instance.nestApp.get(Cleanup).run(batch);

  it('leaves everything that a token could still ask for', async () => {
    const phone = await login(app, ada.email);
    await app.api.as(phone.access_token).post('/auth/logout');
    app.clock.advance('24h');
    expect(await cleanUp()).toMatchObject({ sessions: 0, revocations: 0 });
    await expectDead(app, phone);
  });

  it('takes sessions and revocations 25 hours after their end, and no live session [V14.2.7]', async () => {
    const phone = await login(app, ada.email);
    await app.api.as(phone.access_token).post('/auth/logout');
    app.clock.advance('26h');
    const tokens = await refreshed(app, ada.refresh_token);
    expect(await cleanUp()).toMatchObject({ sessions: 1, revocations: 1 });
    await expectLive(app, tokens);
  });

  it('takes sessions that ended by themselves', async () => {
    app.clock.advance('30d');
    expect(await cleanUp()).toMatchObject({ sessions: 0, revocations: 0 });
    app.clock.advance('2d');
    expect(await cleanUp()).toMatchObject({ sessions: 1, revocations: 0 });
  });

  it('works in batches, on several instances at once, and takes each row once', async () => {
    await app.pool.query(
      `INSERT INTO revocations (session_id, created_at) SELECT gen_random_uuid(), now() - interval '26 hours' FROM generate_series(1, 500)`,
    );
    const other = await TestApp.start({ sharing: app });
    try {
      const done = (await Promise.all([cleanUp(app, 7), cleanUp(other, 7)])) as { revocations: number }[];
      expect(done.reduce((sum, { revocations }) => sum + revocations, 0)).toBe(500);
      expect(await counts()).toEqual({ sessions: 1, revocations: 0 });
    } finally {
      await other.stop();
    }
  });

  it('takes counted guesses when they are forgotten, and none that an account still waits for', async () => {
    await app.pool.query(
      `INSERT INTO login_failures (id, count, counted_at, blocked_until)
       VALUES ('old', 1, now(), NULL), ('paused', 5, now(), now() + interval '1 s'),
              ('locked', 100, now(), now() + interval '30 days'), ('new', 1, now() + interval '2 hours', NULL)`,
    );
    app.clock.advance('23h');
    expect(await cleanUp()).toMatchObject({ login_failures: 0 });
    app.clock.advance('2h');
    expect(await cleanUp()).toMatchObject({ login_failures: 2 });
    app.clock.advance('29d');
    expect(await cleanUp()).toMatchObject({ login_failures: 2 });
  });

  it('takes addresses that were not used for 90 days', async () => {
    app.clock.advance('89d');
    expect(await cleanUp()).toMatchObject({ known_addresses: 0 });
    app.clock.advance('2d');
    expect(await cleanUp()).toMatchObject({ known_addresses: 1 });
  });

  it('takes addresses of before when they cannot be had back any more', async () => {
    await confirmAddress(app, ada.email);
    await ada.api.post('/users/me/email', { email: `new-${ada.email}`, current_password: PASSWORD });
    app.clock.advance('6d');
    expect(await cleanUp()).toMatchObject({ former_addresses: 0 });
    app.clock.advance('1d');
    expect(await cleanUp()).toMatchObject({ former_addresses: 1 });
  });

  it('does not wait for a row that somebody holds', async () => {
    const phone = await login(app, ada.email);
    await app.api.as(phone.access_token).post('/auth/logout');
    app.clock.advance('26h');
    const holder = await app.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM sessions WHERE revoked_at IS NOT NULL FOR UPDATE');
      expect(await cleanUp()).toMatchObject({ sessions: 0, revocations: 1 });
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(await cleanUp()).toMatchObject({ sessions: 1, revocations: 0 });
  });

  it('goes on with the other tables where one fails', async () => {
    await app.pool.query(
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'for a test'; END $$;
       CREATE TRIGGER sessions_fail BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION fail()`,
    );
    const phone = await login(app, ada.email);
    await app.api.as(phone.access_token).post('/auth/logout');
    app.clock.advance('91d');
    try {
      expect(await cleanUp()).toMatchObject({ sessions: 0, revocations: 1, known_addresses: 1 });
    } finally {
      await app.pool.query('DROP FUNCTION fail CASCADE');
    }
    const failed = app.log.filter((line) => line.includes('clean_up_failed')).map((line) => JSON.parse(line).table);
    expect(failed).toEqual(['sessions']);
  });

  it('takes smaller batches where one takes too long', async () => {
    await app.pool.query(
      `INSERT INTO revocations (session_id, created_at) SELECT gen_random_uuid(), now() - interval '26 hours' FROM generate_series(1, 25);
       CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF (SELECT count(*) FROM gone) > 10 THEN RAISE 'too long' USING ERRCODE = '57014'; END IF;
         RETURN NULL;
       END $$;
       CREATE TRIGGER revocations_take_long AFTER DELETE ON revocations REFERENCING OLD TABLE AS gone
         FOR EACH STATEMENT EXECUTE FUNCTION take_long()`,
    );
    try {
      expect(await cleanUp()).toMatchObject({ revocations: 25 });
    } finally {
      await app.pool.query('DROP FUNCTION take_long CASCADE');
    }
  });
});
