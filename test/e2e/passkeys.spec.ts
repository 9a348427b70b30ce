/** Passkeys: made, used as the only factor and as the second, and what is refused. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { PoolClient } from 'pg';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { SoftPasskey } from '../support/authenticator.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { claimsOf } from '../support/jwt.js';
import { mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmAddress, login, PASSWORD, person, type Person, staff, type Tokens } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { expectLive, expectRefused } from '../support/sessions.js';
import { enrol, secondStep, ticketOf } from '../support/totp.js';

const ORIGIN = 'https://app.example.org';
const ENV = { PASSKEY_RP_ID: 'example.org', PASSKEY_ORIGINS: ORIGIN };

describe('passkeys', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: ENV });
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  async function creationOptions({ api }: Pick<Person, 'api'> = ada): Promise<any> {
    const { status, body, text } = await api.post('/auth/passkey-options');
    if (status !== 200) throw new Error(`options answered ${status}: ${text}`);
    return body.options;
  }

  async function requestOptions(): Promise<any> {
    return (await app.api.post('/auth/login/passkey/options')).body.options;
  }

  async function made(
    who: Person = ada,
    { name = 'Phone', second_factor = false } = {},
  ): Promise<{ passkey: SoftPasskey; id: string; recoveryCodes: string[] }> {
    const passkey = new SoftPasskey(ORIGIN);
    const credential = passkey.create(await creationOptions(who));
    const { status, body, text } = await who.api.post('/auth/passkeys', { credential, name, second_factor });
    if (status !== 201) throw new Error(`creation answered ${status}: ${text}`);
    return { passkey, id: body.id, recoveryCodes: body.recovery_codes };
  }

  /** Holds the row of ada's account during the work. @returns the answer that waits for it */
  async function whileLocked(work: (lock: PoolClient) => Promise<{ waiting: Promise<Answer> }>): Promise<Answer> {
    const lock = await app.pool.connect();
    try {
      await lock.query('BEGIN');
      await lock.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
      const { waiting } = await work(lock);
      await lock.query('COMMIT');
      return await waiting;
    } finally {
      await lock.query('ROLLBACK');
      lock.release();
    }
  }

  /** Requests that wait for the row of an account. */
  async function waitsForLocks(count: number): Promise<void> {
    await eventually(async () => {
      const { rows } = await app.pool.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return (rows[0]?.waiting ?? 0) >= count;
    });
  }

  const loginWith = (credential: object): Promise<Answer> => app.api.post('/auth/login/passkey', { credential });

  describe('made', () => {
    it('under a name, as secrets of authenticator apps are, also where MAIL_FROM has none', async () => {
      const env = { ...ENV, PUBLIC_URL: ORIGIN, MAIL_FROM: 'roost@example.org' };
      const other = await TestApp.start({ sharing: app, env });
      try {
        const api = other.api.as(ada.access_token);
        expect((await creationOptions({ api })).rp).toEqual({ name: new URL(ORIGIN).hostname, id: 'example.org' });
        const { body } = await api.post('/auth/second-factors/totp');
        expect(new URL(body.otpauth_url).searchParams.get('issuer')).toBe(new URL(ORIGIN).hostname);
      } finally {
        await other.stop();
      }
    });

    it('with options for the account, its known passkeys excluded, without attestation', async () => {
      const { passkey } = await made();
      const options = await creationOptions();
      expect(options).toMatchObject({
        rp: { name: 'Roost', id: 'example.org' },
        user: { name: ada.email, displayName: ada.username },
        attestation: 'none',
        timeout: 300_000,
        excludeCredentials: [{ id: passkey.id.toString('base64url'), type: 'public-key' }],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(32);
      expect(Buffer.from(options.user.id, 'base64url').toString('hex')).toBe(ada.id.replaceAll('-', ''));
    });

    it('are listed with their names, renamed, and removed, with mails and the audit', async () => {
      const { id } = await made();
      expect((await ada.api.get('/auth/passkeys')).body).toEqual([
        {
          id,
          name: 'Phone',
          second_factor: false,
          logs_in_alone: true,
          backed_up: false,
          created_at: expect.any(String),
          last_used_at: null,
        },
      ]);
      const renamed = await ada.api.patch(`/auth/passkeys/${id}`, { name: '📱 Ada’s phone' });
      expect([renamed.status, renamed.body.name]).toEqual([200, '📱 Ada’s phone']);
      expect((await ada.api.delete(`/auth/passkeys/${id}`)).status).toBe(204);
      expect((await ada.api.get('/auth/passkeys')).body).toEqual([]);
      expectRefused(await ada.api.delete(`/auth/passkeys/${id}`), 'passkey_not_found', 404);
      const subjects = (await mailsTo(app, ada.email, 'passkey')).map(({ subject }) => subject);
      expect(subjects).toEqual(['A passkey was removed from your account', 'A passkey was added to your account']);
      const actions = (await auditOf(app, ada.id)).map(({ action }) => action);
      expect(actions.slice(-2)).toEqual(['passkey.added', 'passkey.removed']);
    });

    it("by one person are not another's to see, rename or remove", async () => {
      const { id } = await made();
      const bob = await person(app, 'bob');
      expect((await bob.api.get('/auth/passkeys')).body).toEqual([]);
      expectRefused(await bob.api.patch(`/auth/passkeys/${id}`, { name: 'x' }), 'passkey_not_found', 404);
      expectRefused(await bob.api.delete(`/auth/passkeys/${id}`), 'passkey_not_found', 404);
    });

    it.each([
      ['for another origin', { origin: 'https://evil.example' }],
      ['for a look-alike origin', { origin: 'https://app.example.org.evil.example' }],
      ['over plain HTTP', { origin: 'http://app.example.org' }],
      ['for another domain', { rpId: 'evil.example' }],
      ['without a check of the person', { userVerified: false }],
      ['without a touch', { userPresent: false }],
      ['as an answer to a login', { type: 'webauthn.get' }],
      ['for a challenge of nobody', { challenge: Buffer.alloc(32).toString('base64url') }],
      ['for a challenge that is too short', { challenge: 'AAAA' }],
    ])('%s are refused', async (_, ceremony) => {
      const credential = new SoftPasskey(ORIGIN).create(await creationOptions(), ceremony);
      expectRefused(await ada.api.post('/auth/passkeys', { credential, name: 'x' }), 'invalid_passkey', 409);
      expect((await ada.api.get('/auth/passkeys')).body).toEqual([]);
    });

    it("for another person's challenge, for one that was used, and for one of a login are refused", async () => {
      const bob = await person(app, 'bob');
      const send = (credential: object): Promise<Answer> => ada.api.post('/auth/passkeys', { credential, name: 'x' });
      expectRefused(await send(new SoftPasskey(ORIGIN).create(await creationOptions(bob))), 'invalid_passkey', 409);
      const options = await creationOptions();
      expect((await send(new SoftPasskey(ORIGIN).create(options))).status).toBe(201);
      expectRefused(await send(new SoftPasskey(ORIGIN).create(options)), 'invalid_passkey', 409);
      const login = { ...(await creationOptions()), challenge: (await requestOptions()).challenge };
      expectRefused(await send(new SoftPasskey(ORIGIN).create(login)), 'invalid_passkey', 409);
    });

    it('after five minutes are refused', async () => {
      const options = await creationOptions();
      app.clock.advance('5m');
      const credential = new SoftPasskey(ORIGIN).create(options);
      expectRefused(await ada.api.post('/auth/passkeys', { credential, name: 'x' }), 'invalid_passkey', 409);
    });

    it('twice are refused, also for another account', async () => {
      const { passkey } = await made();
      const bob = await person(app, 'bob');
      for (const who of [ada, bob]) {
        const credential = passkey.create(await creationOptions(who));
        expectRefused(await who.api.post('/auth/passkeys', { credential, name: 'x' }), 'passkey_exists', 409);
      }
    });

    it('use a challenge up with a refusal, whatever it was', async () => {
      const sendAs = ({ api }: Pick<Person, 'api'>, credential: object): Promise<Answer> =>
        api.post('/auth/passkeys', { credential, name: 'x' });
      const { passkey } = await made();
      const known = await creationOptions();
      const keyed = { api: ada.api.with({ 'idempotency-key': 'of-a-refusal' }) };
      expectRefused(await sendAs(keyed, passkey.create(known)), 'passkey_exists', 409);
      expectRefused(await sendAs(keyed, passkey.create(known)), 'invalid_passkey', 409);
      const late = await creationOptions();
      const session = { api: app.api.as((await login(app, ada.email)).access_token) };
      const ended = await whileLocked(async () => {
        const waiting = sendAs(ada, new SoftPasskey(ORIGIN).create(late));
        await waitsForLocks(1);
        expect((await ada.api.post('/auth/logout')).status).toBe(200);
        return { waiting };
      });
      expectRefused(ended, 'token_revoked');
      for (const options of [known, late])
        expectRefused(await sendAs(session, new SoftPasskey(ORIGIN).create(options)), 'invalid_passkey', 409);
      expect((await session.api.get('/auth/passkeys')).body).toHaveLength(1);
    });

    it('end at twenty, also in parallel', async () => {
      for (let count = 0; count < 18; count += 1) await made();
      const credentials = await Promise.all(
        Array.from({ length: 4 }, async () => new SoftPasskey(ORIGIN).create(await creationOptions())),
      );
      const answers = await Promise.all(
        credentials.map((credential) => ada.api.post('/auth/passkeys', { credential, name: 'x' })),
      );
      expect(answers.map(({ body }) => body.code ?? 'created').sort()).toEqual([
        'created',
        'created',
        'too_many_passkeys',
        'too_many_passkeys',
      ]);
      expect((await app.pool.query('SELECT FROM passkey_challenges WHERE user_id = $1', [ada.id])).rowCount).toBe(0);
    });

    it.each([
      ['no credential', { name: 'x' }, '#/credential'],
      ['a credential that is text', { name: 'x', credential: 'x' }, '#/credential'],
      ['an empty credential', { name: 'x', credential: {} }, '#/credential'],
      ['a list', { name: 'x', credential: [] }, '#/credential'],
      ['parts that are no base64url', { name: 'x', credential: broken({ clientDataJSON: '{}' }) }, '#/credential'],
      ['a missing part', { name: 'x', credential: broken({ attestationObject: undefined }) }, '#/credential'],
      ['no name', { credential: broken({}) }, '#/name'],
      ['a blank name', { name: ' ', credential: broken({}) }, '#/name'],
      ['a long name', { name: 'x'.repeat(51), credential: broken({}) }, '#/name'],
      ['an unknown field', { name: 'x', credential: broken({}), user_id: '1' }, '#/user_id'],
    ])('of %s are 400 and name the field', async (_, body, pointer) => {
      const answer = await ada.api.post('/auth/passkeys', body);
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    });

    it.each([
      ['broken CBOR', { attestationObject: 'AAAA' }],
      ['client data that is no JSON', { clientDataJSON: 'AAAA' }],
      ['client data that is null', { clientDataJSON: Buffer.from('null').toString('base64url') }],
    ])('of %s are refused, and nothing breaks', async (_, parts) => {
      const credential = new SoftPasskey(ORIGIN).create(await creationOptions());
      Object.assign(credential.response, parts);
      expectRefused(await ada.api.post('/auth/passkeys', { credential, name: 'x' }), 'invalid_passkey', 409);
    });

    it('of a credential id that is longer than the standard allows are refused', async () => {
      const passkey = new SoftPasskey(ORIGIN, 4_000);
      const credential = passkey.create(await creationOptions());
      expectRefused(await ada.api.post('/auth/passkeys', { credential, name: 'x' }), 'invalid_passkey', 409);
    });

    it('are refused when the session ends while the request waits for the account', async () => {
      const credential = new SoftPasskey(ORIGIN).create(await creationOptions());
      const creation = await whileLocked(async () => {
        const waiting = ada.api.post('/auth/passkeys', { credential, name: 'x' });
        await waitsForLocks(1);
        expect((await ada.api.post('/auth/logout')).status).toBe(200);
        return { waiting };
      });
      expectRefused(creation, 'token_revoked');
      expect((await app.pool.query('SELECT FROM passkeys WHERE user_id = $1', [ada.id])).rowCount).toBe(0);
    });

    it('do not outlive a reset of the password that comes between', async () => {
      await confirmAddress(app, ada.email);
      const credential = new SoftPasskey(ORIGIN).create(await creationOptions());
      await app.api.post('/auth/password/forgot', { email: ada.email });
      const token = await mailedToken(app, ada.email, 'Choose a new password');
      const [creation, reset] = await Promise.all([
        ada.api.post('/auth/passkeys', { credential, name: 'x' }),
        app.api.post('/auth/password/reset', { token, new_password: 'another horse battery' }),
      ]);
      expect(reset.status).toBe(204);
      expect([201, 401]).toContain(creation.status);
      expect((await app.pool.query('SELECT FROM passkeys WHERE user_id = $1', [ada.id])).rowCount).toBe(0);
    });

    it('need a fresh proof', async () => {
      app.clock.advance('11m');
      expectRefused(await ada.api.post('/auth/passkey-options'), 'step_up_required', 403);
    });

    it('are in the export, without keys', async () => {
      await made();
      const { body } = await ada.api.get('/users/me/export');
      expect(body.passkeys).toEqual((await ada.api.get('/auth/passkeys')).body);
    });
  });

  describe('as the only factor', () => {
    it('log in without a password, and the tokens are of more than one factor', async () => {
      const { passkey } = await made();
      const { status, body } = await loginWith(passkey.get(await requestOptions()));
      expect(status).toBe(200);
      expect(claimsOf(body.access_token)).toMatchObject({ sub: ada.id, amr: ['mfa'] });
      await expectLive(app, body as Tokens);
      expect((await ada.api.get('/auth/passkeys')).body[0].last_used_at).toEqual(expect.any(String));
    });

    it('tell nothing of accounts in their options', async () => {
      const options = await requestOptions();
      expect(options).toEqual({
        rpId: 'example.org',
        challenge: expect.any(String),
        timeout: 300_000,
        userVerification: 'required',
      });
    });

    it('leave the password as it was', async () => {
      await made();
      expect((await login(app, ada.email)).access_token).toBeDefined();
    });

    it.each([
      ['for another origin', { origin: 'https://evil.example' }],
      ['for another domain', { rpId: 'evil.example' }],
      ['without a check of the person', { userVerified: false }],
      ['as an answer to a creation', { type: 'webauthn.create' }],
      ['for a made up challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
    ])('%s are refused', async (_, ceremony) => {
      const { passkey } = await made();
      expectRefused(await loginWith(passkey.get(await requestOptions(), ceremony)), 'invalid_passkey_login');
    });

    it('accept an answer once, also in parallel', async () => {
      const { passkey } = await made();
      const credential = passkey.get(await requestOptions());
      const answers = await Promise.all(Array.from({ length: 5 }, () => loginWith(credential)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
    });

    it('use a challenge up with a wrong answer', async () => {
      const { passkey } = await made();
      const options = await requestOptions();
      expectRefused(await loginWith(passkey.get(options, { origin: 'https://evil.example' })), 'invalid_passkey_login');
      expectRefused(await loginWith(passkey.get(options)), 'invalid_passkey_login');
    });

    it('that are unknown, removed, or signed by another key are refused alike', async () => {
      const { passkey, id } = await made();
      const stranger = new SoftPasskey(ORIGIN);
      const unknown = await loginWith(stranger.get(await requestOptions()));
      const forged = stranger.get(await requestOptions());
      forged.id = forged.rawId = passkey.id.toString('base64url');
      const wrong = await loginWith(forged);
      await ada.api.delete(`/auth/passkeys/${id}`);
      const removed = await loginWith(passkey.get(await requestOptions()));
      for (const answer of [unknown, wrong, removed]) {
        expectRefused(answer, 'invalid_passkey_login');
        expect({ ...answer.body, request_id: '' }).toEqual({ ...unknown.body, request_id: '' });
      }
    });

    it('whose counter does not rise are copies: they are refused, and it is in the audit', async () => {
      const { passkey } = await made();
      passkey.counter = 5;
      expect((await loginWith(passkey.get(await requestOptions()))).status).toBe(200);
      for (const counter of [5, 4, 0]) {
        passkey.counter = counter;
        expectRefused(await loginWith(passkey.get(await requestOptions())), 'invalid_passkey_login');
      }
      passkey.counter = 6;
      expect((await loginWith(passkey.get(await requestOptions()))).status).toBe(200);
      const copies = (await auditOf(app, ada.id)).filter(({ action }) => action === 'passkey.copied');
      expect(copies).toHaveLength(3);
    });

    it('tell whether they are backed up, as of their last use', async () => {
      const { passkey } = await made();
      const backedUp = async (): Promise<boolean[]> =>
        (await ada.api.get('/auth/passkeys')).body.map(({ backed_up }: { backed_up: boolean }) => backed_up);
      for (const state of [true, false]) {
        const credential = passkey.get(await requestOptions(), { backedUp: state });
        expect((await loginWith(credential)).status).toBe(200);
        expect(await backedUp()).toEqual([state]);
      }
    });

    it('of a disabled account are told so, and start nothing', async () => {
      const { passkey } = await made();
      const admin = await staff(app, 'admin');
      await admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'x' });
      expectRefused(await loginWith(passkey.get(await requestOptions())), 'account_disabled', 403);
    });

    it('cancel the deletion of the account, as a password does', async () => {
      const { passkey } = await made();
      await ada.api.delete('/users/me', { current_password: PASSWORD });
      expect((await loginWith(passkey.get(await requestOptions()))).status).toBe(200);
      expect((await login(app, ada.email)).access_token).toBeDefined();
    });

    it('end with a reset of the password by mail: a thief may have added them', async () => {
      await confirmAddress(app, ada.email);
      const { passkey } = await made();
      await app.api.post('/auth/password/forgot', { email: ada.email });
      const token = await mailedToken(app, ada.email, 'Choose a new password');
      await app.api.post('/auth/password/reset', { token, new_password: 'another horse battery' });
      expectRefused(await loginWith(passkey.get(await requestOptions())), 'invalid_passkey_login');
      expect((await auditOf(app, ada.id)).map(({ action }) => action)).toContain('second_factors.reset');
    });

    it('start no session when they are removed while the login waits for the account', async () => {
      const { passkey, id } = await made();
      const credential = passkey.get(await requestOptions());
      const answer = await whileLocked(async (lock) => {
        const waiting = loginWith(credential);
        await waitsForLocks(1);
        await lock.query('DELETE FROM passkeys WHERE id = $1', [id]);
        return { waiting };
      });
      expectRefused(answer, 'invalid_passkey_login');
      expect((await auditOf(app, ada.id)).map(({ action }) => action)).not.toContain('passkey.copied');
    });

    it("are refused with another person's handle", async () => {
      const { passkey } = await made();
      const credential = passkey.get(await requestOptions());
      credential.response.userHandle = Buffer.alloc(16, 1).toString('base64url');
      expectRefused(await loginWith(credential), 'invalid_passkey_login');
    });

    it('end with the undoing of a change of address, whenever a thief has made them', async () => {
      await confirmAddress(app, ada.email);
      const before = await made();
      await ada.api.post('/users/me/email', { email: `thief${ada.email}`, current_password: PASSWORD });
      const after = await made(ada, { second_factor: true });
      const token = await mailedToken(app, ada.email, 'Your e-mail address is about to change');
      const undone = await app.api.post('/auth/email/undo', { token, new_password: 'another horse battery' });
      expect(undone.status).toBe(204);
      for (const { passkey } of [before, after])
        expectRefused(await loginWith(passkey.get(await requestOptions())), 'invalid_passkey_login');
      expect((await login(app, ada.email, 'another horse battery')).access_token).toBeDefined();
      expect((await auditOf(app, ada.id)).map(({ action }) => action)).toContain('second_factors.reset');
    });

    it('serve for step-up, whose refusal names them', async () => {
      const { passkey } = await made();
      app.clock.advance('11m');
      const refused = await ada.api.post('/auth/passkey-options');
      expect([refused.body.code, refused.body.proofs]).toEqual(['step_up_required', ['password', 'passkey']]);
      const bob = await person(app, 'bob');
      const { passkey: other } = await made(bob);
      const stolen = await ada.api.post('/auth/step-up', { passkey: other.get(await requestOptions()) });
      expectRefused(stolen, 'wrong_second_factor', 403);
      const proved = await ada.api.post('/auth/step-up', { passkey: passkey.get(await requestOptions()) });
      expect(proved.status).toBe(200);
      expect((await ada.api.post('/auth/passkey-options')).status).toBe(200);
    });
  });

  describe('as the second factor', () => {
    it('are asked for after the password, give recovery codes, and complete the login', async () => {
      const { passkey, recoveryCodes } = await made(ada, { second_factor: true });
      expect(recoveryCodes).toHaveLength(10);
      const asked = await app.api.post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(asked.body.methods).toEqual(['passkey', 'recovery_code']);
      const step = await secondStep(app, asked.body.mfa_ticket, { passkey: passkey.get(await requestOptions()) });
      expect([step.status, claimsOf(step.body.access_token).amr]).toEqual([200, ['mfa']]);
      const codes = await secondStep(app, await ticketOf(app, ada), { recovery_code: recoveryCodes[0] });
      expect(codes.status).toBe(200);
    });

    it('are any of the account, and none of another', async () => {
      await enrol(app, ada);
      const { passkey } = await made();
      const bob = await person(app, 'bob');
      const { passkey: other } = await made(bob);
      const asked = await app.api.post('/auth/login', { email: ada.email, password: PASSWORD });
      expect(asked.body.methods).toEqual(['totp', 'recovery_code', 'passkey']);
      const wrong = await secondStep(app, asked.body.mfa_ticket, { passkey: other.get(await requestOptions()) });
      expectRefused(wrong, 'invalid_second_factor');
      const right = await secondStep(app, asked.body.mfa_ticket, { passkey: passkey.get(await requestOptions()) });
      expect(right.status).toBe(200);
    });

    it('are asked for until the last one is removed', async () => {
      const first = await made(ada, { second_factor: true });
      const second = await made(ada, { second_factor: true });
      expect(second.recoveryCodes).toEqual([]);
      await ada.api.delete(`/auth/passkeys/${first.id}`);
      expect((await ada.api.get('/auth/second-factors')).body.methods).toEqual(['passkey']);
      await ada.api.delete(`/auth/passkeys/${second.id}`);
      expect((await ada.api.get('/auth/second-factors')).body).toEqual({ methods: [], recovery_codes_left: 0 });
      expect((await login(app, ada.email)).access_token).toBeDefined();
    });

    it('stay after a reset by mail, but log in no more without the new password', async () => {
      await confirmAddress(app, ada.email);
      const { passkey } = await made(ada, { second_factor: true });
      await app.api.post('/auth/password/forgot', { email: ada.email });
      const token = await mailedToken(app, ada.email, 'Choose a new password');
      await app.api.post('/auth/password/reset', { token, new_password: 'another horse battery' });
      const ticket = await ticketOf(app, ada, 'another horse battery');
      expect((await secondStep(app, ticket, { passkey: passkey.get(await requestOptions()) })).status).toBe(200);
      // A thief of the earlier password may have made it.
      expectRefused(await loginWith(passkey.get(await requestOptions())), 'invalid_passkey_login');
    });

    it('that are only a way to log in are removed by an admin, too, who is in the audit, and the owner is told', async () => {
      const { passkey } = await made();
      const admin = await staff(app, 'admin');
      expect((await admin.api.delete(`/admin/users/${ada.id}/second-factors`)).status).toBe(204);
      expectRefused(await loginWith(passkey.get(await requestOptions())), 'invalid_passkey_login');
      expect((await auditOf(app, ada.id)).map(({ action }) => action)).toContain('second_factors.reset');
      expect(await mailsTo(app, ada.email, 'Your second factors were removed')).toHaveLength(1);
      expectRefused(await ada.api.get('/auth/me'), 'token_revoked');
    });

    it('are removed by an admin with all others', async () => {
      const { passkey } = await made(ada, { second_factor: true });
      const admin = await staff(app, 'admin');
      expect((await admin.api.delete(`/admin/users/${ada.id}/second-factors`)).status).toBe(204);
      expect((await login(app, ada.email)).access_token).toBeDefined();
      expectRefused(await loginWith(passkey.get(await requestOptions())), 'invalid_passkey_login');
    });
  });

  it('are announced to password managers, with a page where there is one', async () => {
    expect((await app.api.get('/.well-known/passkey-endpoints')).body).toEqual({});
    const page = `${ORIGIN}/settings/passkeys`;
    const paged = await TestApp.start({ env: { ...ENV, PASSKEY_PAGE_URL: page }, sharing: app });
    try {
      const { body, headers } = await paged.api.get('/.well-known/passkey-endpoints');
      expect([body, headers.get('content-type')]).toEqual([
        { enroll: page, manage: page },
        'application/json; charset=utf-8',
      ]);
    } finally {
      await paged.stop();
    }
  });

  describeInBrowser('in Chromium, with its virtual authenticator', () => {
    let pages: Server;
    let origin: string;
    let served: TestApp;

    beforeAll(async () => {
      pages = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>x</title>'));
      await once(pages.listen(0, '127.0.0.1'), 'listening');
      origin = `http://localhost:${(pages.address() as AddressInfo).port}`;
      served = await TestApp.start({ env: { PASSKEY_RP_ID: 'localhost', CORS_ORIGINS: origin }, sharing: app });
    });

    afterAll(async () => {
      await served.stop();
      pages.close();
    });

    it('are made and log in, and a cancelled ceremony changes nothing', async () => {
      const browser = await openBrowser();
      try {
        const page = await browser.newPage();
        const session = await page.context().newCDPSession(page);
        await session.send('WebAuthn.enable');
        const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
          options: {
            protocol: 'ctap2',
            transport: 'internal',
            hasResidentKey: true,
            hasUserVerification: true,
            isUserVerified: true,
          },
        });
        await page.goto(origin);
        const eve = await person(served, 'eve');
        const made = await page.evaluate(create, { api: `${served.url}/api/v1`, token: eve.access_token });
        expect(made).toEqual({ status: 201 });
        const answered = await page.evaluate(get, { api: `${served.url}/api/v1` });
        expect(claimsOf(answered.token).sub).toBe(eve.id);
        await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
        const cancelled = await page.evaluate(get, { api: `${served.url}/api/v1` });
        expect(cancelled).toEqual({ error: 'NotAllowedError', token: '' });
        expect((await eve.api.get('/auth/passkeys')).body).toHaveLength(1);
      } finally {
        await browser.close();
      }
    });
  });
});

