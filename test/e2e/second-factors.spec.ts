/** Authenticator apps and recovery codes: set up, the second step of a login, and what nobody gets past. */
import { createHash } from 'node:crypto';

import bcrypt from 'bcrypt';

import { Erasure } from '../../src/account/erasure.js';
import { SealedSecrets } from '../../src/auth/totp/sealed-secrets.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { claimsOf } from '../support/jwt.js';
import { mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmAddress, login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { expectLive, expectRefused, refreshed } from '../support/sessions.js';
import { Authenticator, enrol, loginWith, secondStep, ticketOf } from '../support/totp.js';

const GUARDED = { LOGIN_GUARD: 'on', TRUST_PROXY: '127.0.0.1/32' };

describe('second factors', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: GUARDED });
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    await app.pool.query('TRUNCATE login_failures, known_addresses');
    ada = await person(app, 'ada');
  });

  const actionsOf = async (who: Person): Promise<string[]> =>
    (await auditOf(app, who.id)).map(({ action }) => action).slice(2);

  describe('an authenticator app', () => {
    it('is shown as a secret, an address and a QR code, and asks nothing of a login before it is confirmed', async () => {
      const { status, body, headers } = await ada.api.post('/auth/second-factors/totp');
      expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
      const url = new URL(body.otpauth_url);
      expect([url.protocol, url.searchParams.get('secret'), url.searchParams.get('issuer')]).toEqual([
        'otpauth:',
        body.secret,
        'Roost',
      ]);
      expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
      expect(body.qr_svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*<\/svg>$/s);
      expect(body.expires_in).toBe(600);
      expect((await login(app, ada.email)).access_token).toBeDefined();
      expect((await ada.api.get('/auth/second-factors')).body).toEqual({ methods: [], recovery_codes_left: 0 });
    });

    it('is confirmed by a code, which gives ten recovery codes, a mail and an entry in the audit', async () => {
      const { recoveryCodes } = await enrol(app, ada);
      expect(new Set(recoveryCodes).size).toBe(10);
      for (const code of recoveryCodes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{6}(?:-[0-9a-hjkmnp-tv-z]{6}){3}$/);
      expect((await ada.api.get('/auth/second-factors')).body).toEqual({ methods: ['totp'], recovery_codes_left: 10 });
      expect(await mailsTo(app, ada.email, 'A second factor was added to your account')).toHaveLength(1);
      expect(await actionsOf(ada)).toEqual(['second_factor.added']);
    });

    it('keeps what it stores unreadable: an encrypted secret, and hashes of codes [V6.5.2] [T62]', async () => {
      const begun = await ada.api.post('/auth/second-factors/totp');
      const { recoveryCodes } = await enrol(app, ada);
      const stored = await app.pool.query<{ row: string }>(
        `SELECT row_to_json(t)::text AS row FROM totp_secrets t WHERE user_id = $1
         UNION ALL SELECT row_to_json(c)::text FROM recovery_codes c WHERE user_id = $1`,
        [ada.id],
      );
      const text = stored.rows.map(({ row }) => row).join();
      const hash = createHash('sha256').update(recoveryCodes[0]?.replaceAll('-', '') ?? '');
      expect(text).toContain(hash.digest('hex'));
      for (const secret of [begun.body.secret, ...recoveryCodes]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret as string).toString('hex'));
        expect(app.log.join()).not.toContain(secret);
      }
    });

    it.each([
      ['no code', {}, 400, 'validation_failed'],
      ['five digits', { code: '12345' }, 400, 'validation_failed'],
      ['a number', { code: 123456 }, 400, 'validation_failed'],
      ['an unknown field', { code: '123456', secret: 'A' }, 400, 'validation_failed'],
    ])('is not confirmed by %s', async (_, body, status, code) => {
      await ada.api.post('/auth/second-factors/totp');
      expectRefused(await ada.api.post('/auth/second-factors/totp/confirm', body), code, status);
    });

    it('is not confirmed by a wrong code, nor by a code of two steps ago', async () => {
      const { body } = await ada.api.post('/auth/second-factors/totp');
      const authenticator = new Authenticator(app, body.secret);
      expectRefused(
        await ada.api.post('/auth/second-factors/totp/confirm', { code: authenticator.code(-2) }),
        'wrong_second_factor',
        403,
      );
      expect((await ada.api.get('/auth/second-factors')).body.methods).toEqual([]);
    });

    it('is confirmed in the session that began, within ten minutes', async () => {
      const other = app.api.as((await login(app, ada.email)).access_token);
      const begin = async (): Promise<Authenticator> => {
        return new Authenticator(app, (await ada.api.post('/auth/second-factors/totp')).body.secret);
      };
      const authenticator = await begin();
      const inOther = await other.post('/auth/second-factors/totp/confirm', { code: authenticator.code() });
      expectRefused(inOther, 'totp_not_begun', 409);
      app.clock.advance('10m');
      const late = await ada.api.post('/auth/second-factors/totp/confirm', { code: authenticator.code() });
      expectRefused(late, 'totp_not_begun', 409);
    });

    it('is not replaced by one that is begun later', async () => {
      await enrol(app, ada);
      expectRefused(await ada.api.post('/auth/second-factors/totp'), 'totp_enabled', 409);
    });

    it('is confirmed once by parallel requests', async () => {
      const { body } = await ada.api.post('/auth/second-factors/totp');
      const code = new Authenticator(app, body.secret).code();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ada.api.post('/auth/second-factors/totp/confirm', { code })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
      expect((await ada.api.get('/auth/second-factors')).body.recovery_codes_left).toBe(10);
    });

    it('is removed with its recovery codes, and a login is one step again', async () => {
      await enrol(app, ada);
      expect((await ada.api.delete('/auth/second-factors/totp')).status).toBe(204);
      expect((await ada.api.get('/auth/second-factors')).body).toEqual({ methods: [], recovery_codes_left: 0 });
      expect((await login(app, ada.email)).access_token).toBeDefined();
      expect(await mailsTo(app, ada.email, 'A second factor was removed')).toHaveLength(1);
      expectRefused(await ada.api.delete('/auth/second-factors/totp'), 'totp_not_enabled', 404);
    });

    it('is erased with the account, and so are the recovery codes', async () => {
      await enrol(app, ada);
      expect((await ada.api.delete('/users/me', { current_password: PASSWORD })).status).toBe(202);
      app.clock.advance('8d');
      await app.nestApp.get(Erasure).run();
      for (const table of ['totp_secrets', 'recovery_codes'])
        expect((await app.pool.query(`SELECT FROM ${table} WHERE user_id = $1`, [ada.id])).rowCount).toBe(0);
    });

    it('is in the export without its secret', async () => {
      await enrol(app, ada);
      const { body } = await ada.api.get('/users/me/export');
      expect(body.totp).toEqual([
        { created_at: expect.any(String), confirmed_at: expect.any(String), last_used_at: expect.any(String) },
      ]);
    });
  });

  describe('a login', () => {
    let authenticator: Authenticator;
    let recoveryCodes: readonly string[];

    beforeEach(async () => {
      ({ authenticator, recoveryCodes } = await enrol(app, ada));
    });

    it('asks for a second step after the right password, and starts no session before it [V6.3.3]', async () => {
      const before = (await ada.api.get('/auth/sessions')).body.length as number;
      const { status, body } = await app.api.post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(status).toBe(200);
      expect(body).toEqual({
        mfa_required: true,
        mfa_ticket: expect.any(String),
        methods: ['totp', 'recovery_code'],
        expires_in: 300,
      });
      expect((await ada.api.get('/auth/sessions')).body).toHaveLength(before);
    });

    it('answers a wrong password as that of any account', async () => {
      const wrong = await app.api.post('/auth/login', { email: ada.email, password: 'wrong horse battery' });
      const unknown = await app.api.post('/auth/login', { email: 'no@example.org', password: 'wrong horse battery' });
      expect([wrong.status, { ...wrong.body, request_id: '' }]).toEqual([401, { ...unknown.body, request_id: '' }]);
    });

    it('is complete with a code; its tokens say that they are of more than one factor, also after a refresh', async () => {
      const tokens = await loginWith(app, ada, { totp: authenticator.next() });
      expect(claimsOf(tokens.access_token).amr).toEqual(['mfa']);
      const next = await refreshed(app, tokens.refresh_token);
      expect(claimsOf(next.access_token).amr).toEqual(['mfa']);
      await expectLive(app, next);
    });

    it('takes a code as people type it', async () => {
      const code = authenticator.next();
      await loginWith(app, ada, { totp: `${code.slice(0, 3)} ${code.slice(3)}` });
    });

    it('renews a hash of a lower cost on the way', async () => {
      const old = await bcrypt.hash(PASSWORD, 3 + 1);
      await app.pool.query('UPDATE users SET hashed_password = $2 WHERE id = $1', [
        ada.id,
        old.replace('$2b$', '$2a$'),
      ]);
      await loginWith(app, ada, { totp: authenticator.next() });
      const { rows } = await app.pool.query('SELECT hashed_password FROM users WHERE id = $1', [ada.id]);
      expect(rows[0].hashed_password).toMatch(/^\$2b\$/);
    });

    it('gives no ticket for a password that replaces the verified one meanwhile', async () => {
      const [old, other] = await Promise.all([bcrypt.hash(PASSWORD, 4), bcrypt.hash('another horse battery', 4)]);
      const set = 'UPDATE users SET hashed_password = $2 WHERE id = $1';
      await app.pool.query(set, [ada.id, old.replace('$2b$', '$2a$')]);
      const lock = await app.pool.connect();
      try {
        await lock.query('BEGIN');
        await lock.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
        const ticket = ticketOf(app, ada);
        await eventually(async () => {
          const { rowCount } = await app.pool.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          return rowCount === 1;
        });
        await lock.query(set, [ada.id, other]);
        await lock.query('COMMIT');
        expectRefused(await secondStep(app, await ticket, { totp: authenticator.next() }), 'invalid_mfa_ticket');
      } finally {
        await lock.query('ROLLBACK');
        lock.release();
      }
    });

    it('forgets mistyped passwords of this address with its second step', async () => {
      for (let tries = 0; tries < 4; tries += 1)
        await app.api.post('/auth/login', { email: ada.email, password: 'wrong horse battery' });
      await loginWith(app, ada, { totp: authenticator.next() });
      expect((await app.pool.query('SELECT FROM login_failures WHERE count > 1')).rowCount).toBe(0);
    });

    it('accepts a code of a clock that is a step behind or ahead', async () => {
      app.clock.advance('2m');
      await loginWith(app, ada, { totp: authenticator.code(-1) });
      await loginWith(app, ada, { totp: authenticator.code(1) });
    });

    it('accepts a code once, also in parallel, and none before it [V6.5.1]', async () => {
      const ticket = await ticketOf(app, ada);
      const code = authenticator.next();
      const before = authenticator.code(-1);
      const answers = await Promise.all(Array.from({ length: 5 }, () => secondStep(app, ticket, { totp: code })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
      await app.pool.query('TRUNCATE login_failures');
      expectRefused(await secondStep(app, ticket, { totp: code }), 'invalid_second_factor');
      expectRefused(await secondStep(app, ticket, { totp: before }), 'invalid_second_factor');
    });

    it('takes a recovery code once, however it is typed, and tells the owner how many are left', async () => {
      const [first = '', second = ''] = recoveryCodes;
      await loginWith(app, ada, { recovery_code: first });
      await loginWith(app, ada, {
        recovery_code: ` ${second.toUpperCase().replaceAll('-', '').replaceAll('0', 'O')} `,
      });
      expectRefused(await secondStep(app, await ticketOf(app, ada), { recovery_code: first }), 'invalid_second_factor');
      expect((await ada.api.get('/auth/second-factors')).body.recovery_codes_left).toBe(8);
      const mails = await mailsTo(app, ada.email, 'A recovery code was used');
      expect(mails.map(({ text }) => /(\d) of them are left/.exec(text)?.[1])).toEqual(['8', '9']);
    });

    it('takes a recovery code once in parallel', async () => {
      const ticket = await ticketOf(app, ada);
      const proof = { recovery_code: recoveryCodes[3] };
      const answers = await Promise.all(Array.from({ length: 5 }, () => secondStep(app, ticket, proof)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
    });

    it('does not take a recovery code that was replaced', async () => {
      const renewed = await ada.api.post('/auth/second-factors/recovery-codes');
      expect([renewed.status, new Set(renewed.body.recovery_codes).size]).toEqual([200, 10]);
      const old = await secondStep(app, await ticketOf(app, ada), { recovery_code: recoveryCodes[0] });
      expectRefused(old, 'invalid_second_factor');
      await loginWith(app, ada, { recovery_code: renewed.body.recovery_codes[0] });
    });

    it.each([
      ['no proof', {}],
      ['two proofs', { totp: '123456', recovery_code: 'x' }],
      ['a code that is no string', { totp: 123456 }],
      ['a code with a letter', { totp: '12345a' }],
      ['an empty recovery code', { recovery_code: '' }],
      ['a password', { password: PASSWORD }],
    ])('refuses %s by naming the field', async (_, proof) => {
      const answer = await secondStep(app, await ticketOf(app, ada), proof);
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors.length).toBeGreaterThan(0);
    });

    it.each([
      ['made up', () => Promise.resolve('x')],
      ['empty in its parts', () => Promise.resolve('..')],
      ['longer valid than it was', async () => changed(await ticketOf(app, ada), (at) => String(Number(at) + 60))],
      ['of another spelling', async () => `${await ticketOf(app, ada)}=`],
    ])('refuses a ticket that is %s', async (_, make) => {
      const ticket = await make();
      expectRefused(await secondStep(app, ticket, { totp: authenticator.next() }), 'invalid_mfa_ticket');
    });

    it("refuses another person's code and recovery code", async () => {
      const bob = await person(app, 'bob');
      const other = await enrol(app, bob);
      for (const proof of [{ totp: other.authenticator.next() }, { recovery_code: other.recoveryCodes[0] }])
        expectRefused(await secondStep(app, await ticketOf(app, ada), proof), 'invalid_second_factor');
    });

    it('refuses a ticket after five minutes, and after the password or a factor has changed', async () => {
      const late = await ticketOf(app, ada);
      app.clock.advance('5m');
      expectRefused(await secondStep(app, late, { totp: authenticator.next() }), 'invalid_mfa_ticket');

      const old = await ticketOf(app, ada);
      const passwords = { current_password: PASSWORD, new_password: 'another horse battery' };
      expect((await ada.api.put('/auth/password', passwords)).status).toBe(204);
      expectRefused(await secondStep(app, old, { totp: authenticator.next() }), 'invalid_mfa_ticket');

      const without = await ticketOf(app, ada, 'another horse battery');
      expect((await ada.api.delete('/auth/second-factors/totp')).status).toBe(204);
      expectRefused(await secondStep(app, without, { totp: authenticator.next() }), 'invalid_mfa_ticket');
    });

    it('refuses a ticket of before a forced logout, or a deletion', async () => {
      const before = await ticketOf(app, ada);
      expect((await (await staff(app, 'admin')).api.post(`/admin/users/${ada.id}/logout`)).status).toBe(204);
      expectRefused(await secondStep(app, before, { totp: authenticator.next() }), 'invalid_mfa_ticket');

      const { access_token } = await loginWith(app, ada, { totp: authenticator.next() });
      const [open, again] = [await ticketOf(app, ada), await ticketOf(app, ada)];
      expect((await app.api.as(access_token).delete('/users/me', { current_password: PASSWORD })).status).toBe(202);
      expectRefused(await secondStep(app, open, { totp: authenticator.next() }), 'invalid_mfa_ticket');
      // Also once the deletion is cancelled.
      await loginWith(app, ada, { totp: authenticator.next() });
      expectRefused(await secondStep(app, again, { totp: authenticator.next() }), 'invalid_mfa_ticket');
    });

    it('has a ticket that is good for nothing else', async () => {
      const ticket = await ticketOf(app, ada);
      expectRefused(await app.api.as(ticket).get('/auth/me'), 'invalid_token');
      expectRefused(await app.api.post('/auth/refresh', { refresh_token: ticket }), 'invalid_refresh_token');
      expectProblem(await app.api.post('/auth/email/confirm', { token: ticket }), 400, 'invalid_account_token');
      const { access_token, refresh_token } = ada;
      for (const token of [access_token, refresh_token])
        expectRefused(await secondStep(app, token, { totp: authenticator.next() }), 'invalid_mfa_ticket');
    });

    it('is refused to a disabled account, and to one that was disabled after the password', async () => {
      const admin = await staff(app, 'admin');
      const ticket = await ticketOf(app, ada);
      expect((await admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'x' })).status).toBe(204);
      const step = await secondStep(app, ticket, { totp: authenticator.next() });
      expectRefused(step, 'invalid_mfa_ticket');
      expectRefused(
        await app.api.post('/auth/login', { email: ada.email, password: PASSWORD }),
        'account_disabled',
        403,
      );
    });

    it('does not start twice from a race with the removal of the factor: it is one or the other', async () => {
      const ticket = await ticketOf(app, ada);
      const [step, removal] = await Promise.all([
        secondStep(app, ticket, { totp: authenticator.next() }),
        ada.api.delete('/auth/second-factors/totp'),
      ]);
      expect(removal.status).toBe(204);
      expect([200, 401]).toContain(step.status);
      // What was started before the removal counts as proved by the password from then on.
      const { rows } = await app.pool.query('SELECT second_factor FROM sessions WHERE user_id = $1', [ada.id]);
      expect(rows.map(({ second_factor }) => second_factor)).not.toContain(true);
      expect(rows).toHaveLength(step.status === 200 ? 2 : 1);
    });

    it('cancels the deletion of the account only with its second step', async () => {
      expect((await ada.api.delete('/users/me', { current_password: PASSWORD })).status).toBe(202);
      const ticket = await ticketOf(app, ada);
      const deletion = async (): Promise<string | null> =>
        (await app.pool.query('SELECT deletion FROM users WHERE id = $1', [ada.id])).rows[0].deletion;
      expect(await deletion()).toBe('own');
      expect((await secondStep(app, ticket, { totp: authenticator.next() })).status).toBe(200);
      expect(await deletion()).toBeNull();
    });

    it('is written to the audit, step by step', async () => {
      await secondStep(app, await ticketOf(app, ada), { totp: '000000' });
      await loginWith(app, ada, { totp: authenticator.next() });
      expect(await actionsOf(ada)).toEqual([
        'second_factor.added',
        'login.second_factor_asked',
        'login.failed',
        'login.second_factor_asked',
        'login.succeeded',
      ]);
    });

    describe('with guesses at the code', () => {
      const guess = async (from = '203.0.113.9'): Promise<Answer> => {
        const api = app.api.with({ 'x-forwarded-for': from });
        const { body } = await api.post('/auth/login', { email: ada.email, password: PASSWORD });
        return api.post('/auth/login/second-factor', { mfa_ticket: body.mfa_ticket, totp: '000000' });
      };

      it('slows down as with passwords, and the right password in between forgives nothing [V6.6.3]', async () => {
        const statuses: number[] = [];
        for (let tries = 0; tries < 7; tries += 1) statuses.push((await guess()).status);
        expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
        const refused = await guess();
        expect(refused.headers.get('retry-after')).toMatch(/^[12]$/);
      });

      it('refuses the right code, too, during the pause, and the owner gets in from a known address', async () => {
        const code = authenticator.next();
        for (let tries = 0; tries < 6; tries += 1) await guess();
        const away = app.api.with({ 'x-forwarded-for': '203.0.113.9' });
        const { body } = await away.post('/auth/login', { email: ada.email, password: PASSWORD });
        const right = { mfa_ticket: body.mfa_ticket, totp: code };
        expect((await away.post('/auth/login/second-factor', right)).status).toBe(429);
        expect((await app.api.post('/auth/login/second-factor', right)).status).toBe(200);
      });

      it('counts parallel ones before it compares them', async () => {
        const ticket = await ticketOf(app, ada);
        const answers = await Promise.all(
          Array.from({ length: 12 }, () => secondStep(app, ticket, { totp: '000000' })),
        );
        expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
      });

      it('forgets them with a completed login', async () => {
        for (let tries = 0; tries < 4; tries += 1) await secondStep(app, await ticketOf(app, ada), { totp: '000000' });
        await loginWith(app, ada, { totp: authenticator.next() });
        for (let tries = 0; tries < 4; tries += 1)
          expectRefused(await secondStep(app, await ticketOf(app, ada), { totp: '000000' }), 'invalid_second_factor');
      });
    });
  });

  describe('of an account that somebody else made', () => {
    it('do not keep out the reader of its mail, who resets the password', async () => {
      await enrol(app, ada);
      await app.api.post('/auth/password/forgot', { email: ada.email });
      const token = await mailedToken(app, ada.email, 'Choose a new password');
      await app.api.post('/auth/password/reset', { token, new_password: 'another horse battery' });
      expect((await login(app, ada.email, 'another horse battery')).access_token).toBeDefined();
    });

    it('stay after a reset where the address was confirmed: a stolen mailbox is one factor only', async () => {
      await confirmAddress(app, ada.email);
      const { authenticator } = await enrol(app, ada);
      await app.api.post('/auth/password/forgot', { email: ada.email });
      const token = await mailedToken(app, ada.email, 'Choose a new password');
      await app.api.post('/auth/password/reset', { token, new_password: 'another horse battery' });
      const ticket = await ticketOf(app, ada, 'another horse battery');
      expect((await secondStep(app, ticket, { totp: authenticator.next() })).status).toBe(200);
    });
  });

  describe('that an admin removes', () => {
    it('end with the sessions, a mail to the owner and an entry in the audit', async () => {
      const { authenticator } = await enrol(app, ada);
      const tokens = await loginWith(app, ada, { totp: authenticator.next() });
      const admin = await staff(app, 'admin');
      expect((await admin.api.delete(`/admin/users/${ada.id}/second-factors`)).status).toBe(204);
      expectRefused(await app.api.as(tokens.access_token).get('/auth/me'), 'token_revoked');
      expect((await login(app, ada.email)).access_token).toBeDefined();
      expect(await mailsTo(app, ada.email, 'Your second factors were removed')).toHaveLength(1);
      expect(await auditOf(app, ada.id)).toContainEqual(
        expect.objectContaining({ action: 'second_factors.reset', actor_id: admin.id }),
      );
    });

    it("are not an admin's own, nor of an account that is not there", async () => {
      const admin = await staff(app, 'admin');
      expectProblem(await admin.api.delete(`/admin/users/${admin.id}/second-factors`), 403, 'own_account');
      const missing = '00000000-0000-4000-8000-000000000000';
      expectProblem(await admin.api.delete(`/admin/users/${missing}/second-factors`), 404, 'user_not_found');
    });

    it('change nothing, and tell nobody, where there are none', async () => {
      const admin = await staff(app, 'admin');
      expect((await admin.api.delete(`/admin/users/${ada.id}/second-factors`)).status).toBe(204);
      expect((await ada.api.get('/auth/me')).status).toBe(200);
      expect(await mailsTo(app, ada.email, 'Your second factors')).toEqual([]);
    });
  });

  describe('of staff, with STAFF_MFA=required [V6.3.3]', () => {
    let strict: TestApp;

    beforeAll(async () => {
      strict = await TestApp.start({ env: { STAFF_MFA: 'required' }, sharing: app });
      shareClock(strict, app);
    });

    afterAll(() => strict.stop());

    it.each(['admin', 'moderator'] as const)('are needed for the routes of a %s', async (role) => {
      const somebody = await staff(strict, role);
      const path = `/admin/users/${ada.id}/enable`;
      expectRefused(await somebody.api.post(path), 'second_factor_required', 403);
      expect((await somebody.api.get('/users/me')).status).toBe(200);
      const { authenticator } = await enrol(strict, somebody);
      const same = await refreshed(strict, somebody.refresh_token);
      expect((await strict.api.as(same.access_token).post(path)).status).toBe(204);
      const fresh = await loginWith(strict, somebody, { totp: authenticator.next() });
      expect((await strict.api.as(fresh.access_token).post(path)).status).toBe(204);
    });

    it('are needed for what staff does on routes of all, too', async () => {
      const moderator = await staff(strict, 'moderator');
      const post = (await ada.api.post('/posts', { text: 'hello' })).body.id as string;
      expectRefused(await moderator.api.delete(`/posts/${post}`), 'post_forbidden', 403);
      await enrol(strict, moderator);
      const { access_token } = await refreshed(strict, moderator.refresh_token);
      expect((await strict.api.as(access_token).delete(`/posts/${post}`)).status).toBe(200);
    });

    it('are no more than the account has: with the last one, sessions lose what it proved', async () => {
      const bob = await person(strict, 'bob');
      await enrol(strict, bob);
      expect((await bob.api.delete('/auth/second-factors/totp')).status).toBe(204);
      await app.pool.query(`UPDATE users SET role = 'admin', token_epoch = token_epoch + 1 WHERE id = $1`, [bob.id]);
      const { access_token } = await refreshed(strict, bob.refresh_token);
      expectRefused(await strict.api.as(access_token).get('/admin/users'), 'second_factor_required', 403);
    });

    it('are not removed by their owner, whose role needs one', async () => {
      const admin = await staff(strict, 'admin');
      await enrol(strict, admin);
      expectRefused(await admin.api.delete('/auth/second-factors/totp'), 'second_factor_kept', 409);
      await enrol(strict, ada);
      expect((await ada.api.delete('/auth/second-factors/totp')).status).toBe(204);
    });
  });

  describe('and PASSWORD_POLICY=nist', () => {
    let strict: TestApp;

    beforeAll(async () => {
      strict = await TestApp.start({ env: { PASSWORD_POLICY: 'nist' }, sharing: app });
      shareClock(strict, app);
    });

    afterAll(() => strict.stop());

    const register = (password: string): Promise<Answer> =>
      strict.api.post('/auth/register', { email: `nist${password.length}@example.org`, password });

    it('ask for 15 characters where the password is alone, counted as a person counts them [R22]', async () => {
      const short = await register('horse battery!');
      expectProblem(short, 400, 'validation_failed');
      expect(short.body.errors).toEqual([
        { pointer: '#/password', code: 'too_short', detail: 'must have at least 15 characters' },
      ]);
      expect((await register('horse battery!!')).status).toBe(201);
      expect((await register('🐎 battery staple')).status).toBe(201);
    });

    it('allow eight with a second factor, also by a reset', async () => {
      const change = (from: string, to: string): Promise<Answer> =>
        strict.api.as(ada.access_token).put('/auth/password', { current_password: from, new_password: to });
      expectProblem(await change(PASSWORD, 'f8-Vk2!q'), 400, 'validation_failed');
      await confirmAddress(app, ada.email);
      await enrol(app, ada);
      expect((await change(PASSWORD, 'f8-Vk2!q')).status).toBe(204);
      await strict.api.post('/auth/password/forgot', { email: ada.email });
      const token = await mailedToken(app, ada.email, 'Choose a new password');
      const reset = (password: string): Promise<Answer> =>
        strict.api.post('/auth/password/reset', { token, new_password: password });
      expectProblem(await reset('f8-Vk2!'), 400, 'validation_failed');
      expect((await reset('q8-Vk2!f')).status).toBe(204);
    });

    it('let in those who have a shorter password already', async () => {
      const answer = await strict.api.post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(answer.status).toBe(200);
    });
  });

  describe('after a change of JWT_SECRET', () => {
    const SECRETS = ['a first secret of many more than 32 bytes', 'a second secret of many more than 32 bytes'];

    it('work with the previous one, are encrypted anew, and then work without it', async () => {
      const [first = '', second = ''] = SECRETS;
      const before = await TestApp.start({ env: { JWT_SECRET: first } });
      try {
        const bob = await person(before, 'bob');
        const { authenticator } = await enrol(before, bob);
        const rotating = await TestApp.start({
          env: { JWT_SECRET: second, JWT_SECRET_PREVIOUS: first },
          sharing: before,
        });
        shareClock(rotating, before);
        try {
          await loginWith(rotating, bob, { totp: authenticator.next() });
          await rotating.nestApp.get(SealedSecrets).resealAll();
          expect(rotating.events).toContain('secrets_resealed');
        } finally {
          await rotating.stop();
        }
        const after = await TestApp.start({ env: { JWT_SECRET: second }, sharing: before });
        shareClock(after, before);
        try {
          await loginWith(after, bob, { totp: authenticator.next() });
        } finally {
          await after.stop();
        }
        // The first secret opens nothing any more: the code is refused, and the log says why.
        const ticket = await ticketOf(before, bob);
        expectRefused(await secondStep(before, ticket, { totp: authenticator.next() }), 'invalid_second_factor');
        expect(before.events).toContain('second_factor_unreadable');
      } finally {
        await before.stop();
      }
    });
  });

  function changed(ticket: string, change: (expires: string) => string): string {
    const [id = '', expires = '', mac = ''] = ticket.split('.');
    return [id, change(expires), mac].join('.');
  }
});

/** Another instance lives in the same time. */
function shareClock(instance: TestApp, { clock }: TestApp): void {
  Object.defineProperty(instance.clock, 'offsetMs', { get: () => clock.offsetMs });
  Object.assign(instance, { clock });
}
