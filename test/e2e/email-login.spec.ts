/** Login by a mailed code or link, bound to the browser that asked for it. */
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { RoostClient } from '../../clients/typescript/src/index.js';
import { Erasure } from '../../src/account/erasure.js';
import type { Config } from '../../src/config/config.js';
import { CONFIG } from '../../src/config/config.module.js';
import { Cleanup } from '../../src/database/cleanup/cleanup.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited, auditOf } from '../support/audit.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { claimsOf } from '../support/jwt.js';
import { linkIn, type Mail, mailsTo, tokenIn } from '../support/mailbox.js';
import { confirmAddress, confirmedPerson, login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { watchQueries } from '../support/queries.js';
import { expectDead, expectLive, expectRefused, sessionsOf } from '../support/sessions.js';
import { soaked } from '../support/soak.js';
import { enrol, secondStep } from '../support/totp.js';

const SUBJECT = 'Log in to your account';
const NEW_PASSWORD = 'engine no. 2';

let app: TestApp;
let ada: Person;

beforeAll(async () => {
  app = await TestApp.start({ env: { EMAIL_LOGIN: 'on', LOGIN_GUARD: 'on', TRUST_PROXY: '127.0.0.1/32' } });
});

afterAll(() => app.stop());

beforeEach(async () => {
  await app.pool.query('TRUNCATE login_failures, known_addresses');
  ada = await confirmedPerson(app, 'ada');
});

const ask = (email: unknown = ada.email, from = app): Promise<Answer> => from.api.post('/auth/login/email', { email });

const complete = (login_request: unknown, proof: object, api = app.api): Promise<Answer> =>
  api.post('/auth/login/email/complete', { login_request, ...proof });

/** The cap of a mail a minute is over. */
const wait = (): Promise<unknown> =>
  app.pool.query("UPDATE mails SET created_at = created_at - interval '2 days' WHERE kind = 'email_login'");

interface Asked {
  readonly request: string;
  readonly code: string;
  readonly token: string;
}

async function newestMail(email = ada.email): Promise<Mail> {
  const [mail] = await mailsTo(app, email, SUBJECT);
  if (!mail) throw new Error(`no mail to ${email}`);
  return mail;
}

const codeIn = ({ text }: Mail): string => /^ +(\d{8})$/m.exec(text)?.[1] ?? '';

async function asked(email = ada.email): Promise<Asked> {
  await wait();
  const answer = await ask(email);
  expect(answer.status).toBe(202);
  const mail = await newestMail(email);
  return { request: answer.body.login_request as string, code: codeIn(mail), token: tokenIn(mail) };
}

const wrong = (code: string, add = 1): string => String((Number(code) + add) % 100_000_000).padStart(8, '0');

async function rowsOf({ id }: Pick<Person, 'id'>): Promise<number> {
  return (await app.pool.query('SELECT 1 FROM email_logins WHERE user_id = $1', [id])).rows.length;
}

describe('POST /auth/login/email', () => {
  it('mails a code and a link, and gives the browser a secret that is not in the mail', async () => {
    const { status, body, headers } = await ask(ada.email.toUpperCase());
    expect([status, headers.get('cache-control')]).toEqual([202, 'no-store']);
    expect(body).toEqual({
      message: expect.any(String),
      login_request: expect.stringMatching(/^[\w-]{43}$/),
      expires_in: 600,
    });
    const mail = await newestMail();
    expect(mail.text).toContain(`Hello ${ada.username},`);
    expect(mail.text).toContain('10 minutes');
    expect(codeIn(mail)).toMatch(/^\d{8}$/);
    const link = linkIn(mail);
    expect(link.origin + link.pathname).toBe(`${app.url}/email-login`);
    expect(link.hash).toMatch(/^#token=[\w-]{43}$/);
    expect(JSON.stringify(mail)).not.toContain(body.login_request);
  });

  it('leads to the front end of APP_URL', async () => {
    const other = await TestApp.start({
      sharing: app,
      env: { EMAIL_LOGIN: 'on', APP_URL: 'https://app.example.org/' },
    });
    try {
      await ask(ada.email, other);
      expect((await newestMail()).text).toContain('  https://app.example.org/email-login#token=');
    } finally {
      await other.stop();
    }
  });

  describe('for a known, an unknown, a disabled and an unconfirmed account', () => {
    let emails: Record<string, string>;

    beforeEach(async () => {
      const [disabled, unconfirmed] = [await confirmedPerson(app, 'disabled'), await person(app, 'unconfirmed')];
      await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [disabled.id]);
      emails = {
        known: ada.email,
        unknown: `nobody-of-${ada.username}@example.org`,
        disabled: disabled.email,
        unconfirmed: unconfirmed.email,
      };
    });

    it('answers the same, and does the same work [T18] [T19] [V6.3.8]', async () => {
      await ask(`warm-${ada.username}@example.org`);
      const seen = [];
      for (const email of Object.values(emails)) {
        const { result, statements } = await watchQueries(() => ask(email));
        const { login_request: request, ...others } = result.body;
        seen.push({
          status: result.status,
          others,
          length: String(request).length,
          headers: [...result.headers.keys()],
          statements,
        });
      }
      expect(seen[0]?.statements.length).toBeGreaterThan(4);
      for (const other of seen) expect(other).toEqual(seen[0]);
      const { rows } = await app.pool.query<{ size: number }>(
        "SELECT octet_length(sealed) AS size FROM mails WHERE kind = 'email_login' ORDER BY created_at DESC LIMIT 4",
      );
      expect(new Set(rows.map(({ size }) => size)).size).toBe(1);
    });

    it('counts and refuses wrong codes the same, also for an earlier request [T18] [T20]', async () => {
      const seen = [];
      for (const email of Object.values(emails)) {
        const first = (await ask(email)).body.login_request as string;
        await wait();
        const second = (await ask(email)).body.login_request as string;
        const answers: unknown[] = [];
        for (const request of [first, ...Array.from({ length: 7 }, () => second)]) {
          const { result, statements } = await watchQueries(() => complete(request, { code: '00000000' }));
          answers.push([result.status, result.body.code, statements]);
        }
        seen.push(answers);
      }
      for (const other of seen) expect(other).toEqual(seen[0]);
      expect(seen[0]?.map((answer) => (answer as [number])[0])).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    });
  });

  it('mails nobody, and makes no account', async () => {
    const email = `nobody-at-${ada.username}@example.org`;
    await ask(email);
    expect(await mailsTo(app, email)).toEqual([]);
    expect((await app.pool.query('SELECT 1 FROM users WHERE email = $1', [email])).rows).toEqual([]);
  });

  it('sends one mail a minute, and never says so; the request of that mail stays good [T48]', async () => {
    const { request, code } = await asked();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await mailsTo(app, ada.email, SUBJECT)).toHaveLength(1);
    expect((await complete(request, { code })).status).toBe(200);
  });

  it.each([
    ['no body', undefined],
    ['no address', {}],
    ['null', { email: null }],
    ['no e-mail address', { email: 'nobody' }],
    ['a list', { email: ['ada@example.org'] }],
    ['a field too many', { email: 'ada@example.org', url: 'https://evil.example' }],
  ])('refuses %s', async (_, body) => {
    expectRefused(await app.api.post('/auth/login/email', body), 'validation_failed', 400);
  });
});

