import { createHash } from 'node:crypto';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { linkIn, type Mail, mailedToken, mailsTo, tokenIn } from '../support/mailbox.js';
import { login, PASSWORD, person, type Person } from '../support/people.js';
import { watchQueries } from '../support/queries.js';
import { expectDead, expectLive, expectRefused } from '../support/sessions.js';

const SUBJECT = 'Confirm your e-mail address';
const WRONG = ['000000', '000001'] as const;

let app: TestApp;
let ada: Person;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

beforeEach(async () => {
  ada = await person(app, 'ada');
});

const confirm = (body: unknown): Promise<Answer> => app.api.post('/auth/email/confirm', body);
const resend = (email: unknown = ada.email): Promise<Answer> => app.api.post('/auth/email/resend', { email });
const isConfirmed = async (who = ada): Promise<unknown> => (await who.api.get('/auth/me')).body.email_confirmed;

async function mailed(email = ada.email): Promise<Mail> {
  const [mail] = await mailsTo(app, email, SUBJECT);
  if (!mail) throw new Error(`no confirmation to ${email}`);
  return mail;
}

const codeIn = ({ text }: Mail): string => /^ {2}(\d{6})$/m.exec(text)?.[1] ?? '';

async function mailedCode(email = ada.email): Promise<{ email: string; code: string; wrong: string }> {
  const code = codeIn(await mailed(email));
  return { email, code, wrong: code === WRONG[0] ? WRONG[1] : WRONG[0] };
}

/** As if the mails had been sent a while ago. */
const letMailsAge = (): Promise<unknown> =>
  app.pool.query("UPDATE mails SET created_at = created_at - interval '2 hours'");

