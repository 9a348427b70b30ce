import bcrypt from 'bcrypt';
import type { PoolClient } from 'pg';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { someoneWaits } from '../support/database.js';
import { PASSWORD, person, type Person } from '../support/people.js';
import { eventually } from '../support/process.js';

describe('authentication', () => {
  let app: TestApp;
  let addresses = 0;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  const freshEmail = (): string => `member-${(addresses += 1)}@example.org`;
  const register = (body: unknown): Promise<Answer> => app.api.post('/auth/register', body);
  const login = (body: unknown): Promise<Answer> => app.api.post('/auth/login', body);

  async function registered(password = PASSWORD): Promise<string> {
    const email = freshEmail();
    expect((await register({ email, password })).status).toBe(201);
    return email;
  }

  function expectInvalid(answer: Answer, pointer: string, code?: string): void {
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('validation_failed');
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, ...(code && { code }) }));
  }

  describe('POST /auth/login', () => {
    let ada: Person;

    beforeAll(async () => {
      ada = await person(app, 'ada');
    });

    it.each(['email', 'username'] as const)('gives tokens for the %s and the password', async (field) => {
      const answer = await login({ [field]: ada[field].toUpperCase(), password: PASSWORD });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        token_type: 'bearer',
        expires_in: 86_400,
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect((await app.api.as(answer.body.access_token).get('/auth/me')).body.id).toBe(ada.id);
    });

    it('wants exactly one of e-mail address and username [V2.2.3]', async () => {
      const both = await login({ email: ada.email, username: ada.username, password: PASSWORD });
      const neither = await login({ password: PASSWORD });
      for (const answer of [both, neither]) {
        expectInvalid(answer, '#/email', 'exactly_one');
        expectInvalid(answer, '#/username', 'exactly_one');
      }
    });

    it.each([
      ['no password', { email: 'a@example.org' }, '#/password'],
      ['a password that is null', { email: 'a@example.org', password: null }, '#/password'],
      ['a password that is a list', { email: 'a@example.org', password: ['x'] }, '#/password'],
      ['an e-mail address that is none', { email: 'ada', password: PASSWORD }, '#/email'],
      ['an e-mail address that is null', { email: null, password: PASSWORD }, '#/email'],
      ['a username that is none', { username: "' OR 1=1 --", password: PASSWORD }, '#/username'],
      ['a password with NUL', { email: 'a@example.org', password: 'a\0b' }, '#/password'],
      ['a scope', { email: 'a@example.org', password: PASSWORD, scope: 'admin' }, '#/scope'],
    ])('refuses %s and names the field', async (_, body, pointer) => {
      expectInvalid(await login(body), pointer);
    });

    it('answers every wrong pair alike [V6.3.8] [T18]', async () => {
      const wrong = [
        { email: ada.email, password: 'not the password' },
        { email: ada.email, password: 'short' },
        { email: ada.email, password: '' },
        { email: ada.email, password: 'a'.repeat(73) },
        { email: ada.email, password: 'a'.repeat(90_000) },
        { username: ada.username, password: 'not the password' },
        { email: 'nobody@example.org', password: PASSWORD },
        { email: 'nobody@example.org', password: 'a'.repeat(73) },
        { username: 'nobody', password: PASSWORD },
        { username: 'admin', password: PASSWORD },
      ];
      for (const body of wrong) {
        const answer = await login(body);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="roost"']);
        expect({ ...answer.body, request_id: '' }).toEqual({
          type: '/problems/invalid_credentials',
          title: 'Unauthorized',
          status: 401,
          detail: 'The account or the password is wrong.',
          code: 'invalid_credentials',
          request_id: '',
        });
      }
    });

    it.each([
      ['the wrong password', (): object => ({ email: ada.email, password: 'not the password' })],
      ['an over-long password', (): object => ({ email: ada.email, password: 'a'.repeat(73) })],
      ['an unknown address', (): object => ({ email: 'nobody@example.org', password: PASSWORD })],
      ['an unknown username', (): object => ({ username: 'nobody', password: PASSWORD })],
      [
        'an unknown address and an over-long password',
        (): object => ({ email: 'n@example.org', password: 'a'.repeat(73) }),
      ],
    ])('does the work of one hash for %s', async (_, body) => {
      const compare = jest.spyOn(bcrypt, 'compare');
      try {
        await login(body());
        const whole = expect.stringMatching(/^\$2b\$04\$[./\w]{53}$/);
        expect(compare.mock.calls).toEqual([[expect.any(String), whole]]);
      } finally {
        compare.mockRestore();
      }
    });

    it('does not look at a bearer token', async () => {
      const answer = await app.api
        .as('expired.or.broken')
        .post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(answer.status).toBe(200);
    });

    it('tells of a disabled account only after the right password', async () => {
      const email = await registered();
      await app.pool.query("UPDATE users SET status = 'disabled' WHERE email = $1", [email]);
      const right = await login({ email, password: PASSWORD });
      expect([right.status, right.body.code]).toEqual([403, 'account_disabled']);
      const wrong = await login({ email, password: 'not the password' });
      expect([wrong.status, wrong.body.code]).toEqual([401, 'invalid_credentials']);
    });

    it.each([
      ['gets another password', 401, (hash: string) => `hashed_password = '${hash}'`],
      ['is disabled', 403, () => "status = 'disabled', token_epoch = token_epoch + 1"],
      ['changes its role', 200, () => "role = 'moderator', token_epoch = token_epoch + 1"],
      ['changes its biography', 200, () => "bio = 'Countess'"],
    ])('verifies again when the account %s meanwhile: %i', async (_, status, change) => {
      const email = await registered();
      const set = change(await bcrypt.hash('another password', 4));
      const answer = await duringLogin(email, (tx) => tx.query(`UPDATE users SET ${set} WHERE email = $1`, [email]));
      expect(answer.status).toBe(status);
      if (status === 200) {
        const me = await app.api.as(answer.body.access_token).get('/auth/me');
        const { role } = JSON.parse(
          Buffer.from(String(answer.body.access_token).split('.')[1] ?? '', 'base64url').toString(),
        ) as { role: string };
        expect(role).toBe(me.body.role);
      } else {
        expect(answer.body).not.toHaveProperty('access_token');
      }
    });

    it('does not log in to an account that is deleted meanwhile', async () => {
      const email = await registered();
      const answer = await duringLogin(email, (tx) => tx.query('DELETE FROM users WHERE email = $1', [email]));
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_credentials']);
    });

    /** The change is made before the login verifies the password, and committed when the login waits for it. */
    async function duringLogin(email: string, change: (tx: PoolClient) => Promise<unknown>): Promise<Answer> {
      const tx = await app.pool.connect();
      try {
        await tx.query('BEGIN');
        await change(tx);
        const answered = new AbortController();
        const answer = login({ email, password: PASSWORD }).finally(() => answered.abort());
        await eventually(async () => answered.signal.aborted || (await someoneWaits(app.pool)));
        await tx.query('COMMIT');
        return await answer;
      } finally {
        tx.release();
      }
    }
  });

  describe('GET /auth/me', () => {
    it('shows the account of the caller, and nothing else of it [V14.2.6]', async () => {
      const ada = await person(app, 'ada');
      const answer = await ada.api.get('/auth/me');
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        id: ada.id,
        email: ada.email,
        username: ada.username,
        display_name: null,
        bio: null,
        role: 'user',
        email_confirmed: false,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: answer.body.created_at,
      });
    });

    it('answers at /api/auth/me, too', async () => {
      const ada = await person(app, 'ada');
      expect((await ada.api.get('/api/auth/me')).body).toEqual((await ada.api.get('/auth/me')).body);
    });

    it('refuses nobody', async () => {
      const answer = await app.api.get('/auth/me');
      expect([answer.status, answer.body.code]).toEqual([401, 'authentication_required']);
    });

    it('refuses the token of an account that is gone', async () => {
      const ada = await person(app, 'ada');
      await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
      const answer = await ada.api.get('/auth/me');
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
    });
  });

  it('logs no password, no hash and no address [V16.2.5]', async () => {
    const [email, password] = ['canary@example.org', 'canary in the coal mine'];
    await register({ email, password });
    await register({ email, password });
    await login({ email, password });
    await login({ email, password: `${password}!` });
    await login({ email, password: `${password}\0` });
    const log = app.log.join('');
    expect(log).toContain('session started');
    expect(log).not.toMatch(/canary|\$2b\$/);
  });
});