describe('POST /auth/login/email/complete', () => {
  it('starts a session by the code, as people type it, which no second factor proved', async () => {
    const { request, code } = await asked();
    const answer = await complete(request, { code: ` ${code.slice(0, 4)}-${code.slice(4)} ` });
    expect(answer.status).toBe(200);
    expect(claimsOf(answer.body.access_token)).toMatchObject({ sub: ada.id });
    expect(claimsOf(answer.body.access_token)).not.toHaveProperty('amr');
    await expectLive(app, answer.body);
    const { rows } = await app.pool.query('SELECT 1 FROM known_addresses');
    expect(rows).not.toEqual([]);
  });

  it('starts a session by the token of the link', async () => {
    const { request, token } = await asked();
    const answer = await complete(request, { token });
    expect(answer.status).toBe(200);
    await expectLive(app, answer.body);
  });

  it('keeps the refresh token in a cookie where the page wants it', async () => {
    const { request, code } = await asked();
    const page = app.api.with({ 'refresh-token-in': 'cookie', origin: app.url });
    const answer = await complete(request, { code }, page);
    expect(answer.body).toMatchObject({ refresh_token_in: 'cookie' });
    expect(answer.headers.get('set-cookie')).toContain('__Host-roost_refresh=');
  });

  it('keeps the tokens of the session in the typed client', async () => {
    const roost = new RoostClient({ url: app.url });
    const begun = await roost.loginByEmail(ada.email);
    if (!begun.ok) throw new Error(begun.problem.code);
    const { login_request } = begun.data;
    const code = codeIn(await newestMail());
    expect((await roost.completeEmailLogin({ login_request, code: wrong(code) })).status).toBe(401);
    expect((await roost.completeEmailLogin({ login_request, code })).status).toBe(200);
    expect((await roost.get('/auth/me')).status).toBe(200);
  });

  it.each([
    ['no body', undefined],
    ['no request', { code: '12345678' }],
    ['no proof', { login_request: 'x' }],
    ['both proofs', { login_request: 'x', code: '12345678', token: 'x' }],
    ['null', { login_request: 'x', code: null }],
    ['seven digits', { login_request: 'x', code: '1234567' }],
    ['a number', { login_request: 'x', code: 12345678 }],
    ['a list', { login_request: ['x'], code: '12345678' }],
    ['an address', { login_request: 'x', code: '12345678', email: 'ada@example.org' }],
  ])('refuses %s', async (_, body) => {
    expectRefused(await app.api.post('/auth/login/email/complete', body), 'validation_failed', 400);
  });

  it('takes neither code nor token without the request of the same browser [V6.5.1]', async () => {
    const eve = await confirmedPerson(app, 'eve');
    const [mine, hers] = [await asked(), await asked(eve.email)];
    for (const request of ['x', mine.token, mine.code, `${mine.request}=`, hers.request, mine.request.toLowerCase()])
      for (const proof of [{ code: mine.code }, { token: mine.token }])
        expectRefused(await complete(request, proof), 'invalid_email_login');
    expect((await complete(mine.request, { token: mine.token })).status).toBe(200);
  });

  it('takes them for ten minutes [V6.5.5]', async () => {
    const later = await TestApp.start({ sharing: app, env: { EMAIL_LOGIN: 'on' } });
    try {
      const eve = await confirmedPerson(app, 'eve');
      const [first, second] = [await asked(), await asked(eve.email)];
      later.clock.advance('590s');
      expect((await complete(first.request, { code: first.code }, later.api)).status).toBe(200);
      later.clock.advance('11s');
      for (const proof of [{ code: second.code }, { token: second.token }])
        expectRefused(await complete(second.request, proof, later.api), 'invalid_email_login');
      await later.nestApp.get(Cleanup).run();
      expect(await rowsOf(eve)).toBe(0);
    } finally {
      await later.stop();
    }
  });

  it('takes those of the newest mail only [T25]', async () => {
    const [older, newer] = [await asked(), await asked()];
    for (const { request, code, token } of [older, { ...older, request: newer.request }])
      for (const proof of [{ code }, { token }]) expectRefused(await complete(request, proof), 'invalid_email_login');
    expect((await complete(newer.request, { code: newer.code })).status).toBe(200);
  });

  it('takes them once, also of many at the same time [V6.5.1] [V2.3.4]', async () => {
    const { request, code, token } = await asked();
    const before = (await sessionsOf(app, ada)).length;
    const proofs = [{ code }, { token }, { code }, { token }, { token }];
    const answers = await Promise.all(proofs.map((proof) => complete(request, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const proof of proofs) expectRefused(await complete(request, proof), 'invalid_email_login');
    expect(await sessionsOf(app, ada)).toHaveLength(before + 1);
  });

  it('compares five codes of a request, also of many at the same time; the link stays good [V6.3.1] [T20]', async () => {
    const { request, code, token } = await asked();
    const unguarded = await TestApp.start({ sharing: app, env: { EMAIL_LOGIN: 'on' } });
    try {
      const guess = (n: number): Promise<Answer> => complete(request, { code: wrong(code, n + 1) }, unguarded.api);
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => guess(n)));
      for (const answer of answers) expectRefused(answer, 'invalid_email_login');
      const { rows } = await app.pool.query('SELECT tries FROM email_logins WHERE user_id = $1', [ada.id]);
      expect(rows).toEqual([{ tries: 0 }]);
      expectRefused(await complete(request, { code }, unguarded.api), 'invalid_email_login');
      expect((await complete(request, { token }, unguarded.api)).status).toBe(200);
    } finally {
      await unguarded.stop();
    }
  });

  it('counts codes of an account across requests and networks, and never locks its password [T21]', async () => {
    const from = (n: number) => app.api.with({ 'x-forwarded-for': `203.0.113.${n}` });
    const statuses = [];
    for (let round = 0; round < 6; round += 1) {
      const { request, code } = await asked();
      for (let n = 1; n <= 4; n += 1)
        statuses.push((await complete(request, { code: wrong(code, n) }, from(round * 4 + n))).status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(statuses.slice(20)).toContain(429);
    const elsewhere = app.api.with({ 'x-forwarded-for': '198.51.100.1' });
    expect((await elsewhere.post('/auth/login', { email: ada.email, password: PASSWORD })).status).toBe(200);
    const { request, token } = await asked();
    expect((await complete(request, { token }, app.api.with({ 'x-forwarded-for': '198.51.100.9' }))).status).toBe(200);
  });

  it('asks for the second factor of an account that has one, and is used up by then [V6.3.3]', async () => {
    const { authenticator } = await enrol(app, ada);
    const { request, code } = await asked();
    const { status, body } = await complete(request, { code });
    expect([status, body]).toEqual([
      200,
      { mfa_required: true, mfa_ticket: expect.any(String), methods: ['totp', 'recovery_code'], expires_in: 300 },
    ]);
    expectRefused(await complete(request, { code }), 'invalid_email_login');
    const step = await secondStep(app, body.mfa_ticket, { totp: authenticator.next() });
    expect(step.status).toBe(200);
    await expectLive(app, step.body);
  });

  it('tells a disabled account so after the right proof only, and starts nothing', async () => {
    const admin = await staff(app, 'admin');
    const { request, code, token } = await asked();
    expect((await admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'x' })).status).toBe(204);
    expectRefused(await complete(request, { code: wrong(code) }), 'invalid_email_login');
    expectRefused(await complete(request, { code }), 'account_disabled', 403);
    expect((await admin.api.post(`/admin/users/${ada.id}/enable`, {})).status).toBe(204);
    // What was mailed before the ban does not outlive it.
    expectRefused(await complete(request, { token }), 'invalid_email_login');
  });

  it('cancels the own deletion of an account when it is completed, and not before', async () => {
    expect((await ada.api.delete('/users/me', { current_password: PASSWORD })).status).toBe(202);
    const deletion = async (): Promise<unknown> =>
      (await app.pool.query('SELECT deletion FROM users WHERE id = $1', [ada.id])).rows[0].deletion;
    const { request, token } = await asked();
    expect(await deletion()).toBe('own');
    expect((await complete(request, { token })).status).toBe(200);
    expect(await deletion()).toBeNull();
  });

  it.each(['a change of the password', 'a reset', 'a change of the address', 'a logout by an admin', 'a deletion'])(
    'is ended by %s',
    async (what) => {
      const { request, code, token } = await asked();
      if (what.includes('password')) {
        const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
        expect((await ada.api.put('/auth/password', body)).status).toBe(204);
      } else if (what.includes('reset')) {
        expect((await resetPassword(NEW_PASSWORD)).status).toBe(204);
      } else if (what.includes('address')) {
        const email = `new-${ada.email}`;
        await ada.api.post('/users/me/email', { email, current_password: PASSWORD });
        const [mail] = await mailsTo(app, email, 'Confirm your new e-mail address');
        expect((await app.api.post('/auth/email/confirm', { token: mail && tokenIn(mail) })).status).toBe(204);
      } else if (what.includes('admin')) {
        expect((await (await staff(app, 'admin')).api.post(`/admin/users/${ada.id}/logout`)).status).toBe(204);
      } else {
        expect((await ada.api.delete('/users/me', { current_password: PASSWORD })).status).toBe(202);
        // Which is cancelled.
        await login(app, ada.email);
      }
      for (const proof of [{ code }, { token }]) expectRefused(await complete(request, proof), 'invalid_email_login');
    },
  );

  it('takes what was mailed before a rotation of JWT_SECRET', async () => {
    const { secret } = app.nestApp.get<Config>(CONFIG).tokens;
    const mailed = await asked();
    const rotated = await TestApp.start({
      sharing: app,
      env: { EMAIL_LOGIN: 'on', JWT_SECRET: 'another-key-of-the-tests-for-the-rotation', JWT_SECRET_PREVIOUS: secret },
    });
    try {
      const answer = await complete(mailed.request, { code: mailed.code }, rotated.api);
      expect(answer.status).toBe(200);
      await expectLive(rotated, answer.body);
    } finally {
      await rotated.stop();
    }
  });

  it('counts as a login for the cap of sessions: the oldest ends', async () => {
    const few = await TestApp.start({ sharing: app, env: { EMAIL_LOGIN: 'on', SESSIONS_PER_USER: '1' } });
    try {
      few.clock.offsetMs = app.clock.offsetMs;
      const { request, code } = await asked();
      const answer = await complete(request, { code }, few.api);
      await expectDead(few, ada);
      await expectLive(few, answer.body);
    } finally {
      await few.stop();
    }
  });

  it('leaves no session of before alive against a reset at the same time [T12] [V15.4.2]', async () => {
    for (let round = 0; round < soaked(20, 8); round += 1) {
      const { request, token } = await asked();
      const [entered, answer] = await Promise.all([
        complete(request, { token }),
        resetPassword(`engine no. ${round + 10}`),
      ]);
      expect(answer.status).toBe(204);
      if (entered.status === 200) await expectDead(app, entered.body);
      else expectRefused(entered, 'invalid_email_login');
    }
  });

  it('leaves no session alive against a ban at the same time [T12]', async () => {
    const admin = await staff(app, 'admin');
    for (let round = 0; round < soaked(20, 6); round += 1) {
      const { request, token } = await asked();
      const [entered, banned] = await Promise.all([
        complete(request, { token }),
        admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'x' }),
      ]);
      expect(banned.status).toBe(204);
      expect([200, 401, 403]).toContain(entered.status);
      const live = (await sessionsOf(app, ada)).filter(({ revoked_at }) => revoked_at === null);
      expect(live).toEqual([]);
      await admin.api.post(`/admin/users/${ada.id}/enable`, {});
    }
  });
});

