import { unwrap } from 'roost-client';

import { importUsers } from '../../src/users/import.js';
import { TestApp } from '../support/app.js';
import { audited, auditOf } from '../support/audit.js';
import { clientOf } from '../support/client.js';
import { someoneWaits } from '../support/database.js';
import { linkIn, mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmedPerson, login, PASSWORD, person, type Person, type Session, staff } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused, sessionsOf } from '../support/sessions.js';

const NEW_PASSWORD = 'engine no. 2';
const LINK = 'Confirm your new e-mail address';
const NOTICE = 'Your e-mail address is about to change';
const CONFLICT = 'This address has an account already';

let app: TestApp;
let concealing: TestApp;
let ada: Person;
let addresses = 0;

beforeAll(async () => {
  app = await TestApp.start();
  concealing = await TestApp.start({ sharing: app, env: { REGISTER_CONFLICT: 'conceal' } });
});

afterAll(async () => {
  await concealing.stop();
  await app.stop();
});

beforeEach(async () => {
  ada = await confirmedPerson(app, 'ada');
});

const unused = (): string => `unused_${(addresses += 1)}@example.org`;

interface Asking {
  readonly who?: Person;
  readonly at?: TestApp;
  readonly password?: string;
}

const change = (email: string, { who = ada, at = app, password = PASSWORD }: Asking = {}) =>
  clientOf(at, who).post('/users/me/email', { body: { email, current_password: password } });

const confirm = (token: string, { client } = app) => client.post('/auth/email/confirm', { body: { token } });

const undo = (token: string, new_password = NEW_PASSWORD, { client } = app) =>
  client.post('/auth/email/undo', { body: { token, new_password } });

const forget = (email: string) => unwrap(app.client.post('/auth/password/forgot', { body: { email } }));

const reset = (token: string, new_password = NEW_PASSWORD) =>
  app.client.post('/auth/password/reset', { body: { token, new_password } });

const register = (email: string, { client } = app) =>
  client.post('/auth/register', { body: { email, password: PASSWORD } });

const tryLogin = (email: string, password = PASSWORD) => app.client.post('/auth/login', { body: { email, password } });

const account = ({ client }: Session) => unwrap(client.get('/auth/me'));

const addressOf = async (who: Person): Promise<unknown> =>
  (await app.pool.query<{ email: string }>('SELECT email FROM users WHERE id = $1', [who.id])).rows[0]?.email;

/** As if the mails had been sent a while ago. */
const letMailsAge = (): Promise<unknown> =>
  app.pool.query("UPDATE mails SET created_at = created_at - interval '2 hours'");

/** @returns the tokens of the link and of the way back */
async function asked(email: string, who = ada, from = who.email): Promise<{ link: string; back: string }> {
  expect((await change(email, { who })).status).toBe(202);
  return { link: await mailedToken(app, email, LINK), back: await mailedToken(app, from, NOTICE) };
}

/** @returns the token of the way back */
async function changed(email: string, who = ada, from = who.email): Promise<string> {
  const { link, back } = await asked(email, who, from);
  expect((await confirm(link)).status).toBe(204);
  return back;
}