describe('registration', () => {
  it('mails a link and a code to the new address', async () => {
    const mail = await mailed();
    expect(mail.text).toContain(`Hello ${ada.username},`);
    const link = linkIn(mail);
    expect(link.origin + link.pathname).toBe(`${app.url}/confirm`);
    expect(tokenIn(mail)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(codeIn(mail)).toMatch(/^\d{6}$/);
    expect(mail.html).toContain(codeIn(mail));
    expect(await isConfirmed()).toBe(false);
  });

  it('mails nothing when it is refused', async () => {
    const before = (await mailsTo(app, ada.email)).length;
    const answer = await app.api.post('/auth/register', { email: ada.email, password: PASSWORD });
    expect([answer.status, answer.body.code]).toEqual([409, 'email_taken']);
    const email = 'not-made@example.org';
    expect((await app.api.post('/auth/register', { email, username: ada.username, password: PASSWORD })).status).toBe(
      409,
    );
    expect([(await mailsTo(app, ada.email)).length, (await mailsTo(app, email)).length]).toEqual([before, 0]);
  });
});

describe('POST /auth/email/confirm', () => {
  it('confirms by the token of the link; the session of before lives on', async () => {
    const answer = await confirm({ token: tokenIn(await mailed()) });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await isConfirmed()).toBe(true);
    await expectLive(app, ada);
  });

  it('confirms by the address, in any case, and the code', async () => {
    const { code } = await mailedCode();
    expect((await confirm({ email: ada.email.toUpperCase(), code })).status).toBe(204);
    expect(await isConfirmed()).toBe(true);
  });

  it.each<[string, (code: string) => string]>([
    ['a space in the middle', (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
    ['a no-break space and hyphens', (code) => `${code.slice(0, 2)}\u00a0${code.slice(2, 4)}-${code.slice(4)}\u2011`],
    ['spaces around it', (code) => `\u2009 ${code}\n`],
    ['full-width digits', (code) => code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))],
    ['Arabic digits', (code) => code.replace(/\d/g, (digit) => String.fromCodePoint(0x0660 + Number(digit)))],
    ['Bengali digits', (code) => code.replace(/\d/g, (digit) => String.fromCodePoint(0x09e6 + Number(digit)))],
    ['mathematical digits', (code) => code.replace(/\d/g, (digit) => String.fromCodePoint(0x1d7d8 + Number(digit)))],
    ['an invisible mark before it', (code) => `\u200e${code}`],
  ])('reads a code with %s, and an address with a space behind it', async (_, typed) => {
    const code = /\b\d{6}\b/.exec((await mailed()).text)?.[0] ?? '';
    expect((await confirm({ email: `${ada.email} `, code: typed(code) })).status).toBe(204);
  });

  it.each(['12345', '1234567', '12345x', '½23456', '一二三四五六'])('refuses %s as no code', async (code) => {
    expectRefused(await confirm({ email: ada.email, code }), 'validation_failed', 400);
  });

  it('takes the token or the code once, also of many at the same time [V6.4.1] [V6.5.1] [T25]', async () => {
    const mail = await mailed();
    const [token, code] = [tokenIn(mail), codeIn(mail)];
    const given = [{ token }, { token }, { email: ada.email, code }, { token }, { email: ada.email, code }];
    const answers = await Promise.all(given.map((body) => confirm(body)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expectRefused(await confirm({ token }), 'invalid_account_token', 400);
    expectRefused(await confirm({ email: ada.email, code }), 'invalid_confirmation_code', 400);
  });

  it('lets a code be tried five times, also at the same time; the link stays good [V6.6.3]', async () => {
    const { email, code, wrong } = await mailedCode();
    for (let index = 0; index < 4; index += 1)
      expectRefused(await confirm({ email, code: wrong }), 'invalid_confirmation_code', 400);
    const eve = await person(app, 'eve');
    expect((await confirm({ email, code })).status).toBe(204);
    const other = await mailedCode(eve.email);
    await Promise.all(Array.from({ length: 20 }, () => confirm({ email: eve.email, code: other.wrong })));
    expectRefused(await confirm({ email: eve.email, code: other.code }), 'invalid_confirmation_code', 400);
    expect(await isConfirmed(eve)).toBe(false);
    const { rows } = await app.pool.query('SELECT code_tries FROM account_tokens WHERE user_id = $1', [eve.id]);
    expect(rows).toEqual([{ code_tries: 0 }]);
    expect((await confirm({ token: tokenIn(await mailed(eve.email)) })).status).toBe(204);
  });

  it('gives five more with a new mail, which ends the older code and link', async () => {
    const { wrong } = await mailedCode();
    const older = await mailed();
    for (let index = 0; index < 5; index += 1) await confirm({ email: ada.email, code: wrong });
    await letMailsAge();
    expect((await resend()).status).toBe(202);
    const newer = await mailed();
    expect(newer.id).not.toBe(older.id);
    expectRefused(await confirm({ token: tokenIn(older) }), 'invalid_account_token', 400);
    expect((await confirm({ email: ada.email, code: codeIn(newer) })).status).toBe(204);
  });

  it('takes neither after 24 hours [V6.4.1] [V6.5.5]', async () => {
    const [mail, eve] = [await mailed(), await person(app, 'eve')];
    const later = await TestApp.start({ sharing: app });
    try {
      const given = { email: eve.email, code: (await mailedCode(eve.email)).code };
      later.clock.advance('24h');
      expectRefused(await later.api.post('/auth/email/confirm', given), 'invalid_confirmation_code', 400);
      expectRefused(
        await later.api.post('/auth/email/confirm', { token: tokenIn(mail) }),
        'invalid_account_token',
        400,
      );
    } finally {
      await later.stop();
    }
  });

  it("takes no other person's code, and no token of another purpose", async () => {
    const eve = await person(app, 'eve');
    const { code } = await mailedCode();
    if (code !== (await mailedCode(eve.email)).code)
      expectRefused(await confirm({ email: eve.email, code }), 'invalid_confirmation_code', 400);
    await app.api.post('/auth/password/forgot', { email: ada.email });
    const reset = await mailedToken(app, ada.email, 'Choose a new password');
    expectRefused(await confirm({ token: reset }), 'invalid_account_token', 400);
    const body = { token: tokenIn(await mailed()), new_password: 'engine no. 2' };
    expectRefused(await app.api.post('/auth/password/reset', body), 'invalid_account_token', 400);
    expectRefused(await confirm({ token: ada.refresh_token }), 'invalid_account_token', 400);
  });

  it('answers the same for an address that nobody has as for a wrong code', async () => {
    const { email, wrong } = await mailedCode();
    const [known, unknown] = [
      await confirm({ email, code: wrong }),
      await confirm({ email: 'nobody@example.org', code: wrong }),
    ];
    const bare = ({ status, body }: Answer): unknown => [status, { ...body, request_id: '' }];
    expect(bare(unknown)).toEqual(bare(known));
  });

  it.each([
    ['nothing', {}, '#/token'],
    ['a token and a code', { token: 'a', email: 'a@example.org', code: '123456' }, '#/token'],
    ['a code without an address', { code: '123456' }, '#/code'],
    ['an address without a code', { email: 'a@example.org' }, '#/code'],
    ['an empty token', { token: '' }, '#/token'],
    ['a token that is a list', { token: ['a'] }, '#/token'],
    ['a code that is a number', { email: 'a@example.org', code: 123456 }, '#/code'],
    ['a code of five digits', { email: 'a@example.org', code: '12345' }, '#/code'],
    ['a code of letters', { email: 'a@example.org', code: 'abcdef' }, '#/code'],
    ['null', { token: null }, '#/token'],
    ['a field too many', { token: 'a', user_id: 'x' }, '#/user_id'],
  ])('refuses %s and names the field', async (_, body, pointer) => {
    const answer = await confirm(body);
    expectRefused(answer, 'validation_failed', 400);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer }));
  });

  it('keeps nothing of a code that could be guessed from the database alone [V6.5.2] [T62]', async () => {
    const mail = await mailed();
    const { rows } = await app.pool.query<{ all: string; code_hash: Buffer }>(
      'SELECT code_hash, row_to_json(t)::text AS all FROM account_tokens t WHERE user_id = $1',
      [ada.id],
    );
    expect(rows[0]?.code_hash).toHaveLength(32);
    expect(rows[0]?.all).not.toContain(tokenIn(mail));
    const plain = [codeIn(mail), ada.id + codeIn(mail)].map((text) => createHash('sha256').update(text).digest('hex'));
    expect(plain).not.toContain(rows[0]?.code_hash.toString('hex'));
    expect(app.log.join('')).not.toContain(tokenIn(mail));
  });

  it('takes a code of before the secret was rotated', async () => {
    const rotated = await TestApp.start({
      sharing: app,
      env: {
        JWT_SECRET: 'another-key-that-nobody-else-may-use',
        JWT_SECRET_PREVIOUS: 'a-key-of-the-tests-that-nobody-else-may-use',
      },
    });
    try {
      const { email, code } = await mailedCode();
      expect((await rotated.api.post('/auth/email/confirm', { email, code })).status).toBe(204);
    } finally {
      await rotated.stop();
    }
  });

  it('writes one line to the log, without the address, the token or the code', async () => {
    const before = app.log.length;
    await confirm({ token: tokenIn(await mailed()) });
    const lines = app.log.slice(before).join('');
    expect(lines.match(/"event":"email_confirmed"/g)).toHaveLength(1);
    expect(lines).toContain(ada.id);
    expect(lines).not.toContain('@example');
  });
});