/** A stranger registered the address with a password of theirs, and waits for its owner. */
describe('an account whose address was never confirmed [T24]', () => {
  let stranger: Person;

  beforeEach(async () => {
    stranger = await person(app, 'stranger');
  });

  it('is not logged into, nor confirmed: the mail says how to take it over', async () => {
    const answer = await ask(stranger.email);
    const mail = await newestMail(stranger.email);
    expect(mail.text).toContain('never confirmed');
    expect(mail.text).toContain('request a new password');
    expect(mail.text).not.toMatch(/\d{8}|https?:/);
    const decoy = await app.pool.query('SELECT 1 FROM email_logins WHERE user_id = $1', [stranger.id]);
    expect(decoy.rows).toEqual([]);
    expectRefused(await complete(answer.body.login_request, { code: '00000000' }), 'invalid_email_login');
    const { rows } = await app.pool.query('SELECT email_confirmed_at FROM users WHERE id = $1', [stranger.id]);
    expect(rows).toEqual([{ email_confirmed_at: null }]);
  });

  it('is not logged into by a request of before its confirmation, but by one of after', async () => {
    const before = await ask(stranger.email);
    await confirmAddress(app, stranger.email);
    expectRefused(await complete(before.body.login_request, { code: '00000000' }), 'invalid_email_login');
    const { request, code } = await asked(stranger.email);
    expect((await complete(request, { code })).status).toBe(200);
  });
});