describe('POST /users/me/email', () => {
  it('mails a link to the new address and a way back to the old one, and changes nothing yet [V6.3.7] [T27]', async () => {
    const email = unused();
    const answer = await change(email.toUpperCase());
    expect([answer.status, await unwrap(answer)]).toEqual([202, { message: expect.any(String) }]);
    expect(await account(ada)).toMatchObject({ email: ada.email, email_confirmed: true });
    const [[link], [notice]] = [await mailsTo(app, email), await mailsTo(app, ada.email, NOTICE)];
    if (!link || !notice) throw new Error('no mail');
    expect(link.text).toContain(`Hello ${ada.username},`);
    for (const [mail, page] of [
      [link, '/confirm'],
      [notice, '/undo'],
    ] as const) {
      expect(linkIn(mail).origin + linkIn(mail).pathname).toBe(app.url + page);
      expect(linkIn(mail).hash).toMatch(/^#token=[A-Za-z0-9_-]{43}$/);
    }
    expect(notice.text).not.toContain(email);
  });

  it('makes links of APP_URL where it is set', async () => {
    const other = await TestApp.start({ sharing: app, env: { APP_URL: 'https://app.example.org/' } });
    try {
      const email = unused();
      await change(email, { at: other });
      expect((await mailsTo(app, email))[0]?.text).toContain('  https://app.example.org/confirm#token=');
      expect((await mailsTo(app, ada.email, NOTICE))[0]?.text).toContain('  https://app.example.org/undo#token=');
    } finally {
      await other.stop();
    }
  });

  it('refuses a wrong password, tells the audit, and mails nothing [T27] [V7.5.1]', async () => {
    const email = unused();
    for (const password of ['wrong', '', PASSWORD.toUpperCase()])
      expectRefused(await change(email, { password }), 'wrong_password', 403);
    expect(await mailsTo(app, email)).toEqual([]);
    expect(await mailsTo(app, ada.email, NOTICE)).toEqual([]);
    expect((await auditOf(app, ada.id)).filter(({ action }) => action === 'email.change_failed')).toHaveLength(3);
  });

  it('counts wrong passwords with those at logins', async () => {
    const guarded = await TestApp.start({ sharing: app, env: { LOGIN_GUARD: 'on' } });
    try {
      for (let n = 0; n < 5; n += 1)
        expectRefused(await change(unused(), { at: guarded, password: 'wrong' }), 'wrong_password', 403);
      expectRefused(await change(unused(), { at: guarded }), 'rate_limited', 429);
      const body = { email: ada.email, password: PASSWORD };
      expectRefused(await guarded.client.post('/auth/login', { body }), 'rate_limited', 429);
    } finally {
      await guarded.stop();
    }
  });

  it.each([
    ['no address', { current_password: PASSWORD }, '#/email', 'required'],
    ['null', { email: null, current_password: PASSWORD }, '#/email', 'wrong_type'],
    ['no e-mail address', { email: 'nobody', current_password: PASSWORD }, '#/email', 'wrong_format'],
    ['two addresses', { email: 'a@example.org,b@example.org', current_password: PASSWORD }, '#/email', 'wrong_format'],
    [
      'a header',
      { email: 'a@example.org\r\nBcc: b@example.org', current_password: PASSWORD },
      '#/email',
      'wrong_format',
    ],
    ['a list', { email: ['a@example.org'], current_password: PASSWORD }, '#/email', 'wrong_type'],
    ['no password', { email: 'a@example.org' }, '#/current_password', 'required'],
  ])('refuses %s and names the field', async (_, body, pointer, code) => {
    const answer = await ada.api.post('/users/me/email', body);
    expectRefused(answer, 'validation_failed', 422);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
    expect(await mailsTo(app, 'a@example.org')).toEqual([]);
  });

  it.each(['id', 'user_id', 'role', 'email_confirmed', 'created_at', 'username'])(
    'sets no %s by the way',
    async (field) => {
      const answer = await ada.api.post('/users/me/email', {
        email: unused(),
        current_password: PASSWORD,
        [field]: 'admin',
      });
      expectRefused(answer, 'validation_failed', 422);
      expect(answer.body.errors).toMatchObject([{ pointer: `#/${field}`, code: 'unknown_field' }]);
    },
  );

  it.each(['', 'in capitals'])('refuses the address that the account has %s', async (how) => {
    const answer = await change(how === '' ? ada.email : ada.email.toUpperCase());
    expectRefused(answer, 'validation_failed', 422);
    expect(answer).toMatchObject({ problem: { errors: [{ pointer: '#/email', code: 'same_email' }] } });
  });

  it('is closed to nobody, to ended sessions, and to accounts that are gone', async () => {
    const body = { email: unused(), current_password: PASSWORD };
    expectRefused(await app.client.post('/users/me/email', { body }), 'authentication_required');
    await unwrap(ada.client.logout());
    expectRefused(await change(unused()), 'token_revoked');
    const eve = await person(app, 'eve');
    await app.pool.query('DELETE FROM users WHERE id = $1', [eve.id]);
    expectRefused(await change(unused(), { who: eve }), 'invalid_token');
  });

  it('tells of a disabled account only after the right password', async () => {
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    const email = unused();
    expectRefused(await change(email, { password: 'wrong' }), 'wrong_password', 403);
    expectRefused(await change(email), 'account_disabled', 403);
    expect(await mailsTo(app, email)).toEqual([]);
  });

  it('refuses an address that another account has', async () => {
    const eve = await person(app, 'eve');
    expectRefused(await change(eve.email, { password: 'wrong' }), 'wrong_password', 403);
    const rows = await audited(app, async () => expectRefused(await change(eve.email), 'email_taken', 409));
    expect(rows).toEqual([]);
    expect(await mailsTo(app, eve.email, CONFLICT)).toEqual([]);
    expect(await mailsTo(app, ada.email, NOTICE)).toEqual([]);
  });

  it('ends the older request with a newer one', async () => {
    const [first, second] = [unused(), unused()];
    const { link: older } = await asked(first);
    await letMailsAge();
    const { link: newer } = await asked(second);
    expectRefused(await confirm(older), 'invalid_account_token', 400);
    expect((await confirm(newer)).status).toBe(204);
    expect(await addressOf(ada)).toBe(second);
  });

  it('sends an address one mail a minute, and never says so', async () => {
    const email = unused();
    const answers = await Promise.all(Array.from({ length: 8 }, () => change(email)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.status).toBe(202);
    expect(await mailsTo(app, email)).toHaveLength(1);
    expect(await mailsTo(app, ada.email, NOTICE)).toHaveLength(1);
    expect((await confirm(await mailedToken(app, email, LINK))).status).toBe(204);
  });

  it('takes the right address at once after a wrong one: the way back of before stays good, and longer', async () => {
    const { back } = await asked(unused());
    const email = unused();
    await app.pool.query("UPDATE former_addresses SET expires_at = expires_at - interval '1 day' WHERE user_id = $1", [
      ada.id,
    ]);
    expect((await change(email)).status).toBe(202);
    expect(await mailsTo(app, ada.email, NOTICE)).toHaveLength(1);
    expect((await confirm(await mailedToken(app, email, LINK))).status).toBe(204);
    const { rows } = await app.pool.query(
      "SELECT expires_at > now() + interval '167 hours' AS whole FROM former_addresses WHERE user_id = $1",
      [ada.id],
    );
    expect(rows).toEqual([{ whole: true }]);
    expect((await undo(back)).status).toBe(204);
    expect(await addressOf(ada)).toBe(ada.email);
  });

  it('sends no link where there would be no way back', async () => {
    const { back } = await asked(unused());
    expect((await undo(back, `${PASSWORD} 2`)).status).toBe(204);
    const again = await login(app, ada.email, `${PASSWORD} 2`);
    const email = unused();
    expect((await change(email, { who: { ...ada, ...again }, password: `${PASSWORD} 2` })).status).toBe(202);
    expect(await mailsTo(app, email)).toEqual([]);
  });

  it('leaves one link good of two requests at the same time [T27]', async () => {
    const wanted = [unused(), unused(), unused()];
    await Promise.all(wanted.map((email) => change(email)));
    const statuses = [];
    for (const email of wanted) statuses.push((await confirm(await mailedToken(app, email, LINK))).status);
    expect(statuses.sort()).toEqual([204, 400, 400]);
  });

  it.each([
    ['a logout', 'UPDATE sessions SET revoked_at = now() WHERE user_id = $1', 'token_revoked', 401],
    ['another password', "UPDATE users SET hashed_password = '!' WHERE id = $1", 'wrong_password', 403],
    ['a ban', "UPDATE users SET status = 'disabled', token_epoch = 1 WHERE id = $1", 'account_disabled', 403],
  ] as const)('does not get past %s at the same time', async (_, statement, code, status) => {
    const email = unused();
    const client = await app.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
      const asking = change(email);
      await eventually(() => someoneWaits(app.pool));
      await client.query(statement, [ada.id]);
      await client.query('COMMIT');
      expectRefused(await asking, code, status);
    } finally {
      client.release();
    }
    expect(await mailsTo(app, email)).toEqual([]);
  });

  it('is limited with registrations and the like: 20 an hour an address', async () => {
    const limited = await TestApp.start({ sharing: app, env: { RATE_LIMIT: 'on' } });
    try {
      for (let n = 0; n < 20; n += 1)
        expectRefused(await change(unused(), { at: limited, password: 'wrong' }), 'wrong_password', 403);
      expectRefused(await change(unused(), { at: limited }), 'rate_limited', 429);
    } finally {
      await limited.stop();
    }
  });

  it('writes to the audit and the log without addresses or tokens', async () => {
    const [before, email] = [app.log.length, `canary_${unused()}`];
    const rows = await audited(app, async () => {
      const back = await changed(email);
      await undo(back);
      expect(app.log.slice(before).join('')).not.toContain(back);
    });
    expect(rows.map(({ action, actor_id }) => [action, actor_id])).toEqual([
      ['email.change_requested', ada.id],
      ['email.changed', ada.id],
      ['email.change_undone', ada.id],
      ['session.ended', ada.id],
    ]);
    for (const text of [JSON.stringify(rows), app.log.slice(before).join('')])
      expect(text).not.toMatch(/canary|@example/);
  });
});

describe('POST /users/me/email where conflicts are concealed', () => {
  it('answers the same for an address that is taken, and tells its owner instead', async () => {
    const [eve, bob] = [await person(app, 'eve'), await person(app, 'bob')];
    const [taken, free] = [
      await change(eve.email, { at: concealing }),
      await change(unused(), { who: bob, at: concealing }),
    ];
    expect([taken.status, await unwrap(taken)]).toEqual([free.status, await unwrap(free)]);
    expect([...taken.response.headers.keys()]).toEqual([...free.response.headers.keys()]);
    const [mail] = await mailsTo(app, eve.email, CONFLICT);
    expect(mail?.text).toContain(`Hello ${eve.username},`);
    expect(mail?.text).not.toMatch(/https?:|token/);
    expect(await mailsTo(app, ada.email, NOTICE)).toHaveLength(1);
  });

  it('does the same work, and ends the older request either way', async () => {
    const [eve, bob] = [await person(app, 'eve'), await confirmedPerson(app, 'bob')];
    const written = async (who: Person, email: string): Promise<unknown> => {
      const { link } = await asked(unused(), who);
      await letMailsAge();
      const rows = await audited(app, () => change(email, { who, at: concealing }));
      const counted = await app.pool.query(
        `SELECT (SELECT count(*)::int FROM account_tokens WHERE user_id = $1) AS tokens,
                (SELECT count(*)::int FROM former_addresses WHERE user_id = $1) AS former,
                (SELECT count(*)::int FROM mails WHERE kind LIKE 'email_change%' AND created_at > now() - interval '1 hour') AS mails`,
        [who.id],
      );
      await letMailsAge();
      expectRefused(await confirm(link), 'invalid_account_token', 400);
      return [counted.rows[0], rows.map(({ action }) => action)];
    };
    expect(await written(ada, eve.email)).toEqual(await written(bob, unused()));
  });

  it('tells the owner once a minute, whoever asks', async () => {
    const [eve, bob] = [await person(app, 'eve'), await person(app, 'bob')];
    await Promise.all([ada, bob].map((who) => change(eve.email, { who, at: concealing })));
    expect(await mailsTo(app, eve.email, CONFLICT)).toHaveLength(1);
  });

  it('still refuses a wrong password and the own address', async () => {
    const eve = await person(app, 'eve');
    expectRefused(await change(eve.email, { at: concealing, password: 'wrong' }), 'wrong_password', 403);
    expectRefused(await change(ada.email, { at: concealing }), 'validation_failed', 422);
    expect(await mailsTo(app, eve.email, CONFLICT)).toEqual([]);
  });
});

describe('POST /auth/email/confirm with the token of a change', () => {
  it('gives the account the new address, confirmed; its sessions live on', async () => {
    const email = unused();
    const { link } = await asked(email);
    expect(await confirm(link)).toMatchObject({ status: 204, data: undefined });
    expect(await account(ada)).toMatchObject({ id: ada.id, email, email_confirmed: true });
    await expectLive(app, ada);
    expect((await tryLogin(email)).status).toBe(200);
    expectRefused(await tryLogin(ada.email), 'invalid_credentials');
  });

  it('ends what was mailed to the old address, but for the way back [V6.4.3] [T25]', async () => {
    await forget(ada.email);
    const token = await mailedToken(app, ada.email, 'Choose a new password');
    const back = await changed(unused());
    expectRefused(await reset(token), 'invalid_account_token', 400);
    expect((await undo(back)).status).toBe(204);
  });

  it('takes the token once, also of many at the same time', async () => {
    const { link } = await asked(unused());
    const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(link)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 7 }, () => 400)]);
    expectRefused(await confirm(link), 'invalid_account_token', 400);
  });

  it('takes it for 24 hours', async () => {
    const eve = await confirmedPerson(app, 'eve');
    const [first, second] = [await asked(unused()), await asked(unused(), eve)];
    const later = await TestApp.start({ sharing: app });
    try {
      later.clock.advance('23h');
      expect((await confirm(first.link, later)).status).toBe(204);
      later.clock.advance('1h');
      expectRefused(await confirm(second.link, later), 'invalid_account_token', 400);
    } finally {
      await later.stop();
    }
  });

  it('takes it for nothing else, and nothing else for it', async () => {
    const { link, back } = await asked(unused());
    for (const token of [link, back]) expectRefused(await reset(token), 'invalid_account_token', 400);
    expectRefused(await undo(link), 'invalid_account_token', 400);
    expectRefused(await confirm(back), 'invalid_account_token', 400);
    expect((await confirm(link)).status).toBe(204);
  });

  it('refuses an address that somebody has registered meanwhile', async () => {
    const email = unused();
    const { link } = await asked(email);
    expect((await register(email)).status).toBe(201);
    expectRefused(await confirm(link), 'email_taken', 409);
    expect(await addressOf(ada)).toBe(ada.email);
    await expectLive(app, ada);
  });

  it('gives an address to one of several who confirm or register it at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = unused();
      const people = [await confirmedPerson(app, 'bob'), await confirmedPerson(app, 'eve')];
      const links = [];
      for (const who of people) {
        links.push((await asked(email, who)).link);
        await letMailsAge();
      }
      const answers = await Promise.all([...links.map((link) => confirm(link)), register(email)]);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
      for (const answer of answers.filter(({ ok }) => !ok)) expectRefused(answer, 'email_taken', 409);
      const { rowCount } = await app.pool.query('SELECT FROM users WHERE email = $1', [email]);
      expect(rowCount).toBe(1);
    }
  });

  it('does nothing for a disabled account', async () => {
    const { link } = await asked(unused());
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    expectRefused(await confirm(link), 'account_disabled', 403);
    expect(await addressOf(ada)).toBe(ada.email);
  });

  it.each([
    [
      'a reset',
      async () => {
        await forget(ada.email);
        return reset(await mailedToken(app, ada.email, 'Choose a new password'));
      },
    ],
    [
      'a change of the password',
      () => ada.client.put('/auth/password', { body: { current_password: PASSWORD, new_password: NEW_PASSWORD } }),
    ],
  ])('is ended by %s meanwhile', async (_, act) => {
    const { link } = await asked(unused());
    expect((await act()).status).toBe(204);
    expectRefused(await confirm(link), 'invalid_account_token', 400);
    expect(await addressOf(ada)).toBe(ada.email);
  });
});

