import pg from 'pg';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { login, person, type Person, type Tokens } from '../support/people.js';

const SECRET = 'a-key-that-signs-the-sessions-of-these-tests';
const NEW_SECRET = 'a-key-that-takes-its-place-when-it-is-rotated';

describe('sessions', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { JWT_SECRET: SECRET } });
  });

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  afterAll(() => app.stop());

  const refresh = (token: unknown, on = app): Promise<Answer> => on.api.post('/auth/refresh', { refresh_token: token });
  const me = (accessToken: string, on = app): Promise<Answer> => on.api.as(accessToken).get('/auth/me');

  async function refreshed(token: string): Promise<Tokens> {
    const answer = await refresh(token);
    expect(answer.status).toBe(200);
    return answer.body as Tokens;
  }

  function expectRefused(answer: Answer, code: string, status = 401): void {
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body).not.toHaveProperty('access_token');
  }

  async function expectLive({ access_token, refresh_token }: Tokens): Promise<void> {
    expect((await me(access_token)).status).toBe(200);
    expect((await refresh(refresh_token)).status).toBe(200);
  }

  async function expectDead({ access_token, refresh_token }: Tokens, on = app): Promise<void> {
    expectRefused(await me(access_token, on), 'token_revoked');
    expectRefused(await refresh(refresh_token, on), 'invalid_refresh_token');
  }

  async function sessionsOf({ id }: Person): Promise<Record<string, any>[]> {
    const { rows } = await app.pool.query<Record<string, any>>(
      'SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at, id',
      [id],
    );
    return rows;
  }

  describe('a login', () => {
    it('starts a session that remembers where it came from', async () => {
      await app.api.with({ 'user-agent': 'Lovelace/1.0' }).post('/auth/login', {
        email: ada.email,
        password: 'correct horse battery',
      });
      const [, session] = await sessionsOf(ada);
      expect(session).toMatchObject({ seq: 0, prev_salt: null, ip: '127.0.0.1', user_agent: 'Lovelace/1.0' });
    });

    it('takes whatever a client calls itself, and cuts it short', async () => {
      const answer = await app.api
        .with({ 'user-agent': '\u00ff'.repeat(2_000) })
        .post('/auth/login', { email: ada.email, password: 'correct horse battery' });
      expect(answer.status).toBe(200);
      expect((await sessionsOf(ada))[1]?.user_agent).toHaveLength(512);
    });

    it.each([
      ['198.51.100.7', '198.51.100.7'],
      ['2001:db8::7', '2001:db8::7'],
      ['fe80::1%eth0', 'fe80::1'],
      ['198.51.100.7:4711', null],
      ['unknown', null],
    ])('that a trusted proxy says came from %s is kept as from %s', async (forwarded, ip) => {
      const proxied = await TestApp.start({ sharing: app, env: { TRUST_PROXY: '127.0.0.1' } });
      try {
        const client = proxied.api.with({ 'x-forwarded-for': forwarded });
        const answer = await client.post('/auth/login', { email: ada.email, password: 'correct horse battery' });
        expect(answer.status).toBe(200);
        expect((await sessionsOf(ada))[1]?.ip).toBe(ip);
        expect((await client.post('/auth/refresh', { refresh_token: answer.body.refresh_token })).status).toBe(200);
      } finally {
        await proxied.stop();
      }
    });
  });

  describe('POST /auth/refresh', () => {
    it('gives the next refresh token and a new access token of the same session', async () => {
      const answer = await refresh(ada.refresh_token);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        token_type: 'bearer',
        expires_in: 86_400,
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body.refresh_token).not.toBe(ada.refresh_token);
      expect(answer.body.access_token).not.toBe(ada.access_token);
      expect((await me(answer.body.access_token)).body.id).toBe(ada.id);
      expect(await sessionsOf(ada)).toHaveLength(1);
    });

    it('goes on for generations', async () => {
      let tokens: Tokens = ada;
      for (let generation = 0; generation < 5; generation += 1) {
        app.clock.advance('1h');
        tokens = await refreshed(tokens.refresh_token);
      }
      await expectLive(tokens);
    });

    it('tells the new access token what the account is now', async () => {
      await app.pool.query("UPDATE users SET role = 'moderator', token_epoch = 7 WHERE id = $1", [ada.id]);
      const { access_token } = await refreshed(ada.refresh_token);
      const claims = Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString();
      expect(JSON.parse(claims)).toMatchObject({ role: 'moderator', epoch: 7 });
    });

    it.each([
      ['no body', undefined, '#/refresh_token'],
      ['no token', {}, '#/refresh_token'],
      ['an empty token', { refresh_token: '' }, '#/refresh_token'],
      ['null', { refresh_token: null }, '#/refresh_token'],
      ['a number', { refresh_token: 1 }, '#/refresh_token'],
      ['a list', { refresh_token: ['a'] }, '#/refresh_token'],
      ['an object', { refresh_token: { token: 'a' } }, '#/refresh_token'],
      ['a token with NUL', { refresh_token: 'a\0' }, '#/refresh_token'],
      ['another field', { refresh_token: 'a', role: 'admin' }, '#/role'],
    ])('refuses %s as invalid', async (_, body, pointer) => {
      const answer = await app.api.post('/auth/refresh', body);
      expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([
        400,
        'validation_failed',
        pointer,
      ]);
    });

    describe('with the token used last', () => {
      it('repeats its answer within the grace, byte for byte, and changes nothing', async () => {
        const child = await refreshed(ada.refresh_token);
        const before = await sessionsOf(ada);
        app.clock.advance('29s');
        const again = await refreshed(ada.refresh_token);
        expect(again.refresh_token).toBe(child.refresh_token);
        expect(again.access_token).not.toBe(child.access_token);
        expect(await sessionsOf(ada)).toEqual(before);
        await expectLive(again);
      });

      it('replaces the child after the grace', async () => {
        const lost = await refreshed(ada.refresh_token);
        app.clock.advance('31s');
        const child = await refreshed(ada.refresh_token);
        expect(child.refresh_token).not.toBe(lost.refresh_token);
        expect((await refreshed(ada.refresh_token)).refresh_token).toBe(child.refresh_token);
        await expectLive(child);
      });

      it('replaces the child as often as the reply is lost', async () => {
        for (let lost = 0; lost < 4; lost += 1) {
          await refreshed(ada.refresh_token);
          app.clock.advance('1h');
        }
        await expectLive(await refreshed(ada.refresh_token));
      });

      it('gives 50 parallel requests one and the same child', async () => {
        const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(ada.refresh_token)));
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
        expect(new Set(answers.map(({ body }) => body.refresh_token as string)).size).toBe(1);
        await expectLive(answers[0]?.body);
      });

      it('gives 50 parallel retries after the grace one and the same new child', async () => {
        const lost = await refreshed(ada.refresh_token);
        app.clock.advance('31s');
        const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(ada.refresh_token)));
        const children = new Set(answers.map(({ body }) => body.refresh_token as string));
        expect(children.size).toBe(1);
        expect(children).not.toContain(lost.refresh_token);
        await expectLive(answers[0]?.body);
      });
    });

    describe('by two parties', () => {
      it('ends the session, and its access tokens at once, when an older token is used', async () => {
        const owner = await refreshed(ada.refresh_token);
        const next = await refreshed(owner.refresh_token);
        expectRefused(await refresh(ada.refresh_token), 'refresh_token_reused');
        for (const tokens of [ada, owner, next]) await expectDead(tokens);
      });

      it('ends the session when a child is used that was superseded', async () => {
        const thief = await refreshed(ada.refresh_token);
        app.clock.advance('31s');
        const owner = await refreshed(ada.refresh_token);
        expectRefused(await refresh(thief.refresh_token), 'refresh_token_reused');
        for (const tokens of [ada, thief, owner]) await expectDead(tokens);
      });

      it('ends the session when the superseding child was used already', async () => {
        const owner = await refreshed(ada.refresh_token);
        app.clock.advance('31s');
        const thief = await refreshed((await refreshed(ada.refresh_token)).refresh_token);
        expectRefused(await refresh(owner.refresh_token), 'refresh_token_reused');
        await expectDead(thief);
      });

      it('writes the reuse down, although the request fails', async () => {
        const { refresh_token } = await refreshed(ada.refresh_token);
        await refreshed(refresh_token);
        await refresh(ada.refresh_token);
        const [session] = await sessionsOf(ada);
        expect(session).toMatchObject({ revoked_at: expect.any(Date), revoked_reason: 'reuse' });
        const { rows } = await app.pool.query('SELECT 1 FROM revocations WHERE session_id = $1', [session?.id]);
        expect(rows).toHaveLength(1);
        const lines = app.log.map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(lines).toContainEqual(
          expect.objectContaining({ level: 'warn', code: 'refresh_token_reused', session: session?.id }),
        );
      });

      it('ends no other session of the account', async () => {
        const other = await login(app, ada.email);
        const { refresh_token } = await refreshed(ada.refresh_token);
        await refreshed(refresh_token);
        expectRefused(await refresh(ada.refresh_token), 'refresh_token_reused');
        await expectLive(other);
      });
    });

    it('refuses a generation that was never given, as after a restored backup, and ends nothing', async () => {
      const { refresh_token } = await refreshed(ada.refresh_token);
      const [row] = await sessionsOf(ada);
      const ahead = await refreshed(refresh_token);
      await app.pool.query('UPDATE sessions SET seq = 0, salt = $2, prev_salt = NULL WHERE id = $1', [
        row?.id,
        row?.prev_salt,
      ]);
      expectRefused(await refresh(ahead.refresh_token), 'invalid_refresh_token');
      expectRefused(await refresh(refresh_token), 'invalid_refresh_token');
      await expectLive({ ...ada });
    });

    describe('in time', () => {
      it('refuses a session that was not used for 30 days', async () => {
        app.clock.advance('31d');
        expectRefused(await refresh(ada.refresh_token), 'invalid_refresh_token');
      });

      it('refuses an old token of an ended session as any other', async () => {
        const { refresh_token } = await refreshed(ada.refresh_token);
        await refreshed(refresh_token);
        app.clock.advance('31d');
        expectRefused(await refresh(ada.refresh_token), 'invalid_refresh_token');
      });

      it('refuses a session after 90 days, however much it is used', async () => {
        let tokens: Tokens = ada;
        for (let month = 0; month < 3; month += 1) {
          app.clock.advance('29d');
          tokens = await refreshed(tokens.refresh_token);
        }
        app.clock.advance('2d');
        tokens = await refreshed(tokens.refresh_token);
        app.clock.advance('2d');
        expectRefused(await refresh(tokens.refresh_token), 'invalid_refresh_token');
      });

      it('lets a repeated answer prolong nothing', async () => {
        await refreshed(ada.refresh_token);
        const [before] = await sessionsOf(ada);
        app.clock.advance('20s');
        await refreshed(ada.refresh_token);
        expect((await sessionsOf(ada))[0]?.expires_at).toEqual(before?.expires_at);
      });
    });

    it('tells a disabled account so, and nothing more', async () => {
      await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
      expectRefused(await refresh(ada.refresh_token), 'account_disabled', 403);
      await app.pool.query("UPDATE users SET status = 'active' WHERE id = $1", [ada.id]);
      await expectLive(ada);
    });

    it('refuses the token of an account that is gone', async () => {
      await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
      expectRefused(await refresh(ada.refresh_token), 'invalid_refresh_token');
    });

    describe('with what is no token of ours', () => {
      const altered: [string, (token: string) => string][] = [
        ['made up', () => 'made-up'],
        ['made up, of the right length', (token) => 'A'.repeat(token.length)],
        ['very long', () => 'A'.repeat(50_000)],
        ['an access token', () => ada.access_token],
        ['truncated', (token) => token.slice(0, -1)],
        ['truncated to its head', (token) => token.slice(0, -43)],
        ['doubled', (token) => token + token],
        ['padded', (token) => `${token}=`],
        ['followed by a newline', (token) => `${token}\n`],
        ['preceded by a space', (token) => ` ${token}`],
        ['in base64 instead of base64url', (token) => Buffer.from(token, 'base64url').toString('base64')],
        ['in hexadecimal', (token) => Buffer.from(token, 'base64url').toString('hex')],
        ['in upper case', (token) => token.toUpperCase()],
        ['SQL', () => "' OR 1=1; --"],
      ];

      it.each(altered)('refuses one that is %s', async (_, alter) => {
        expectRefused(await refresh(alter(ada.refresh_token)), 'invalid_refresh_token');
        await expectLive(ada);
      });

      it('refuses one with any bit flipped, without a query', async () => {
        const genuine = Buffer.from(ada.refresh_token, 'base64url');
        const queries = jest.spyOn(pg.Client.prototype, 'query');
        try {
          for (let at = 0; at < genuine.length; at += 1) {
            const forged = Buffer.from(genuine);
            forged.writeUInt8(genuine.readUInt8(at) ^ (1 << (at % 8)), at);
            expectRefused(await refresh(forged.toString('base64url')), 'invalid_refresh_token');
          }
          expect(queries).not.toHaveBeenCalled();
          await refreshed(ada.refresh_token);
          expect(queries).toHaveBeenCalled();
        } finally {
          queries.mockRestore();
        }
      });
    });

    describe('while secrets are rotated', () => {
      it('takes tokens of the previous secret, and gives ones of the new', async () => {
        const rotated = await TestApp.start({
          sharing: app,
          env: { JWT_SECRET: NEW_SECRET, JWT_SECRET_PREVIOUS: SECRET },
        });
        const onlyNew = await TestApp.start({ sharing: app, env: { JWT_SECRET: NEW_SECRET } });
        for (const instance of [rotated, onlyNew]) instance.clock.offsetMs = app.clock.offsetMs;
        try {
          expect((await me(ada.access_token, rotated)).status).toBe(200);
          expectRefused(await me(ada.access_token, onlyNew), 'invalid_token');
          expectRefused(await refresh(ada.refresh_token, onlyNew), 'invalid_refresh_token');
          const { body } = await refresh(ada.refresh_token, rotated);
          expect((await me(body.access_token, onlyNew)).status).toBe(200);
          expect((await refresh(body.refresh_token, onlyNew)).status).toBe(200);
          expectRefused(await refresh(body.refresh_token), 'invalid_refresh_token');
        } finally {
          await rotated.stop();
          await onlyNew.stop();
        }
      });
    });
  });

  describe('POST /auth/logout', () => {
    let phone: Tokens;
    let bob: Person;

    beforeEach(async () => {
      phone = await login(app, ada.email);
      bob = await person(app, 'bob');
    });

    it.each([
      ['without a body', undefined],
      ['with an empty object', {}],
      ['with the scope local', { scope: 'local' }],
    ])('ends the session of the caller, and only that, %s', async (_, body) => {
      const answer = await ada.api.post('/auth/logout', body);
      expect([answer.status, answer.body]).toEqual([200, { message: 'Logged out successfully' }]);
      await expectDead(ada);
      await expectLive(phone);
      await expectLive(bob);
    });

    it('ends all other sessions with the scope others', async () => {
      const tablet = await login(app, ada.email);
      expect((await ada.api.post('/auth/logout', { scope: 'others' })).status).toBe(200);
      await expectDead(phone);
      await expectDead(tablet);
      await expectLive(ada);
      await expectLive(bob);
    });

    it('ends all sessions with the scope global', async () => {
      expect((await ada.api.post('/auth/logout', { scope: 'global' })).status).toBe(200);
      await expectDead(ada);
      await expectDead(phone);
      await expectLive(bob);
      await expectLive(await login(app, ada.email));
    });

    it('ends every access token of the session, of whatever generation', async () => {
      const next = await refreshed(ada.refresh_token);
      await app.api.as(next.access_token).post('/auth/logout');
      expectRefused(await me(ada.access_token), 'token_revoked');
      await expectDead(next);
    });

    it.each(['local', 'others', 'global'] as const)(
      'ends access tokens that outlive their session, with the scope %s',
      async (scope) => {
        const short = await TestApp.start({ sharing: app, env: { SESSION_IDLE_TTL: '1m' } });
        try {
          const [own, other] = [await login(short, ada.email), await login(short, ada.email)];
          short.clock.advance('2m');
          expect((await me(own.access_token, short)).status).toBe(200);
          await short.api.as(own.access_token).post('/auth/logout', { scope });
          expect((await me(own.access_token, short)).status).toBe(scope === 'others' ? 200 : 401);
          expect((await me(other.access_token, short)).status).toBe(scope === 'local' ? 200 : 401);
        } finally {
          await short.stop();
        }
      },
    );

    it('cannot be done twice', async () => {
      await ada.api.post('/auth/logout');
      expectRefused(await ada.api.post('/auth/logout'), 'token_revoked');
    });

    it('ends the session of a refresh token', async () => {
      const answer = await app.api.post('/auth/logout', { refresh_token: ada.refresh_token });
      expect([answer.status, answer.body]).toEqual([200, { message: 'Logged out successfully' }]);
      await expectDead(ada);
      await expectLive(phone);
      expectRefused(await app.api.post('/auth/logout', { refresh_token: ada.refresh_token }), 'invalid_refresh_token');
    });

    it('takes the scope local with a refresh token', async () => {
      const body = { refresh_token: ada.refresh_token, scope: 'local' };
      expect((await app.api.post('/auth/logout', body)).status).toBe(200);
      await expectDead(ada);
    });

    it.each(['others', 'global'])('refuses the scope %s without a bearer token', async (scope) => {
      const answer = await app.api.post('/auth/logout', { refresh_token: ada.refresh_token, scope });
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '#/scope']);
      await expectLive(ada);
    });

    it('refuses a refresh token beside a bearer token', async () => {
      const answer = await ada.api.post('/auth/logout', { refresh_token: phone.refresh_token });
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '#/refresh_token']);
      await expectLive(ada);
      await expectLive(phone);
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
      await expectLive(ada);
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
      await expectLive(ada);
    });

    it('holds over a restart', async () => {
      await ada.api.post('/auth/logout');
      await app.api.post('/auth/logout', { refresh_token: phone.refresh_token });
      const restarted = await TestApp.start({ sharing: app, env: { JWT_SECRET: SECRET } });
      restarted.clock.offsetMs = app.clock.offsetMs;
      try {
        await expectDead(ada, restarted);
        await expectDead(phone, restarted);
        expect((await me(bob.access_token, restarted)).status).toBe(200);
      } finally {
        await restarted.stop();
      }
    });

    it('leaves no token alive that a refresh got at the same time', async () => {
      for (let round = 0; round < 100; round += 1) {
        const tokens = await login(app, ada.email);
        const loggedOut = app.api.as(tokens.access_token).post('/auth/logout');
        const [raced, again] = await Promise.all([
          refresh(tokens.refresh_token),
          refresh(tokens.refresh_token),
          loggedOut,
        ]);
        expect((await loggedOut).status).toBe(200);
        for (const { status, body } of [raced, again]) {
          expect([200, 401]).toContain(status);
          await expectDead(status === 200 ? (body as Tokens) : tokens);
        }
      }
    });

    it('and reuse at the same time end the session once, with no other answer than theirs', async () => {
      const { refresh_token, access_token } = await refreshed(ada.refresh_token);
      const latest = await refreshed(refresh_token);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          index % 2 ? refresh(ada.refresh_token) : app.api.as(access_token).post('/auth/logout'),
        ),
      );
      for (const { status } of answers) expect([200, 401]).toContain(status);
      await expectDead(latest);
      const [session] = await sessionsOf(ada);
      const { rows } = await app.pool.query('SELECT 1 FROM revocations WHERE session_id = $1', [session?.id]);
      expect(rows).toHaveLength(1);
    });
  });

  it('show up in no log and no table as anything that could be used', async () => {
    const child = await refreshed(ada.refresh_token);
    await refresh(`${child.refresh_token}x`);
    await app.api.as(`${child.access_token}x`).get('/auth/me');
    const last = await refreshed(child.refresh_token);
    await refresh(ada.refresh_token);
    const { rows } = await app.pool.query('SELECT s.*, r.* FROM sessions s, revocations r WHERE s.user_id = $1', [
      ada.id,
    ]);
    const kept = app.log.join('') + JSON.stringify(rows);
    expect(kept).toContain('refresh_token_reused');
    for (const { access_token, refresh_token } of [ada, child, last]) {
      expect(kept).not.toContain(access_token.split('.')[2]);
      expect(kept).not.toContain(refresh_token.slice(-40));
    }
  });
});