async function resetPassword(password: string): Promise<Answer> {
  await app.pool.query("UPDATE mails SET created_at = created_at - interval '2 days' WHERE kind = 'password_reset'");
  await app.api.post('/auth/password/forgot', { email: ada.email });
  const [mail] = await mailsTo(app, ada.email, 'Choose a new password');
  return app.api.post('/auth/password/reset', { token: mail && tokenIn(mail), new_password: password });
}

describe('what is kept and told', () => {
  it('keeps hashes of a request only, and logs no secret or address [V6.5.2] [T62]', async () => {
    const before = app.log.length;
    const { request, code, token } = await asked();
    const { rows } = await app.pool.query<{ row: string }>('SELECT row_to_json(l)::text AS row FROM email_logins l');
    await complete(request, { code: wrong(code) });
    const text = rows.map(({ row }) => row).join();
    const lines = app.log.slice(before).join('');
    for (const secret of [request, code, token, ada.email])
      for (const found of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret, 'base64url').toString('hex'),
      ])
        expect([text.includes(found), lines.includes(found)]).toEqual([false, false]);
    expect(lines).toContain('"event":"email_login_requested"');
  });

  it('writes to the audit who asked, failed and entered', async () => {
    const { request, code } = await asked();
    await complete(request, { code: wrong(code) });
    await complete(request, { code });
    const events = (await auditOf(app, ada.id)).slice(-3);
    expect(events.map(({ action, after }) => [action, after?.reason])).toEqual([
      ['login.email_requested', undefined],
      ['login.failed', 'invalid_email_login'],
      ['login.succeeded', undefined],
    ]);
    const unknown = await audited(app, () => ask(`nobody-in-${ada.username}@example.org`));
    expect(unknown.map(({ action, subject_id }) => [action, subject_id])).toEqual([['login.email_requested', null]]);
  });

  it('goes with the account', async () => {
    const { request, token } = await asked();
    await app.pool.query("UPDATE users SET deletion = 'own', delete_after = now() - interval '1 day' WHERE id = $1", [
      ada.id,
    ]);
    expect(await app.nestApp.get(Erasure).run()).toBeGreaterThan(0);
    expect(await rowsOf(ada)).toBe(0);
    expectRefused(await complete(request, { token }), 'invalid_email_login');
  });
});