describe('POST /auth/email/undo', () => {
  const expectRestored = async (password = NEW_PASSWORD): Promise<void> => {
    expect(await addressOf(ada)).toBe(ada.email);
    const { id, email } = ada;
    expect(await account(await login(app, email, password))).toMatchObject({ id, email, email_confirmed: true });
  };

  it('ends a change that is not confirmed yet, and all that whoever knew the password has', async () => {
    const { link, back } = await asked(unused());
    const thief = await login(app, ada.email);
    expect(await undo(back)).toMatchObject({ status: 204, data: undefined });
    expectRefused(await confirm(link), 'invalid_account_token', 400);
    await expectDead(app, ada);
    await expectDead(app, thief);
    expectRefused(await tryLogin(ada.email), 'invalid_credentials');
    await expectRestored();
    const ended = (await sessionsOf(app, ada)).map(({ revoked_reason }) => revoked_reason);
    expect(ended.filter((reason) => reason === 'email_undo')).toHaveLength(2);
  });

  it('undoes that deletion, too, where an administrator has deleted the account since, and not theirs', async () => {
    const admin = await staff(app, 'admin');
    const back = await changed(unused());
    await unwrap(ada.client.delete('/users/me', { body: { current_password: PASSWORD } }));
    const path = { user_id: ada.id };
    await unwrap(admin.client.delete('/admin/users/{user_id}', { path }));
    expect((await undo(back)).status).toBe(204);
    expectRefused(await tryLogin(ada.email, NEW_PASSWORD), 'account_deleted', 403);
    expect(await mailsTo(app, ada.email, 'Your account stays')).toEqual([]);
    await unwrap(admin.client.post('/admin/users/{user_id}/enable', { path }));
    expect(await unwrap(admin.client.get('/admin/users/{user_id}', { path }))).toMatchObject({ deletion: null });
    expect((await tryLogin(ada.email, NEW_PASSWORD)).status).toBe(200);
  });

  it('also undoes a deletion by whoever took the account, of which the old address is told, and which waits for it', async () => {
    const impatient = await TestApp.start({ sharing: app, env: { ACCOUNT_DELETE_DELAY: '0s' } });
    try {
      const back = await changed(unused());
      const body = { current_password: PASSWORD };
      const { deletes_at } = await unwrap(clientOf(impatient, ada).delete('/users/me', { body }));
      expect(Date.parse(deletes_at)).toBeGreaterThan(Date.now() + 6 * 86_400_000);
      const [told] = await mailsTo(app, ada.email, 'Your account is going to be deleted');
      expect(told?.text).toContain('the link in the mail about the change undoes both');
      expect((await undo(back)).status).toBe(204);
      const { rows } = await app.pool.query('SELECT deletion, delete_after FROM users WHERE id = $1', [ada.id]);
      expect(rows).toEqual([{ deletion: null, delete_after: null }]);
      expect((await tryLogin(ada.email, NEW_PASSWORD)).status).toBe(200);
      const actions = (await auditOf(app, ada.id)).map(({ action }) => action);
      expect(actions.filter((action) => action.startsWith('user.deletion'))).toEqual([
        'user.deletion_requested',
        'user.deletion_cancelled',
      ]);
    } finally {
      await impatient.stop();
    }
  });

  it('brings the old address back after the change, and tells the owner', async () => {
    const email = unused();
    const back = await changed(email);
    await forget(email);
    const token = await mailedToken(app, email, 'Choose a new password');
    expect((await undo(back)).status).toBe(204);
    await expectRestored();
    await expectDead(app, ada);
    expectRefused(await tryLogin(email, NEW_PASSWORD), 'invalid_credentials');
    expectRefused(await reset(token, 'engine no. 3'), 'invalid_account_token', 400);
    expect(await mailsTo(app, ada.email, 'Your password was changed')).toHaveLength(1);
    expect((await register(email)).status).toBe(201);
  });

  it('takes the token once, also of many at the same time', async () => {
    const back = await changed(unused());
    const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => undo(back, `engine no. ${n}`)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    await expectRestored(`engine no. ${answers.findIndex(({ status }) => status === 204)}`);
    expectRefused(await undo(back), 'invalid_account_token', 400);
  });

  it('takes it for 7 days; then the address is free', async () => {
    const eve = await confirmedPerson(app, 'eve');
    const [first, second] = [await changed(unused()), await changed(unused(), eve)];
    const later = await TestApp.start({ sharing: app });
    try {
      later.clock.advance('6d');
      expect((await undo(first, NEW_PASSWORD, later)).status).toBe(204);
      expectRefused(await register(eve.email, later), 'email_taken', 409);
      later.clock.advance('1d');
      expectRefused(await undo(second, NEW_PASSWORD, later), 'invalid_account_token', 400);
      expect((await register(eve.email, later)).status).toBe(201);
    } finally {
      await later.stop();
    }
  });

  it('keeps the old address from everybody else for as long', async () => {
    const back = await changed(unused());
    expectRefused(await register(ada.email), 'email_taken', 409);
    const eve = await person(app, 'eve');
    expectRefused(await change(ada.email, { who: eve }), 'email_taken', 409);
    const user = { email: ada.email, hashed_password: `$2b$04$${'a'.repeat(53)}` };
    const lines = (async function* () {
      yield await Promise.resolve(JSON.stringify(user));
    })();
    const counts = await importUsers(lines, {
      query: (statement) => app.pool.query(statement),
      now: new Date(),
      onRefused: () => undefined,
      onProgress: () => undefined,
    });
    expect(counts).toMatchObject({ imported: 0, present: 1 });
    expect((await undo(back)).status).toBe(204);
    await expectRestored();
  });

  it('keeps it without a word where conflicts are concealed: its owner is told', async () => {
    await changed(unused());
    await letMailsAge();
    expect((await register(ada.email, concealing)).status).toBe(201);
    expect(await mailsTo(app, ada.email, 'You have an account already')).toHaveLength(1);
    const eve = await person(app, 'eve');
    expect((await change(ada.email, { who: eve, at: concealing })).status).toBe(202);
    expect(await mailsTo(app, ada.email, CONFLICT)).toHaveLength(1);
  });

  it('lets the account itself go back to an address of before', async () => {
    const email = unused();
    await changed(email);
    await letMailsAge();
    expect((await change(ada.email)).status).toBe(202);
    expect((await confirm(await mailedToken(app, ada.email, LINK))).status).toBe(204);
    expect(await addressOf(ada)).toBe(ada.email);
  });

  it('belongs to one address at a time: a second change neither ends it nor gives another', async () => {
    const [second, third] = [unused(), unused()];
    const back = await changed(second);
    expect((await change(third)).status).toBe(202);
    expect((await confirm(await mailedToken(app, third, LINK))).status).toBe(204);
    const [notice] = await mailsTo(app, second, NOTICE);
    expect(notice?.text).not.toMatch(/https?:|token/);
    expect((await register(second)).status).toBe(201);
    expect((await undo(back)).status).toBe(204);
    await expectRestored();
  });

  it('is good for another week after a second change', async () => {
    const back = await changed(unused());
    const later = await TestApp.start({ sharing: app });
    try {
      later.clock.advance('6d');
      expect((await change(unused(), { at: later })).status).toBe(202);
      later.clock.advance('6d');
      expect((await undo(back, NEW_PASSWORD, later)).status).toBe(204);
    } finally {
      await later.stop();
    }
  });

  it('is not ended by a reset by the new address, but by one by the old', async () => {
    const email = unused();
    const back = await changed(email);
    await forget(email);
    await unwrap(reset(await mailedToken(app, email, 'Choose a new password'), 'engine no. 1'));
    expect((await undo(back)).status).toBe(204);
    await expectRestored();

    const eve = await confirmedPerson(app, 'eve');
    const ended = await asked(unused(), eve);
    await forget(eve.email);
    await unwrap(reset(await mailedToken(app, eve.email, 'Choose a new password'), 'engine no. 1'));
    expectRefused(await undo(ended.back), 'invalid_account_token', 400);
  });

  it('wins against a confirmation at the same time, whichever comes first', async () => {
    for (let round = 0; round < 10; round += 1) {
      ada = await confirmedPerson(app, 'ada');
      const email = unused();
      const { link, back } = await asked(email);
      const [confirmed, undone] = await Promise.all([confirm(link), undo(back)]);
      expect(undone.status).toBe(204);
      if (!confirmed.ok) expectRefused(confirmed, 'invalid_account_token', 400);
      await expectRestored();
      expect((await register(email)).status).toBe(201);
    }
  });

  it('does not wait for ever with logins and requests at the same time', async () => {
    const { link, back } = await asked(unused());
    const bob = await person(app, 'bob');
    const answers = await Promise.all([
      ...[tryLogin(ada.email), confirm(link), change(unused()), undo(back)],
      ...[app.client.post('/auth/password/forgot', { body: { email: ada.email } }), change(ada.email, { who: bob })],
      ...[ada.client.patch('/users/me', { body: { bio: 'x' } }), tryLogin(ada.email), change(unused())],
    ]);
    for (const { status } of answers) expect(status).toBeLessThan(500);
    await expectRestored();
  });

  it('is no way round a ban', async () => {
    const back = await changed(unused());
    const { client } = await staff(app, 'moderator');
    const ban = { path: { user_id: ada.id }, body: { reason: 'x' } };
    await unwrap(client.post('/admin/users/{user_id}/disable', ban));
    expect((await undo(back)).status).toBe(204);
    expect(await addressOf(ada)).toBe(ada.email);
    expectRefused(await tryLogin(ada.email, NEW_PASSWORD), 'account_disabled', 403);
  });

  it('refuses a password that would be guessed, and the token stays good', async () => {
    const back = await changed(unused());
    for (const password of ['password1', ada.email]) {
      const answer = await undo(back, password);
      expectRefused(answer, 'validation_failed', 400);
      expect(answer).toMatchObject({ problem: { errors: [{ pointer: '#/new_password' }] } });
    }
    expect((await undo(back)).status).toBe(204);
  });

  it.each([
    ['no token', { new_password: NEW_PASSWORD }, '#/token', 'required'],
    ['a list', { token: ['a'], new_password: NEW_PASSWORD }, '#/token', 'wrong_type'],
    ['no password', { token: 'a' }, '#/new_password', 'required'],
    ['a short password', { token: 'a', new_password: 'engine7' }, '#/new_password', 'too_short'],
    ['an address', { token: 'a', new_password: NEW_PASSWORD, email: 'a@example.org' }, '#/email', 'unknown_field'],
  ])('refuses %s and names the field', async (_, body, pointer, code) => {
    const answer = await app.api.post('/auth/email/undo', body);
    expectRefused(answer, 'validation_failed', 400);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
  });

  it('refuses what is no token, and that of an account that is gone', async () => {
    const { back } = await asked(unused());
    for (const token of ['x', `${back}=`, back.toLowerCase(), ada.refresh_token])
      expectRefused(await undo(token), 'invalid_account_token', 400);
    await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
    expectRefused(await undo(back), 'invalid_account_token', 400);
  });

  it('keeps nothing of a token but its hash', async () => {
    const { back, link } = await asked(unused());
    const { rows } = await app.pool.query<{ all: string }>(
      `SELECT row_to_json(f)::text AS all FROM former_addresses f UNION ALL SELECT row_to_json(t)::text FROM account_tokens t
        UNION ALL SELECT row_to_json(m)::text FROM mails m`,
    );
    for (const { all } of rows) expect(all.includes(back) || all.includes(link)).toBe(false);
  });
});
