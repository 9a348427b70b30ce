/** Step-up: what a stolen access token does not reach without a fresh proof. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited, auditOf } from '../support/audit.js';
import { login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { expectRefused, refreshed } from '../support/sessions.js';
import { enrol, loginWith } from '../support/totp.js';

describe('step-up', () => {
  let app: TestApp;
  let ada: Person;
  let admin: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { LOGIN_GUARD: 'on' } });
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
    admin = await staff(app, 'admin');
  });

  const setUp = ({ api }: Person): Promise<Answer> => api.post('/auth/second-factors/totp');

  it('is not asked for within ten minutes of a login', async () => {
    app.clock.advance('9m');
    expect((await setUp(ada)).status).toBe(201);
  });

  it('is asked for after ten minutes, with the proofs that will do, and given by the password [V7.5.1]', async () => {
    app.clock.advance('10m');
    const refused = await setUp(ada);
    expectProblem(refused, 403, 'step_up_required');
    expect(refused.body.proofs).toEqual(['password']);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer realm="roost", error="insufficient_user_authentication", max_age="600"',
    );
    const { status, body } = await ada.api.post('/auth/step-up', { password: PASSWORD });
    expect(status).toBe(200);
    expect(Date.parse(body.expires_at) - Date.parse(body.proved_at)).toBe(600_000);
    expect((await setUp(ada)).status).toBe(201);
    app.clock.advance('10m');
    expectRefused(await setUp(ada), 'step_up_required', 403);
  });

  it('is of one session only, and a refresh neither gives nor takes it', async () => {
    const other = await login(app, ada.email);
    app.clock.advance('11m');
    await ada.api.post('/auth/step-up', { password: PASSWORD });
    const [mine, others] = [await refreshed(app, ada.refresh_token), await refreshed(app, other.refresh_token)];
    expect((await app.api.as(mine.access_token).post('/auth/second-factors/totp')).status).toBe(201);
    expectRefused(await app.api.as(others.access_token).post('/auth/second-factors/totp'), 'step_up_required', 403);
  });

  it('by a password is not enough for an account with a second factor, whose code is', async () => {
    const { authenticator, recoveryCodes } = await enrol(app, ada);
    app.clock.advance('11m');
    const refused = await ada.api.delete('/auth/second-factors/totp');
    expectProblem(refused, 403, 'step_up_required');
    expect(refused.body.proofs).toEqual(['totp', 'recovery_code']);
    const byPassword = await ada.api.post('/auth/step-up', { password: PASSWORD });
    expectProblem(byPassword, 403, 'step_up_required');
    expect(byPassword.body.proofs).toEqual(['totp', 'recovery_code']);
    expect((await ada.api.post('/auth/step-up', { totp: authenticator.next() })).status).toBe(200);
    expect((await ada.api.post('/auth/second-factors/recovery-codes')).status).toBe(200);
    app.clock.advance('11m');
    expectRefused(await ada.api.post('/auth/step-up', { recovery_code: recoveryCodes[0] }), 'wrong_second_factor', 403);
    expectRefused(await ada.api.delete('/auth/second-factors/totp'), 'step_up_required', 403);
  });

  it('is needed at once in a session that was started before the second factor', async () => {
    const other = await login(app, ada.email);
    const { authenticator } = await enrol(app, ada);
    const api = app.api.as(other.access_token);
    expectRefused(await api.delete('/auth/second-factors/totp'), 'step_up_required', 403);
    expect((await api.post('/auth/step-up', { totp: authenticator.next() })).status).toBe(200);
    expect((await api.delete('/auth/second-factors/totp')).status).toBe(204);
  });

  it.each([
    ['PUT', '/auth/password', { current_password: PASSWORD, new_password: 'another horse battery' }],
    ['POST', '/users/me/email', { current_password: PASSWORD, email: 'new@example.org' }],
    ['DELETE', '/users/me', { current_password: PASSWORD }],
    ['POST', '/users/me/delete', { current_password: PASSWORD }],
  ])('is the password in the body of %s %s; with a second factor, that too', async (method, path, body) => {
    const send = (who: Person): Promise<Answer> => who.api.send(method, path, body);
    const bob = await person(app, 'bob');
    const { authenticator } = await enrol(app, ada);
    app.clock.advance('11m');
    expect([200, 202, 204]).toContain((await send(bob)).status);
    expectRefused(await send(ada), 'step_up_required', 403);
    expect((await ada.api.post('/auth/step-up', { totp: authenticator.next() })).status).toBe(200);
    expect([200, 202, 204]).toContain((await send(ada)).status);
  });

  it.each([
    ['POST', '/admin/users', { email: 'invited@example.org' }],
    ['PATCH', '/admin/users/:id', { role: 'user' }],
    ['DELETE', '/admin/users/:id', undefined],
    ['POST', '/admin/users/:id/disable', { reason: 'x' }],
    ['POST', '/admin/users/:id/enable', undefined],
    ['POST', '/admin/users/:id/logout', undefined],
    ['POST', '/admin/users/:id/password-reset', undefined],
    ['DELETE', '/admin/users/:id/second-factors', undefined],
  ])('is asked of an admin for %s %s', async (method, path, body) => {
    const send = (): Promise<Answer> => admin.api.send(method, path.replace(':id', ada.id), body);
    app.clock.advance('11m');
    expectRefused(await send(), 'step_up_required', 403);
    await admin.api.post('/auth/step-up', { password: PASSWORD });
    expect([200, 201, 202, 204]).toContain((await send()).status);
  });

  it('is declared for all that staff does to accounts', () => {
    const { paths } = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
      paths: Record<string, Record<string, { 'x-step-up'?: boolean }>>;
    };
    const open = Object.entries(paths)
      .filter(([path]) => path.startsWith('/api/v1/admin/users'))
      .flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })))
      .filter(({ method, operation }) => method !== 'get' && operation['x-step-up'] !== true);
    expect(open).toEqual([]);
  });

  it('is not asked for reading', async () => {
    app.clock.advance('11m');
    for (const path of ['/admin/users', `/admin/users/${ada.id}`, '/admin/audit', '/admin/stats'])
      expect((await admin.api.get(path)).status).toBe(200);
  });

  it.each([
    ['nothing', {}, 400],
    ['two proofs', { password: PASSWORD, totp: '123456' }, 400],
    ['an unknown proof', { pin: '1234' }, 400],
    ['a proof of a factor that the account has not', { totp: '123456' }, 403],
    ['null', { password: null }, 400],
  ])('refuses %s', async (_, body, status) => {
    expect((await ada.api.post('/auth/step-up', body)).status).toBe(status);
  });

  it('is nothing for nobody', async () => {
    expectRefused(await app.api.post('/auth/step-up', { password: PASSWORD }), 'authentication_required');
  });

  it('counts wrong passwords and wrong codes as a login does', async () => {
    const statuses = async (proof: object): Promise<number[]> => {
      const answers: number[] = [];
      for (let tries = 0; tries < 6; tries += 1) answers.push((await ada.api.post('/auth/step-up', proof)).status);
      return answers;
    };
    expect(await statuses({ password: 'wrong horse battery' })).toEqual([403, 403, 403, 403, 403, 429]);
    await enrol(app, ada);
    expect(await statuses({ totp: '000000' })).toEqual([403, 403, 403, 403, 403, 429]);
  });

  it('is over with its session', async () => {
    await ada.api.post('/auth/logout');
    expectRefused(await ada.api.post('/auth/step-up', { password: PASSWORD }), 'token_revoked');
  });

  it('is not given to a session that ends meanwhile', async () => {
    const sessionId = (await ada.api.get('/auth/sessions')).body[0].id as string;
    await app.pool.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [sessionId]);
    expectRefused(await ada.api.post('/auth/step-up', { password: PASSWORD }), 'token_revoked');
    expectRefused(await setUp(ada), 'token_revoked');
  });

  it('is written to the audit, with the method', async () => {
    const events = await audited(app, async () => {
      await ada.api.post('/auth/step-up', { password: 'wrong horse battery' });
      await ada.api.post('/auth/step-up', { password: PASSWORD });
    });
    expect(events.map(({ action, after }) => [action, after?.method])).toEqual([
      ['step_up.failed', undefined],
      ['step_up.succeeded', 'password'],
    ]);
    expect((await auditOf(app, ada.id)).at(-1)?.session_id).toBeDefined();
  });

  it('counts a login with a second factor', async () => {
    const { authenticator } = await enrol(app, ada);
    app.clock.advance('11m');
    const { access_token } = await loginWith(app, ada, { totp: authenticator.next() });
    expect((await app.api.as(access_token).delete('/auth/second-factors/totp')).status).toBe(204);
  });
});