describe('POST /auth/email/resend', () => {
  it('answers the same for addresses that wait, are confirmed, or nobody has; only the first get a mail', async () => {
    const eve = await person(app, 'eve');
    await confirm({ token: tokenIn(await mailed(eve.email)) });
    await letMailsAge();
    const answers = [await resend(), await resend(eve.email), await resend('nobody@example.org')];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(202);
    const count = async (email: string): Promise<number> => (await mailsTo(app, email, SUBJECT)).length;
    expect([await count(ada.email), await count(eve.email), await count('nobody@example.org')]).toEqual([2, 1, 0]);
  });

  it('does the same work for each of them: a row in the outbox [T19]', async () => {
    const eve = await person(app, 'eve');
    await confirm({ token: tokenIn(await mailed(eve.email)) });
    await letMailsAge();
    for (const email of [ada.email, eve.email, 'nobody-new@example.org']) {
      const count = async (): Promise<unknown> =>
        (await app.pool.query('SELECT count(*)::int FROM mails')).rows[0].count;
      const before = (await count()) as number;
      await resend(email);
      expect([email, await count()]).toEqual([email, before + 1]);
    }
  });

  it('sends one a minute, the one of the registration included, and never says so', async () => {
    expect((await resend()).status).toBe(202);
    expect(await mailsTo(app, ada.email, SUBJECT)).toHaveLength(1);
    expect((await confirm({ token: tokenIn(await mailed()) })).status).toBe(204);
  });

  it.each([
    ['no address', {}],
    ['a list', { email: [] }],
    ['no e-mail address', { email: 'x' }],
  ])('refuses %s', async (_, body) => {
    expectRefused(await app.api.post('/auth/email/resend', body), 'validation_failed', 400);
  });
});