describe('EMAIL_LOGIN=off, the default', () => {
  it('has nothing at these addresses', async () => {
    const off = await TestApp.start({ sharing: app });
    try {
      for (const [path, body] of [
        ['/auth/login/email', { email: ada.email }],
        ['/auth/login/email', {}],
        ['/auth/login/email/complete', { login_request: 'x', code: '12345678' }],
      ] as const)
        expectRefused(await off.api.post(path, body), 'route_not_found', 404);
      for (const path of ['/email-login', '/email-login.js'])
        expectRefused(await off.api.get(path), 'route_not_found', 404);
      expect(await mailsTo(app, ada.email, SUBJECT)).toEqual([]);
      await login(off, ada.email);
    } finally {
      await off.stop();
    }
  });
});

describe('the page', () => {
  it.each(['/email-login', '/email-login/'])(
    '%s runs its own script only, and is in no frame or cache',
    async (path) => {
      const { status, headers, text } = await app.api.get(path);
      expect(status).toBe(200);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; connect-src 'self'");
      expect(policy).not.toMatch(/unsafe|\*|data:/);
      const base = path.endsWith('/') ? '../' : '';
      expect(text.match(/<script\b[^>]*>/g)).toEqual([`<script type="module" src="${base}email-login.js">`]);
      expect(text).toContain(`data-address="${base}api/v1/auth/login/"`);
      expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer']);
      const script = await app.api.get('/email-login.js');
      expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(script.text).not.toMatch(/innerHTML|eval|document\.write/);
    },
  );

  it('uses nothing up when the link is fetched, as mail scanners do [V3.5.3]', async () => {
    const { request, token } = await asked();
    const { href } = linkIn(await newestMail());
    for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(href, { method })).status).toBe(200);
    expect((await complete(request, { token })).status).toBe(200);
  });
});

