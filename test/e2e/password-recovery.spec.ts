import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { linkIn, mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmedPerson, login, PASSWORD, person, type Person } from '../support/people.js';
import { request } from '../support/raw.js';
import { expectDead, expectLive, expectRefused, sessionsOf } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

const NEW_PASSWORD = 'engine no. 2';
const SUBJECT = 'Choose a new password';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

let app: TestApp;
let ada: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

beforeEach(async () => {
  ada = await person(app, 'ada');
});

const forgot = (email: unknown = ada.email): Promise<Answer> => app.api.post('/auth/password/forgot', { email });

const reset = (token: unknown, password: unknown = NEW_PASSWORD): Promise<Answer> =>
  app.api.post('/auth/password/reset', { token, new_password: password });

const tryLogin = (password: string, email = ada.email): Promise<Answer> =>
  app.api.post('/auth/login', { email, password });

async function askedFor(email = ada.email): Promise<string> {
  expect((await forgot(email)).status).toBe(202);
  return mailedToken(app, email, SUBJECT);
}

async function accountOf(email: string): Promise<Record<string, any>> {
  const { rows } = await app.pool.query<Record<string, any>>('SELECT * FROM users WHERE email = $1', [email]);
  return rows[0] ?? {};
}

describe('POST /auth/password/forgot', () => {
  it('mails a link to the address of the account', async () => {
    const answer = await forgot(ada.email.toUpperCase());
    expect([answer.status, answer.body]).toEqual([202, { message: expect.any(String) }]);
    const [mail, ...others] = await mailsTo(app, ada.email, SUBJECT);
    expect(others).toEqual([]);
    if (!mail) throw new Error('no mail');
    expect(mail.text).toContain(`Hello ${ada.username},`);
    const link = linkIn(mail);
    expect(link.origin + link.pathname).toBe(`${app.url}/reset`);
    expect(link.hash).toMatch(/^#token=[A-Za-z0-9_-]{43}&unconfirmed=true$/);
    expect(mail.html).toContain(`href="${link.href.replace('&', '&amp;')}"`);
  });

  it('answers the same for an address that nobody has, and mails nothing [T18] [V6.3.8]', async () => {
    const [known, unknown] = [await forgot(), await forgot('nobody@example.org')];
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
    expect([...unknown.headers.keys()]).toEqual([...known.headers.keys()]);
    expect(await mailsTo(app, 'nobody@example.org')).toEqual([]);
  });

  it('does the same work for it: as many rows, of the same size [T19] [V6.3.8]', async () => {
    const written = async (email: string): Promise<unknown> => {
      const count = async (): Promise<number> =>
        (
          await app.pool.query<{ n: number }>(
            'SELECT (SELECT count(*) FROM mails)::int + (SELECT count(*) FROM account_tokens)::int AS n',
          )
        ).rows[0]?.n ?? NaN;
      const before = await count();
      for (let index = 0; index < 3; index += 1) await forgot(email);
      return (await count()) - before;
    };
    const confirmed = await confirmedPerson(app, 'confirmed');
    const emails = [ada.email, confirmed.email, 'nobody-else@example.org'];
    for (const email of emails) expect(await written(email)).toBe(2);
    const { rows } = await app.pool.query<{ size: number }>(
      "SELECT octet_length(sealed) AS size FROM mails WHERE kind = 'password_reset' ORDER BY created_at DESC LIMIT 3",
    );
    expect(new Set(rows.map(({ size }) => size)).size).toBe(1);
  });

  it.each([
    ['no body', undefined],
    ['no address', {}],
    ['null', { email: null }],
    ['no e-mail address', { email: 'nobody' }],
    ['a list', { email: ['ada@example.org', 'eve@example.org'] }],
    ['two addresses', { email: 'ada@example.org,eve@example.org' }],
    ['a header', { email: 'ada@example.org\r\nBcc: eve@example.org' }],
    ['a field too many', { email: 'ada@example.org', url: 'https://evil.example' }],
  ])('refuses %s', async (_, body) => {
    expectRefused(await app.api.post('/auth/password/forgot', body), 'validation_failed', 400);
  });

  it('sends ten a day to an address, and never says so; others get theirs', async () => {
    const slow = await TestApp.start({ sharing: app });
    try {
      const ask = (email: string): Promise<Answer> => slow.api.post('/auth/password/forgot', { email });
      const answers = [];
      for (let hour = 0; hour < 20; hour += 1) {
        slow.clock.advance('1h');
        answers.push(await ask(ada.email));
      }
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      const mails = await mailsTo(app, ada.email, SUBJECT);
      expect(mails).toHaveLength(10);
      const last = await mailedToken(app, ada.email, SUBJECT);
      const [longest, ...others] = mails.map(({ text }) => /valid for (.+?) and/.exec(text)?.[1]);
      // Fifteen whole hours, or a moment less: time goes on between the requests.
      expect(longest).toMatch(/^1[45] hours$/);
      expect(new Set(others)).toEqual(new Set(['30 minutes']));
      // Asked for by a stranger, all of them: the owner is not kept out for the rest of the day.
      slow.clock.advance('4h');
      const reset = { token: last, new_password: 'engine no. 22' };
      expect((await slow.api.post('/auth/password/reset', reset)).status).toBe(204);
      const eve = await person(app, 'eve');
      await ask(eve.email);
      expect(await mailsTo(app, eve.email, SUBJECT)).toHaveLength(1);
      slow.clock.advance('24h');
      await ask(ada.email);
      expect(await mailsTo(app, ada.email, SUBJECT)).toHaveLength(11);
    } finally {
      await slow.stop();
    }
  });

  it('sends one mail a minute and five an hour, and never says so [T48] [V2.4.1]', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => forgot()));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(await mailsTo(app, ada.email, SUBJECT)).toHaveLength(1);
    const slow = await TestApp.start({ sharing: app });
    try {
      for (let minute = 0; minute < 10; minute += 1) {
        slow.clock.advance('61s');
        expect((await slow.api.post('/auth/password/forgot', { email: ada.email })).status).toBe(202);
      }
      expect(await mailsTo(app, ada.email, SUBJECT)).toHaveLength(5);
      slow.clock.advance('1h');
      await slow.api.post('/auth/password/forgot', { email: ada.email });
      expect(await mailsTo(app, ada.email, SUBJECT)).toHaveLength(6);
    } finally {
      await slow.stop();
    }
  });

  it('makes links of the configuration only, whatever the request says of its host [T29] [V1.2.2]', async () => {
    const body = JSON.stringify({ email: ada.email });
    const head = [
      `POST http://evil.example/api/v1/auth/password/forgot HTTP/1.1`,
      'Host: evil.example:1234',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'Forwarded: host=evil.example;proto=https',
      'Origin: https://evil.example',
      'Referer: https://evil.example/',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ];
    expect((await request(app.url, `${head.join('\r\n')}\r\n\r\n${body}`)).status).toBe(202);
    const [mail] = await mailsTo(app, ada.email, SUBJECT);
    expect(JSON.stringify(mail)).not.toContain('evil');
    expect(mail?.text).toContain(`${app.url}/reset#token=`);
  });

  it.each([
    ['PUBLIC_URL', { PUBLIC_URL: 'https://api.example.org/roost/' }, 'https://api.example.org/roost/reset#token='],
    [
      'APP_URL',
      { PUBLIC_URL: 'https://api.example.org', APP_URL: 'https://app.example.org/' },
      'https://app.example.org/reset#token=',
    ],
  ])('makes links of %s where it is set', async (_, env, begin) => {
    const other = await TestApp.start({ sharing: app, env });
    try {
      await other.api.post('/auth/password/forgot', { email: ada.email });
      expect((await mailsTo(app, ada.email, SUBJECT))[0]?.text).toContain(`  ${begin}`);
    } finally {
      await other.stop();
    }
  });

  it('mails to the stored address, not to one that looks like it [T22]', async () => {
    const owner = `Kate-${ada.username}@example.org`;
    await app.api.post('/auth/register', { email: owner, password: PASSWORD });
    for (const lookalike of [owner.replace('K', '\u212a'), owner.replace('a', '\u0430'), `${owner}.`])
      await forgot(lookalike);
    expect(await mailsTo(app, owner, SUBJECT)).toEqual([]);
    await forgot(owner);
    expect(await mailsTo(app, owner.toLowerCase(), SUBJECT)).toHaveLength(1);
  });

  it('counts with registrations and the like: 20 an hour an address', async () => {
    const limited = await TestApp.start({ sharing: app, env: { RATE_LIMIT: 'on' } });
    try {
      for (let index = 0; index < 20; index += 1) {
        const email = `nobody-${index}@example.org`;
        expect((await limited.api.post('/auth/password/forgot', { email })).status).toBe(202);
      }
      expect((await limited.api.post('/auth/password/forgot', { email: ada.email })).status).toBe(429);
    } finally {
      await limited.stop();
    }
  });
});

