import pg from 'pg';

import { TestApp } from '../support/app.js';
import { endPool, someoneWaits } from '../support/database.js';
import { login, person, type Person, type Tokens } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused, me, refresh, refreshed, sessionsOf } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

describe('POST /auth/logout', () => {
  let app: TestApp;
  let ada: Person;
  let phone: Tokens;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { LOGIN_GUARD: 'on' } });
  });

  beforeEach(async () => {
    ada = await person(app, 'ada');
    phone = await login(app, ada.email);
    bob = await person(app, 'bob');
  });

  afterAll(() => app.stop());

  it.each([
    ['without a body', undefined],
    ['with an empty object', {}],
    ['with the scope local', { scope: 'local' }],
  ])('ends the session of the caller, and only that, %s', async (_, body) => {
    const answer = await ada.api.post('/auth/logout', body);
    expect([answer.status, answer.body]).toEqual([200, { message: 'Logged out successfully' }]);
    await expectDead(app, ada);
    await expectLive(app, phone);
    await expectLive(app, bob);
  });

  it('ends all other sessions with the scope others', async () => {
    const tablet = await login(app, ada.email);
    expect((await ada.api.post('/auth/logout', { scope: 'others' })).status).toBe(200);
    await expectDead(app, phone);
    await expectDead(app, tablet);
    await expectLive(app, ada);
    await expectLive(app, bob);
  });

  it.each([
    ['of others', () => ada.api.post('/auth/logout', { scope: 'others' })],
    ['of everything', () => ada.api.post('/auth/logout', { scope: 'global' })],
  ])('waits for a login that ends the oldest session, and is no deadlock: a logout %s', async (_, logout) => {
    const logsIn = await app.pool.connect();
    const watch = new pg.Pool({ connectionString: app.databaseUrl, max: 1 });
    try {
      // What a login does in a transaction: the account, the address, and then the session that is one too many.
      await logsIn.query(`BEGIN; SET LOCAL deadlock_timeout = '1ms'`);
      await logsIn.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [ada.id]);
      const seen = await logsIn.query('UPDATE known_addresses SET seen_at = seen_at');
      expect(seen.rowCount).toBeGreaterThan(0);
      const answer = logout();
      await eventually(() => someoneWaits(watch));
      await logsIn.query('SELECT FROM sessions WHERE user_id = $1 ORDER BY id FOR UPDATE', [ada.id]);
      await logsIn.query('COMMIT');
      expect((await answer).status).toBe(200);
    } finally {
      logsIn.release(true);
      await endPool(watch);
    }
  });

  it('ends all sessions with the scope global', async () => {
    expect((await ada.api.post('/auth/logout', { scope: 'global' })).status).toBe(200);
    await expectDead(app, ada);
    await expectDead(app, phone);
    await expectLive(app, bob);
    await expectLive(app, await login(app, ada.email));
  });

  it('ends every access token of the session, of whatever generation [V7.4.1] [R09] [T13]', async () => {
    const next = await refreshed(app, ada.refresh_token);
    await app.api.as(next.access_token).post('/auth/logout');
    expectRefused(await me(app, ada.access_token), 'token_revoked');
    await expectDead(app, next);
  });

  it.each(['local', 'others', 'global'] as const)(
    'ends access tokens that outlive their session, with the scope %s',
    async (scope) => {
      const short = await TestApp.start({ sharing: app, env: { SESSION_IDLE_TTL: '1m' } });
      try {
        const [own, other] = [await login(short, ada.email), await login(short, ada.email)];
        short.clock.advance('2m');
        expect((await me(short, own.access_token)).status).toBe(200);
        await short.api.as(own.access_token).post('/auth/logout', { scope });
        expect((await me(short, own.access_token)).status).toBe(scope === 'others' ? 200 : 401);
        expect((await me(short, other.access_token)).status).toBe(scope === 'local' ? 200 : 401);
      } finally {
        await short.stop();
      }
    },
  );

  it('cannot be done twice', async () => {
    await ada.api.post('/auth/logout');
    expectRefused(await ada.api.post('/auth/logout'), 'token_revoked');
  });

  it('ends the session of a refresh token [V10.4.9]', async () => {
    const answer = await app.api.post('/auth/logout', { refresh_token: ada.refresh_token });
    expect([answer.status, answer.body]).toEqual([200, { message: 'Logged out successfully' }]);
    await expectDead(app, ada);
    await expectLive(app, phone);
    expectRefused(await app.api.post('/auth/logout', { refresh_token: ada.refresh_token }), 'invalid_refresh_token');
  });

  it('takes the scope local with a refresh token', async () => {
    const body = { refresh_token: ada.refresh_token, scope: 'local' };
    expect((await app.api.post('/auth/logout', body)).status).toBe(200);
    await expectDead(app, ada);
  });

  it.each(['others', 'global'])('refuses the scope %s without a bearer token', async (scope) => {
    const answer = await app.api.post('/auth/logout', { refresh_token: ada.refresh_token, scope });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '#/scope']);
    await expectLive(app, ada);
  });

  it('refuses a refresh token beside a bearer token [V2.2.3]', async () => {
    const answer = await ada.api.post('/auth/logout', { refresh_token: phone.refresh_token });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '#/refresh_token']);
    await expectLive(app, ada);
    await expectLive(app, phone);
  });

  it.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['a scope', { scope: 'global' }],
  ])('refuses nobody, with %s', async (_, body) => {
    const answer = await app.api.post('/auth/logout', body);
    expectRefused(answer, 'authentication_required');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="roost"');
  });

  it('refuses a bad bearer token, whatever refresh token comes with it', async () => {
    const answer = await app.api.as('made.up.token').post('/auth/logout', { refresh_token: ada.refresh_token });
    expectRefused(answer, 'invalid_token');
    await expectLive(app, ada);
  });

  it.each(['made-up', 'A'.repeat(92), 'A'.repeat(50_000)])('refuses a made-up refresh token', async (token) => {
    expectRefused(await app.api.post('/auth/logout', { refresh_token: token }), 'invalid_refresh_token');
  });

  it.each([
    [{ scope: 'everybody' }, '#/scope'],
    [{ scope: null }, '#/scope'],
    [{ scope: ['local'] }, '#/scope'],
    [{ scope: 'constructor' }, '#/scope'],
    [{ refresh_token: '' }, '#/refresh_token'],
    [{ refresh_token: null }, '#/refresh_token'],
    [{ refresh_token: 7 }, '#/refresh_token'],
    [{ user_id: 'x' }, '#/user_id'],
  ])('refuses %j and names the field', async (body, pointer) => {
    const answer = await ada.api.post('/auth/logout', body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
    await expectLive(app, ada);
  });

  it('holds over a restart', async () => {
    await ada.api.post('/auth/logout');
    await app.api.post('/auth/logout', { refresh_token: phone.refresh_token });
    const restarted = await TestApp.start({ sharing: app });
    restarted.clock.offsetMs = app.clock.offsetMs;
    try {
      await expectDead(restarted, ada);
      await expectDead(restarted, phone);
      expect((await me(restarted, bob.access_token)).status).toBe(200);
    } finally {
      await restarted.stop();
    }
  });

  it('leaves no token alive that a refresh got at the same time, in whichever way the session ends [T12] [V15.4.2]', async () => {
    for (let round = 0; round < soaked(200, 20); round += 1) {
      const tokens = await login(app, ada.email);
      const bearer = app.api.as(tokens.access_token);
      const ways = [
        () => bearer.post('/auth/logout'),
        () => bearer.post('/auth/logout', { scope: 'global' }),
        () => app.api.post('/auth/logout', { refresh_token: tokens.refresh_token }),
      ];
      const loggedOut = ways[round % ways.length]?.();
      const [raced, again] = await Promise.all([
        refresh(app, tokens.refresh_token),
        refresh(app, tokens.refresh_token),
        loggedOut,
      ]);
      expect((await loggedOut)?.status).toBe(200);
      for (const { status, body } of [raced, again]) {
        expect([200, 401]).toContain(status);
        await expectDead(app, status === 200 ? (body as Tokens) : tokens);
      }
    }
  });

  it('and reuse at the same time end the session once, with no other answer than theirs', async () => {
    const { refresh_token, access_token } = await refreshed(app, ada.refresh_token);
    const latest = await refreshed(app, refresh_token);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 ? refresh(app, ada.refresh_token) : app.api.as(access_token).post('/auth/logout'),
      ),
    );
    for (const { status } of answers) expect([200, 401]).toContain(status);
    await expectDead(app, latest);
    const [session] = await sessionsOf(app, ada);
    const { rows } = await app.pool.query('SELECT 1 FROM revocations WHERE session_id = $1', [session?.id]);
    expect(rows).toHaveLength(1);
  });
});