function broken(parts: object): object {
  const id = Buffer.alloc(32).toString('base64url');
  const response = { clientDataJSON: 'AAAA', attestationObject: 'AAAA', ...parts };
  return { id, rawId: id, type: 'public-key', response };
}

/** Runs in the page. */
async function create({ api, token }: { api: string; token: string }): Promise<{ status: number }> {
  const { PublicKeyCredential: Credential, navigator } = globalThis as any;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const begun = await fetch(`${api}/auth/passkey-options`, { method: 'POST', headers });
  const publicKey = Credential.parseCreationOptionsFromJSON(((await begun.json()) as any).options);
  const credential = await navigator.credentials.create({ publicKey });
  const body = JSON.stringify({ credential: credential.toJSON(), name: 'Chromium' });
  return { status: (await fetch(`${api}/auth/passkeys`, { method: 'POST', headers, body })).status };
}

/** Runs in the page. */
async function get({ api }: { api: string }): Promise<{ token: string; error?: string }> {
  const { PublicKeyCredential: Credential, navigator } = globalThis as any;
  const headers = { 'content-type': 'application/json' };
  const begun = await fetch(`${api}/auth/login/passkey/options`, { method: 'POST' });
  const publicKey = Credential.parseRequestOptionsFromJSON(((await begun.json()) as any).options);
  try {
    const credential = await navigator.credentials.get({ publicKey });
    const body = JSON.stringify({ credential: credential.toJSON() });
    const answer = await fetch(`${api}/auth/login/passkey`, { method: 'POST', headers, body });
    return { token: ((await answer.json()) as any).access_token };
  } catch (error) {
    return { token: '', error: (error as Error).name };
  }
}
