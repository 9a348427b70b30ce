import { unwrap } from 'roost-client';

import { TestApp } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { someoneWaits } from '../support/database.js';
import { login, PASSWORD, person, type Person, type Session, type Tokens } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused, refreshed } from '../support/sessions.js';

describe("a person's own sessions", () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  beforeEach(async () => {
    ada = await person(app, 'ada');
    bob = await person(app, 'bob');
  });

  afterAll(() => app.stop());

  const sessions = ({ client }: Pick<Session, 'client'>) => unwrap(client.get('/auth/sessions'));

  const end = ({ client }: Pick<Session, 'client'>, session_id: string) =>
    client.delete('/auth/sessions/{session_id}', { path: { session_id } });

  describe('GET /auth/sessions', () => {
    it('says when, from where and with what each was used, and which one asks [V7.5.2]', async () => {
      const phone = app.api.with({ 'user-agent': 'Phone/1.0' });
      await phone.post('/auth/login', { email: ada.email, password: PASSWORD });
      const listed = await sessions(ada);
      expect(listed).toHaveLength(2);
      expect(listed.find((session) => !session.current)).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        created_at: expect.any(String),
        last_used_at: expect.any(String),
        expires_at: expect.any(String),
        ip: '127.0.0.1',
        user_agent: 'Phone/1.0',
        current: false,
      });
      expect(listed.filter((session) => session.current)).toHaveLength(1);
    });

    it('puts the one used last first, and moves its end with its use', async () => {
      const phone = await login(app, ada.email);
      const before = (await sessions(ada)).find((session) => session.current);
      app.clock.advance('1h');
      await refreshed(app, ada.refresh_token);
      const [first, second] = await sessions(ada);
      if (!before || !first || !second) throw new Error('a session is missing');
      expect([first.current, second.current]).toEqual([true, false]);
      expect(first.created_at).toBe(before.created_at);
      expect(Date.parse(first.last_used_at)).toBeGreaterThanOrEqual(Date.parse(before.last_used_at) + 3_600_000);
      expect(Date.parse(first.expires_at)).toBeGreaterThanOrEqual(Date.parse(before.expires_at) + 3_600_000);
      await expectLive(app, phone);
    });

    it('shows neither ended sessions nor those of others', async () => {
      const phone = await login(app, ada.email);
      await unwrap(phone.client.logout());
      expect(await sessions(ada)).toHaveLength(1);
      app.clock.advance('29d');
      const tablet = await login(app, ada.email);
      app.clock.advance('2d');
      expect(await sessions({ client: clientOf(app, tablet) })).toHaveLength(1);
    });

    it('shows nothing that could be used as a token', async () => {
      const { text } = await ada.api.get('/auth/sessions');
      for (const secret of [ada.access_token, ada.refresh_token, 'salt', 'seq']) expect(text).not.toContain(secret);
    });

    it('is closed to nobody', async () => {
      expectRefused(await app.client.get('/auth/sessions'), 'authentication_required');
    });
  });

  describe('DELETE /auth/sessions/{id}', () => {
    const other = async (): Promise<{ id: string; tokens: Tokens }> => {
      const tokens = await login(app, ada.email);
      const current = (await sessions(tokens)).find((session) => session.current);
      return { id: current?.id ?? '', tokens };
    };

    it('ends that one at once, and no other [V7.5.2]', async () => {
      const phone = await other();
      expect(await end(ada, phone.id)).toMatchObject({ status: 204, data: undefined });
      await expectDead(app, phone.tokens);
      await expectLive(app, ada);
    });

    it("ends the caller's own, too", async () => {
      const [own] = await sessions(ada);
      expect((await end(ada, own?.id ?? '')).status).toBe(204);
      await expectDead(app, ada);
    });

    it("knows no session of another person's [V7.5.2] [V8.2.2]", async () => {
      const phone = await other();
      expectRefused(await end(bob, phone.id), 'session_not_found', 404);
      await expectLive(app, phone.tokens);
    });

    it('knows none twice', async () => {
      const phone = await other();
      const answers = await Promise.all(Array.from({ length: 8 }, () => end(ada, phone.id)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(7).fill(404)]);
    });

    it.each(['1', 'x', '00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-00000000000', '%00'])(
      'answers 404 to %s',
      async (id) => {
        expect((await ada.api.delete(`/auth/sessions/${id}`)).status).toBe(404);
      },
    );

    it('is closed to nobody', async () => {
      const phone = await other();
      expectRefused(await end(app, phone.id), 'authentication_required');
      await expectLive(app, phone.tokens);
    });
  });

  describe('the cap', () => {
    let few: TestApp;

    beforeAll(async () => {
      few = await TestApp.start({ sharing: app, env: { SESSIONS_PER_USER: '3' } });
      few.clock.offsetMs = app.clock.offsetMs;
    });

    afterAll(() => few.stop());

    it('ends the oldest with one login too many, and nobody else is touched [V7.1.2] [V2.3.2]', async () => {
      const eve = await person(few, 'eve');
      const logins = [eve as Tokens];
      for (let index = 0; index < 4; index += 1) logins.push(await login(few, eve.email));
      for (const tokens of logins.slice(0, 2)) await expectDead(few, tokens);
      for (const tokens of logins.slice(2)) await expectLive(few, tokens);
    });

    it('holds however many log in at once', async () => {
      const eve = await person(few, 'eve');
      const logins = await Promise.all(Array.from({ length: 12 }, () => login(few, eve.email)));
      const answers = await Promise.all(logins.map(({ client }) => client.get('/auth/me')));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      const { rows } = await app.pool.query(
        `SELECT count(*)::int AS live FROM sessions WHERE user_id = $1 AND revoked_at IS NULL`,
        [eve.id],
      );
      expect(rows[0].live).toBe(3);
    });

    it('leaves one of many that log in at once where an account may have one', async () => {
      const one = await TestApp.start({ sharing: few, env: { SESSIONS_PER_USER: '1' } });
      try {
        one.clock.offsetMs = few.clock.offsetMs;
        for (let round = 0; round < 5; round += 1) {
          const eve = await person(one, 'eve');
          const logins = await Promise.all(Array.from({ length: 3 }, () => login(one, eve.email)));
          const answers = await Promise.all([eve, ...logins].map(({ client }) => client.get('/auth/me')));
          expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        }
      } finally {
        await one.stop();
      }
    });

    it('never ends the session of a login that waited for another one', async () => {
      const one = await TestApp.start({ sharing: few, env: { SESSIONS_PER_USER: '1' } });
      try {
        one.clock.offsetMs = few.clock.offsetMs;
        const eve = await person(one, 'eve');
        const holder = await app.pool.connect();
        await holder.query('BEGIN');
        await holder.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [eve.id]);
        const waiting = login(one, eve.email);
        await eventually(() => someoneWaits(app.pool));
        // As of a login that began later and got the row first.
        await holder.query(
          `UPDATE sessions SET created_at = clock_timestamp() + $2 * interval '1 ms' WHERE user_id = $1`,
          [eve.id, one.clock.offsetMs],
        );
        await holder.query('COMMIT');
        holder.release();
        await expectLive(one, await waiting);
        await expectDead(one, eve);
      } finally {
        await one.stop();
      }
    });

    it('ends the oldest also of those that began within one millisecond', async () => {
      const eve = await person(few, 'eve');
      for (let index = 0; index < 2; index += 1) await login(few, eve.email);
      const { rows } = await app.pool.query<{ id: string }>(
        `UPDATE sessions s SET created_at = date_trunc('second', first) + n * interval '1 microsecond'
           FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n, min(created_at) OVER () AS first
                   FROM sessions WHERE user_id = $1) r
          WHERE r.id = s.id RETURNING s.id`,
        [eve.id],
      );
      await login(few, eve.email);
      const { rows: ended } = await app.pool.query<{ id: string }>(
        'SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NOT NULL',
        [eve.id],
      );
      expect(ended.map(({ id }) => id)).toEqual([
        rows
          .map(({ id }) => id)
          .sort()
          .at(-1),
      ]);
    });

    it('does not count sessions whose time is over', async () => {
      const eve = await person(few, 'eve');
      await login(few, eve.email);
      few.clock.advance('31d');
      const logins = [await login(few, eve.email), await login(few, eve.email), await login(few, eve.email)];
      for (const tokens of logins) await expectLive(few, tokens);
    });
  });
});
