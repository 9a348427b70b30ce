import type { Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { login, PASSWORD, person, type Person, type Tokens } from '../support/people.js';
import { watchQueries } from '../support/queries.js';
import { expectDead, expectLive, expectRefused, me, refresh, refreshed, sessionsOf } from '../support/sessions.js';

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

  describe('a login', () => {
    it('starts a session that remembers where it came from [V7.2.4]', async () => {
      await app.api.with({ 'user-agent': 'Lovelace/1.0' }).post('/auth/login', {
        email: ada.email,
        password: PASSWORD,
      });
      const [, session] = await sessionsOf(app, ada);
      expect(session).toMatchObject({ seq: 0, prev_salt: null, ip: '127.0.0.1', user_agent: 'Lovelace/1.0' });
    });

    it('takes whatever a client calls itself, and cuts it short', async () => {
      const answer = await app.api
        .with({ 'user-agent': '\u00ff'.repeat(2_000) })
        .post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(answer.status).toBe(200);
      expect((await sessionsOf(app, ada))[1]?.user_agent).toHaveLength(512);
    });

    it.each([
      ['198.51.100.7', '198.51.100.7'],
      ['2001:db8::7', '2001:db8::7'],
      ['fe80::1%eth0', 'fe80::1'],
      ['198.51.100.7:4711', '198.51.100.7'],
      ['unknown', null],
    ])('that a trusted proxy says came from %s is kept as from %s', async (forwarded, ip) => {
      const proxied = await TestApp.start({ sharing: app, env: { TRUST_PROXY: '127.0.0.1' } });
      try {
        const client = proxied.api.with({ 'x-forwarded-for': forwarded });
        const answer = await client.post('/auth/login', { email: ada.email, password: PASSWORD });
        expect(answer.status).toBe(200);
        expect((await sessionsOf(app, ada))[1]?.ip).toBe(ip);
        expect((await client.post('/auth/refresh', { refresh_token: answer.body.refresh_token })).status).toBe(200);
      } finally {
        await proxied.stop();
      }
    });
  });

  describe('POST /auth/refresh', () => {
    it('gives the next refresh token and a new access token of the same session [V10.4.5]', async () => {
      const answer = await refresh(app, ada.refresh_token);
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
      expect((await me(app, answer.body.access_token)).body.id).toBe(ada.id);
      expect(await sessionsOf(app, ada)).toHaveLength(1);
    });

    it('goes on for generations', async () => {
      let tokens: Tokens = ada;
      for (let generation = 0; generation < 5; generation += 1) {
        app.clock.advance('1h');
        tokens = await refreshed(app, tokens.refresh_token);
      }
      await expectLive(app, tokens);
    });

    it('tells the new access token what the account is now', async () => {
      await app.pool.query("UPDATE users SET role = 'moderator', token_epoch = 7 WHERE id = $1", [ada.id]);
      const { access_token } = await refreshed(app, ada.refresh_token);
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
        const child = await refreshed(app, ada.refresh_token);
        const before = await sessionsOf(app, ada);
        app.clock.advance('20s');
        const again = await refreshed(app, ada.refresh_token);
        expect(again.refresh_token).toBe(child.refresh_token);
        expect(again.access_token).not.toBe(child.access_token);
        expect(await sessionsOf(app, ada)).toEqual(before);
        await expectLive(app, again);
      });

      it('replaces the child after the grace', async () => {
        const lost = await refreshed(app, ada.refresh_token);
        app.clock.advance('31s');
        const child = await refreshed(app, ada.refresh_token);
        expect(child.refresh_token).not.toBe(lost.refresh_token);
        expect((await refreshed(app, ada.refresh_token)).refresh_token).toBe(child.refresh_token);
        await expectLive(app, child);
      });

      it('replaces the child as often as the reply is lost', async () => {
        for (let lost = 0; lost < 4; lost += 1) {
          await refreshed(app, ada.refresh_token);
          app.clock.advance('1h');
        }
        await expectLive(app, await refreshed(app, ada.refresh_token));
      });

      it('gives 50 parallel requests one and the same child, generation after generation [V2.3.4] [V15.4.2] [T11]', async () => {
        let tokens: Tokens = ada;
        for (let generation = 0; generation < 3; generation += 1) {
          const { refresh_token } = tokens;
          const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(app, refresh_token)));
          expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
          expect(new Set(answers.map(({ body }) => body.refresh_token as string)).size).toBe(1);
          tokens = answers[0]?.body as Tokens;
          app.clock.advance('1h');
        }
        await expectLive(app, tokens);
      });

      it('gives 50 parallel retries after the grace one and the same new child', async () => {
        const lost = await refreshed(app, ada.refresh_token);
        app.clock.advance('31s');
        const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(app, ada.refresh_token)));
        const children = new Set(answers.map(({ body }) => body.refresh_token as string));
        expect(children.size).toBe(1);
        expect(children).not.toContain(lost.refresh_token);
        await expectLive(app, answers[0]?.body);
      });
    });

    describe('by two parties', () => {
      it('ends the session, and its access tokens at once, when an older token is used [V10.4.5] [R09] [T10]', async () => {
        const owner = await refreshed(app, ada.refresh_token);
        const next = await refreshed(app, owner.refresh_token);
        expectRefused(await refresh(app, ada.refresh_token), 'refresh_token_reused');
        for (const tokens of [ada, owner, next]) await expectDead(app, tokens);
      });

      it('ends the session when a child is used that was superseded', async () => {
        const thief = await refreshed(app, ada.refresh_token);
        app.clock.advance('31s');
        const owner = await refreshed(app, ada.refresh_token);
        expectRefused(await refresh(app, thief.refresh_token), 'refresh_token_reused');
        for (const tokens of [ada, thief, owner]) await expectDead(app, tokens);
      });

      it('ends the session when the superseding child was used already', async () => {
        const owner = await refreshed(app, ada.refresh_token);
        app.clock.advance('31s');
        const thief = await refreshed(app, (await refreshed(app, ada.refresh_token)).refresh_token);
        expectRefused(await refresh(app, owner.refresh_token), 'refresh_token_reused');
        await expectDead(app, thief);
      });

      it('writes the reuse down, although the request fails [V16.3.3] [T10]', async () => {
        const { refresh_token } = await refreshed(app, ada.refresh_token);
        await refreshed(app, refresh_token);
        await refresh(app, ada.refresh_token);
        const [session] = await sessionsOf(app, ada);
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
        const { refresh_token } = await refreshed(app, ada.refresh_token);
        await refreshed(app, refresh_token);
        expectRefused(await refresh(app, ada.refresh_token), 'refresh_token_reused');
        await expectLive(app, other);
      });
    });

    it('refuses a generation that was never given, as after a restored backup, and ends nothing', async () => {
      const { refresh_token } = await refreshed(app, ada.refresh_token);
      const [row] = await sessionsOf(app, ada);
      const ahead = await refreshed(app, refresh_token);
      await app.pool.query('UPDATE sessions SET seq = 0, salt = $2, prev_salt = NULL WHERE id = $1', [
        row?.id,
        row?.prev_salt,
      ]);
      expectRefused(await refresh(app, ahead.refresh_token), 'invalid_refresh_token');
      expectRefused(await refresh(app, refresh_token), 'invalid_refresh_token');
      await expectLive(app, { ...ada });
    });

    describe('in time', () => {
      it('refuses a session that was not used for 30 days [V7.3.1]', async () => {
        app.clock.advance('31d');
        expectRefused(await refresh(app, ada.refresh_token), 'invalid_refresh_token');
      });

      it('refuses an old token of an ended session as any other', async () => {
        const { refresh_token } = await refreshed(app, ada.refresh_token);
        await refreshed(app, refresh_token);
        app.clock.advance('31d');
        expectRefused(await refresh(app, ada.refresh_token), 'invalid_refresh_token');
      });

      it('refuses a session after 90 days, however much it is used [V7.3.2] [V10.4.8]', async () => {
        let tokens: Tokens = ada;
        for (let month = 0; month < 3; month += 1) {
          app.clock.advance('29d');
          tokens = await refreshed(app, tokens.refresh_token);
        }
        app.clock.advance('2d');
        tokens = await refreshed(app, tokens.refresh_token);
        app.clock.advance('2d');
        expectRefused(await refresh(app, tokens.refresh_token), 'invalid_refresh_token');
      });

      it('lets a repeated answer prolong nothing', async () => {
        await refreshed(app, ada.refresh_token);
        const [before] = await sessionsOf(app, ada);
        app.clock.advance('20s');
        await refreshed(app, ada.refresh_token);
        expect((await sessionsOf(app, ada))[0]?.expires_at).toEqual(before?.expires_at);
      });
    });

    it('tells a disabled account so, and nothing more', async () => {
      await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
      expectRefused(await refresh(app, ada.refresh_token), 'account_disabled', 403);
      await app.pool.query("UPDATE users SET status = 'active' WHERE id = $1", [ada.id]);
      await expectLive(app, ada);
    });

    it('refuses the token of an account that is gone', async () => {
      await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
      expectRefused(await refresh(app, ada.refresh_token), 'invalid_refresh_token');
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
        ['broken into lines', (token) => `${token.slice(0, 40)}\n${token.slice(40)}`],
        ['in hexadecimal', (token) => Buffer.from(token, 'base64url').toString('hex')],
        ['in upper case', (token) => token.toUpperCase()],
        ['SQL', () => "' OR 1=1; --"],
      ];

      it.each(altered)('refuses one that is %s', async (_, alter) => {
        expectRefused(await refresh(app, alter(ada.refresh_token)), 'invalid_refresh_token');
        await expectLive(app, ada);
      });

      it('refuses one with any bit flipped, without a query [V7.2.3]', async () => {
        const genuine = Buffer.from(ada.refresh_token, 'base64url');
        const { statements } = await watchQueries(async () => {
          for (let at = 0; at < genuine.length; at += 1) {
            const forged = Buffer.from(genuine);
            forged.writeUInt8(genuine.readUInt8(at) ^ (1 << (at % 8)), at);
            expectRefused(await refresh(app, forged.toString('base64url')), 'invalid_refresh_token');
          }
        });
        expect(statements).toEqual([]);
        expect((await watchQueries(() => refreshed(app, ada.refresh_token))).statements).not.toEqual([]);
      });
    });

    describe('while secrets are rotated', () => {
      it('takes cursors of the previous secret', async () => {
        const env = { JWT_SECRET: NEW_SECRET, JWT_SECRET_PREVIOUS: SECRET };
        const rotated = await TestApp.start({ sharing: app, env });
        rotated.clock.offsetMs = app.clock.offsetMs;
        try {
          const walker = await person(app);
          await login(app, walker.email);
          const next = async (api: Api, path: string): Promise<[unknown[], string]> => {
            const { status, body, headers } = await api.get(path);
            expect(status).toBe(200);
            return [
              body.map(({ action }: { action: string }) => action),
              /<(.*)>/.exec(headers.get('link') ?? '')?.[1] ?? '',
            ];
          };
          const [first, old] = await next(walker.api, '/users/me/activity?limit=1');
          const [second, fresh] = await next(rotated.api.as(walker.access_token), old);
          expect([first, second]).toEqual([['login.succeeded'], ['login.succeeded']]);
          expect((await walker.api.get(fresh)).status).toBe(422);
        } finally {
          await rotated.stop();
        }
      });

      it('takes tokens of the previous secret, and gives ones of the new [V13.3.4] [V11.2.2]', async () => {
        const rotated = await TestApp.start({
          sharing: app,
          env: { JWT_SECRET: NEW_SECRET, JWT_SECRET_PREVIOUS: SECRET },
        });
        const onlyNew = await TestApp.start({ sharing: app, env: { JWT_SECRET: NEW_SECRET } });
        for (const instance of [rotated, onlyNew]) instance.clock.offsetMs = app.clock.offsetMs;
        try {
          expect((await me(rotated, ada.access_token)).status).toBe(200);
          expectRefused(await me(onlyNew, ada.access_token), 'invalid_token');
          expectRefused(await refresh(onlyNew, ada.refresh_token), 'invalid_refresh_token');
          const { body } = await refresh(rotated, ada.refresh_token);
          expect((await me(onlyNew, body.access_token)).status).toBe(200);
          expect((await refresh(onlyNew, body.refresh_token)).status).toBe(200);
          expectRefused(await refresh(app, body.refresh_token), 'invalid_refresh_token');
        } finally {
          await rotated.stop();
          await onlyNew.stop();
        }
      });
    });
  });

  it('show up in no log and no table as anything that could be used [V16.2.5] [V6.5.2] [T62] [T61]', async () => {
    const child = await refreshed(app, ada.refresh_token);
    await refresh(app, `${child.refresh_token}x`);
    await app.api.as(`${child.access_token}x`).get('/auth/me');
    const last = await refreshed(app, child.refresh_token);
    await refresh(app, ada.refresh_token);
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