describe('REQUIRE_EMAIL_CONFIRMATION=true', () => {
  let strict: TestApp;

  beforeAll(async () => {
    strict = await TestApp.start({ sharing: app, env: { REQUIRE_EMAIL_CONFIRMATION: 'true', LOGIN_GUARD: 'on' } });
  });

  afterAll(() => strict.stop());

  const tryLogin = (password: string, identifier: object = { email: ada.email }): Promise<Answer> =>
    strict.api.post('/auth/login', { ...identifier, password });

  it('lets nobody in before the address is confirmed, and says so after the right password only [V2.3.1]', async () => {
    expectRefused(await tryLogin('not the password'), 'invalid_credentials');
    expectRefused(await tryLogin(PASSWORD), 'email_not_confirmed', 403);
    expectRefused(await tryLogin(PASSWORD, { username: ada.username }), 'email_not_confirmed', 403);
    await confirm({ token: tokenIn(await mailed()) });
    expect((await tryLogin(PASSWORD)).status).toBe(200);
  });

  it('counts the right password as no guess', async () => {
    for (let index = 0; index < 10; index += 1) expectRefused(await tryLogin(PASSWORD), 'email_not_confirmed', 403);
  });

  it('tells a disabled account that it is disabled', async () => {
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    expectRefused(await tryLogin(PASSWORD), 'account_disabled', 403);
  });

  it('lets in whoever reset the password by mail', async () => {
    await app.api.post('/auth/password/forgot', { email: ada.email });
    const token = await mailedToken(app, ada.email, 'Choose a new password');
    await app.api.post('/auth/password/reset', { token, new_password: 'engine no. 2' });
    expect((await tryLogin('engine no. 2')).status).toBe(200);
  });
});