describeInBrowser('the page in a browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);

  afterAll(() => browser.close());

  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(`${app.url}/email-login`);
    await page.getByLabel('E-mail address').fill(ada.email);
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByLabel('Code from the mail').waitFor();
  });

  afterEach(() => context.close());

  const says = (text: string, on = page): Promise<void> => on.getByRole('status').filter({ hasText: text }).waitFor();

  it('logs in by the code; a wrong one can be corrected', async () => {
    const code = codeIn(await newestMail());
    await page.getByLabel('Code from the mail').fill(wrong(code));
    await page.getByRole('button', { name: 'Log in' }).click();
    await says('The code or link is wrong');
    await page.getByLabel('Code from the mail').fill(code);
    await page.getByRole('button', { name: 'Log in' }).click();
    await says('You are logged in');
    expect(await sessionsOf(app, ada)).toHaveLength(2);
    expect((await context.cookies()).map(({ name }) => name)).toEqual(['__Host-roost_refresh']);
  });

  it('logs in by the link in the same browser, when the button is pressed, with the second factor', async () => {
    const { authenticator } = await enrol(app, ada);
    const tab = await context.newPage();
    await tab.goto(linkIn(await newestMail()).href);
    await tab.getByRole('button', { name: 'Log in' }).waitFor();
    expect(tab.url()).toBe(`${app.url}/email-login`);
    expect(await rowsOf(ada)).toBe(1);
    await tab.getByRole('button', { name: 'Log in' }).click();
    await tab.getByLabel('Code of your authenticator app').fill(authenticator.next());
    await tab.getByRole('button', { name: 'Log in' }).click();
    await says('You are logged in', tab);
  });

  it('takes a recovery code where the second factor is lost', async () => {
    const { recoveryCodes } = await enrol(app, ada);
    await page.getByLabel('Code from the mail').fill(codeIn(await newestMail()));
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('or a recovery code').fill(recoveryCodes[0] ?? '');
    await page.getByRole('button', { name: 'Log in' }).click();
    await says('You are logged in');
  });

  it('says so in another browser, and the code works where it was asked for', async () => {
    const mail = await newestMail();
    const other = await browser.newContext();
    const elsewhere = await other.newPage();
    await elsewhere.goto(linkIn(mail).href);
    await says('only in the browser that asked for it', elsewhere);
    expect(await elsewhere.getByRole('button').count()).toBe(0);
    await other.close();
    await page.getByLabel('Code from the mail').fill(codeIn(mail));
    await page.getByRole('button', { name: 'Log in' }).click();
    await says('You are logged in');
  });
});