describe('POST /auth/password/reset', () => {
  it('sets the password by the mailed token', async () => {
    const answer = await reset(await askedFor());
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await tryLogin(NEW_PASSWORD)).status).toBe(200);
    expectRefused(await tryLogin(PASSWORD), 'invalid_credentials');
  });

  it('ends all sessions at once, says why, and tells the owner [V7.4.3] [V6.3.7] [T13]', async () => {
    const phone = await login(app, ada.email);
    const bob = await person(app, 'bob');
    expect((await reset(await askedFor())).status).toBe(204);
    await expectDead(app, ada);
    await expectDead(app, phone);
    await expectLive(app, bob);
    const rows = await sessionsOf(app, ada);
    expect(rows.map(({ revoked_reason }) => revoked_reason)).toEqual(['password_reset', 'password_reset']);
    const { rows: revoked } = await app.pool.query(
      'SELECT 1 FROM revocations WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)',
      [ada.id],
    );
    expect(revoked).toHaveLength(2);
    expect(await mailsTo(app, ada.email, 'Your password was changed')).toHaveLength(1);
  });

  it('keeps nothing of a token but its hash [V6.5.2] [T62]', async () => {
    const token = await askedFor();
    expect(token).toMatch(TOKEN);
    const { rows } = await app.pool.query<{ all: string }>(
      `SELECT row_to_json(t)::text AS all FROM account_tokens t UNION ALL SELECT row_to_json(m)::text FROM mails m
        UNION ALL SELECT encode(sealed, 'escape') FROM mails`,
    );
    const bytes = Buffer.from(token, 'base64url').toString('hex');
    for (const { all } of rows) expect(all.includes(token) || all.includes(bytes)).toBe(false);
    expect(app.log.join('')).not.toContain(token);
  });

  it('takes a token once, also of many at the same time [V6.4.3] [V6.5.1] [T25] [V2.3.4]', async () => {
    const token = await askedFor();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => reset(token, `engine no. ${index}`)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 204))
      expectRefused(answer, 'invalid_account_token', 400);
    const winner = answers.findIndex(({ status }) => status === 204);
    expect((await tryLogin(`engine no. ${winner}`)).status).toBe(200);
    expectRefused(await reset(token), 'invalid_account_token', 400);
    expect(await mailsTo(app, ada.email, 'Your password was changed')).toHaveLength(1);
  });

  it('takes it for 30 minutes', async () => {
    const [first, eve] = [await askedFor(), await person(app, 'eve')];
    const second = await askedFor(eve.email);
    const later = await TestApp.start({ sharing: app });
    try {
      const body = { new_password: NEW_PASSWORD };
      later.clock.advance('29m');
      expect((await later.api.post('/auth/password/reset', { token: first, ...body })).status).toBe(204);
      later.clock.advance('1m');
      expectRefused(
        await later.api.post('/auth/password/reset', { token: second, ...body }),
        'invalid_account_token',
        400,
      );
    } finally {
      await later.stop();
    }
  });

  it('takes the newest one only [V6.4.3] [T25]', async () => {
    const older = await askedFor();
    await app.pool.query("UPDATE mails SET created_at = created_at - interval '2 minutes'");
    const newer = await askedFor();
    expect(newer).not.toBe(older);
    expectRefused(await reset(older), 'invalid_account_token', 400);
    expect((await reset(newer)).status).toBe(204);
  });

  it('takes no token that differs in a character, or is written otherwise [T25] [V2.3.1]', async () => {
    const token = await askedFor();
    const last = token.at(-1) ?? '';
    const sameBytes = String.fromCharCode(last.charCodeAt(0) + 1);
    for (const other of [
      `${token}=`,
      ` ${token}`,
      token.slice(0, -1),
      `${token}A`,
      token.slice(0, -1) + sameBytes,
      token.toLowerCase(),
    ])
      expectRefused(await reset(other), 'invalid_account_token', 400);
    expect((await reset(token)).status).toBe(204);
  });

  it.each([
    ['no token', { new_password: NEW_PASSWORD }, '#/token', 'required'],
    ['an empty token', { token: '', new_password: NEW_PASSWORD }, '#/token', 'too_short'],
    ['a list', { token: ['a'], new_password: NEW_PASSWORD }, '#/token', 'wrong_type'],
    ['an object', { token: { $ne: '' }, new_password: NEW_PASSWORD }, '#/token', 'wrong_type'],
    ['no password', { token: 'a' }, '#/new_password', 'required'],
    ['a short password', { token: 'a', new_password: 'engine7' }, '#/new_password', 'too_short'],
    ['a long password', { token: 'a', new_password: 'a'.repeat(73) }, '#/new_password', 'too_long'],
    ['an account', { token: 'a', new_password: NEW_PASSWORD, user_id: 'x' }, '#/user_id', 'unknown_field'],
  ])('refuses %s and names the field', async (_, body, pointer, code) => {
    const answer = await app.api.post('/auth/password/reset', body);
    expectRefused(answer, 'validation_failed', 400);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
  });

  it('refuses a password that would be guessed, and the token stays good [V6.2.4] [T17]', async () => {
    const token = await askedFor();
    for (const [password, code] of [
      ['password1', 'too_common'],
      [ada.email, 'contains_email'],
      [`${ada.username} 1234`, 'contains_username'],
    ]) {
      const answer = await reset(token, password);
      expect(answer.body.errors).toMatchObject([{ pointer: '#/new_password' }]);
      if (code === 'too_common') expect(answer.body.errors).toMatchObject([{ code }]);
    }
    expect((await reset(token)).status).toBe(204);
  });

  it('is no way into another account, nor a way round one that is disabled', async () => {
    const token = await askedFor();
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    expect((await reset(token)).status).toBe(204);
    expectRefused(await tryLogin(NEW_PASSWORD), 'account_disabled', 403);
    expect((await accountOf(ada.email)).status).toBe('disabled');
  });

  it('refuses the token of an account that is gone', async () => {
    const token = await askedFor();
    await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
    expectRefused(await reset(token), 'invalid_account_token', 400);
  });

  it('gives an address to whoever reads its mail, and nothing to who registered it before', async () => {
    expect(await accountOf(ada.email)).toMatchObject({ email_confirmed_at: null });
    const token = await askedFor();
    expect((await reset(token)).status).toBe(204);
    await expectDead(app, ada);
    expectRefused(await tryLogin(PASSWORD), 'invalid_credentials');
    expect((await accountOf(ada.email)).email_confirmed_at).not.toBeNull();
    const { rows } = await app.pool.query('SELECT 1 FROM account_tokens WHERE user_id = $1', [ada.id]);
    expect(rows).toEqual([]);
  });

  it('lets the owner in whose account was locked by guesses', async () => {
    const guarded = await TestApp.start({ sharing: app, env: { LOGIN_GUARD: 'on' } });
    try {
      const guess = (password: string): Promise<Answer> =>
        guarded.api.post('/auth/login', { email: ada.email, password });
      for (let index = 0; index < 6; index += 1) await guess('not the password');
      expect((await guess(PASSWORD)).status).toBe(429);
      const token = await askedFor();
      await guarded.api.post('/auth/password/reset', { token, new_password: NEW_PASSWORD });
      const { rows } = await app.pool.query('SELECT 1 FROM known_addresses');
      expect(rows.length).toBeGreaterThan(0);
      guarded.clock.advance('15m');
      expect((await guess(NEW_PASSWORD)).status).toBe(200);
    } finally {
      await guarded.stop();
    }
  });

  it('wins against logins and refreshes at the same time: no session of before lives [T12] [V15.4.2]', async () => {
    let password = PASSWORD;
    for (let round = 0; round < soaked(20, 10); round += 1) {
      const next = `engine no. ${round + 10}`;
      const phone = await login(app, ada.email, password);
      await app.pool.query("UPDATE mails SET created_at = created_at - interval '2 days'");
      const token = await askedFor();
      const refresh = (): Promise<Answer> => app.api.post('/auth/refresh', { refresh_token: phone.refresh_token });
      const [first, answer, second, third] = await Promise.all([
        tryLogin(password),
        reset(token, next),
        tryLogin(password),
        refresh(),
      ]);
      expect(answer.status).toBe(204);
      for (const { status, body } of [first, second, third]) if (status === 200) await expectDead(app, body);
      await expectDead(app, phone);
      password = next;
    }
    await expectLive(app, await login(app, ada.email, password));
  });

  it('writes its lines to the log, without addresses, tokens or passwords', async () => {
    const before = app.log.length;
    const token = await askedFor();
    await reset(token, 'canary no. 1');
    await forgot('canary@example.org');
    const lines = app.log.slice(before).join('');
    expect(lines).toContain('"event":"password_reset_requested"');
    expect(lines).toContain('"event":"password_reset"');
    expect(lines).toContain(ada.id);
    expect(lines).not.toMatch(/canary|@example/);
    expect(lines).not.toContain(token);
  });
});