describe('REGISTER_CONFLICT=conceal', () => {
  let discreet: TestApp;

  beforeAll(async () => {
    discreet = await TestApp.start({ sharing: app, env: { REGISTER_CONFLICT: 'conceal' } });
  });

  afterAll(() => discreet.stop());

  const register = (body: object): Promise<Answer> =>
    discreet.api.post('/auth/register', { password: 'engine no. 2', ...body });
  const CONFLICT = 'You have an account already';

  it('answers a known address like a new one, changes nothing, and tells its owner [T18] [V6.3.8]', async () => {
    const [known, fresh] = [await register({ email: ada.email }), await register({ email: `new-${ada.email}` })];
    expect([known.status, known.text]).toEqual([fresh.status, fresh.text]);
    expect(known.status).toBe(201);
    expect([...known.headers.keys()]).toEqual([...fresh.headers.keys()]);
    expect(await mailsTo(app, ada.email, CONFLICT)).toHaveLength(1);
    await expectLive(app, await login(app, ada.email));
    expectRefused(
      await app.api.post('/auth/login', { email: ada.email, password: 'engine no. 2' }),
      'invalid_credentials',
    );
  });

  it('hashes the password for both [T19]', async () => {
    const answer = await register({ email: ada.email, password: 'password1' });
    expectRefused(answer, 'validation_failed', 400);
    expectRefused(await register({ email: `other-${ada.email}`, password: 'password1' }), 'validation_failed', 400);
  });

  it.each([undefined, 'chosen'])(
    'does the same work for both: as many statements, of the same kinds (username %s)',
    async (name) => {
      await letMailsAge();
      const work = async (email: string): Promise<string[]> => {
        const username = name && `${name}_${email.length}_${email.slice(0, 8)}`.replace(/\W/g, '_');
        const { statements } = await watchQueries(() => register({ email, ...(username && { username }) }));
        return statements.map((text) =>
          (/^(\w+)(?:.*?(?:INTO|FROM) "?(\w+))?/s.exec(text.trim()) ?? []).slice(1).join(' '),
        );
      };
      const [fresh, known] = [await work(`fresh-${ada.email}`), await work(ada.email)];
      expect(known).toEqual(fresh);
      expect(fresh.filter((kind) => kind.startsWith('INSERT')).length).toBe(3);
      // Also the second time, when its owner gets no mail.
      expect(await work(ada.email)).toEqual(fresh);
    },
  );

  it('tells of a taken username for known and new addresses', async () => {
    const username = ada.username.toUpperCase();
    for (const email of [ada.email, `newer-${ada.email}`]) {
      const answer = await register({ email, username });
      expect([answer.status, answer.body.code]).toEqual([409, 'username_taken']);
    }
    expect(await mailsTo(app, ada.email, CONFLICT)).toEqual([]);
  });

  it('tells the owner once a minute, however often it is tried, and makes one account of many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => register({ email: ada.email })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await mailsTo(app, ada.email, CONFLICT)).toHaveLength(1);
    const email = `race-${ada.email}`;
    const race = await Promise.all(Array.from({ length: 20 }, () => register({ email })));
    expect(new Set(race.map(({ status }) => status))).toEqual(new Set([201]));
    const { rows } = await app.pool.query('SELECT 1 FROM users WHERE email = $1', [email]);
    expect([rows.length, (await mailsTo(app, email, SUBJECT)).length]).toEqual([1, 1]);
  });
});

describe('an account that somebody else made with my address (T24) [T24]', () => {
  it('is mine after a reset: confirmed, and nothing of theirs lives', async () => {
    const attacker = ada;
    const stolen = tokenIn(await mailed());
    await letMailsAge();
    await app.api.post('/auth/password/forgot', { email: attacker.email });
    const token = await mailedToken(app, attacker.email, 'Choose a new password');
    await app.api.post('/auth/password/reset', { token, new_password: 'engine no. 2' });
    await expectDead(app, attacker);
    expectRefused(
      await app.api.post('/auth/login', { email: attacker.email, password: PASSWORD }),
      'invalid_credentials',
    );
    expectRefused(await confirm({ token: stolen }), 'invalid_account_token', 400);
    const { access_token } = await login(app, attacker.email, 'engine no. 2');
    expect((await app.api.as(access_token).get('/auth/me')).body.email_confirmed).toBe(true);
  });
});

describe('a changed password', () => {
  it('ends a link to reset the one before', async () => {
    await app.api.post('/auth/password/forgot', { email: ada.email });
    const token = await mailedToken(app, ada.email, 'Choose a new password');
    await ada.api.put('/auth/password', { current_password: PASSWORD, new_password: 'engine no. 2' });
    const body = { token, new_password: 'engine no. 3' };
    expectRefused(await app.api.post('/auth/password/reset', body), 'invalid_account_token', 400);
    expect((await confirm({ token: tokenIn(await mailed()) })).status).toBe(204);
  });
});
