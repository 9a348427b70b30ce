/** Accounts that admins make for others, and the links that they have mailed. */
import { type InviteUserRequest, unwrap, type UserResponse } from 'roost-client';

import { TestApp } from '../support/app.js';
import { audited } from '../support/audit.js';
import { someoneWaits } from '../support/database.js';
import { linkIn, mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmAddress, confirmedPerson, login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused } from '../support/sessions.js';

const NEW_PASSWORD = 'engine no. 2';
const INVITATION = 'You are invited';
const RESET = 'Choose a new password';
const MISSING = '00000000-0000-4000-8000-000000000000';

let app: TestApp;
let admin: Person;
let addresses = 0;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

beforeEach(async () => {
  admin = await staff(app, 'admin');
});

const unused = (): string => `invited_${(addresses += 1)}@example.org`;

const invite = (body: InviteUserRequest, { client }: Pick<Person, 'client'> = admin) =>
  client.post('/admin/users', { body });

const invited = (body: InviteUserRequest): Promise<UserResponse> => unwrap(invite(body));

const sendLink = ({ id: user_id }: Pick<Person, 'id'>, { client } = admin) =>
  client.post('/admin/users/{user_id}/password-reset', { path: { user_id } });

const accept = (token: string, { client } = app) =>
  client.post('/auth/password/reset', { body: { token, new_password: NEW_PASSWORD } });

const forget = (email: string) => unwrap(app.client.post('/auth/password/forgot', { body: { email } }));

const tryLogin = (email: string, password = NEW_PASSWORD) =>
  app.client.post('/auth/login', { body: { email, password } });

/** As if the mails had been sent a while ago. */
const letMailsAge = (): Promise<unknown> =>
  app.pool.query("UPDATE mails SET created_at = created_at - interval '2 hours'");

describe('POST /admin/users', () => {
  it('makes an account, shows it, and mails its owner a link', async () => {
    const email = unused();
    const answer = await invite({ email: email.toUpperCase(), username: 'Grace_H', role: 'moderator' });
    const made = await unwrap(answer);
    expect(answer.status).toBe(201);
    expect(made).toMatchObject({ email, username: 'Grace_H', role: 'moderator', email_confirmed: false });
    const path = { user_id: made.id };
    expect(await unwrap(admin.client.get('/admin/users/{user_id}', { path }))).toEqual(made);
    const [mail, ...others] = await mailsTo(app, email);
    if (!mail) throw new Error('no mail');
    expect([mail.subject, others]).toEqual([INVITATION, []]);
    const link = linkIn(mail);
    expect(link.origin + link.pathname).toBe(`${app.url}/reset`);
  });

  it('makes a user with a random name unless it is told otherwise', async () => {
    expect(await invited({ email: unused() })).toMatchObject({
      role: 'user',
      username: expect.stringMatching(/^user_[0-9a-f]{20}$/),
    });
  });

  it('lets nobody in before a password is chosen, which confirms the address', async () => {
    const email = unused();
    const { id } = await invited({ email, role: 'admin' });
    for (const password of ['', '!', PASSWORD, NEW_PASSWORD])
      expectRefused(await tryLogin(email, password), 'invalid_credentials');
    expect((await accept(await mailedToken(app, email, INVITATION))).status).toBe(204);
    const { client } = await login(app, email, NEW_PASSWORD);
    expect(await unwrap(client.get('/auth/me'))).toMatchObject({ id, role: 'admin', email_confirmed: true });
  });

  it('is accepted once, also by many at the same time, and for 7 days', async () => {
    const [first, second] = [unused(), unused()];
    for (const email of [first, second]) await invited({ email });
    const later = await TestApp.start({ sharing: app });
    try {
      const [token, other] = [await mailedToken(app, first, INVITATION), await mailedToken(app, second, INVITATION)];
      later.clock.advance('6d');
      const answers = await Promise.all(Array.from({ length: 5 }, () => accept(token, later)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 400, 400, 400, 400]);
      later.clock.advance('1d');
      expectRefused(await accept(other, later), 'invalid_account_token', 400);
    } finally {
      await later.stop();
    }
  });

  it('lets the invited person in by a forgotten password, too, which ends the invitation', async () => {
    const email = unused();
    await invited({ email });
    await forget(email);
    expect((await accept(await mailedToken(app, email, RESET))).status).toBe(204);
    expectRefused(await accept(await mailedToken(app, email, INVITATION)), 'invalid_account_token', 400);
  });

  it('refuses an address and a username that somebody has, also one that is kept for them', async () => {
    const ada = await confirmedPerson(app, 'ada');
    expectRefused(await invite({ email: ada.email }), 'email_taken', 409);
    const email = unused();
    expectRefused(await invite({ email, username: ada.username.toUpperCase() }), 'username_taken', 409);
    expect(await mailsTo(app, email)).toEqual([]);
    const other = unused();
    await unwrap(ada.client.post('/users/me/email', { body: { email: other, current_password: PASSWORD } }));
    await confirmAddress(app, other, 'Confirm your new e-mail');
    expectRefused(await invite({ email: ada.email }), 'email_taken', 409);
  });

  it('makes one account of many invitations and registrations at the same time', async () => {
    const email = unused();
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => invite({ email })),
      app.client.post('/auth/register', { body: { email, password: PASSWORD } }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it.each([
    ['no address', {}, '#/email', 'required'],
    ['no e-mail address', { email: 'nobody' }, '#/email', 'wrong_format'],
    ['a reserved username', { email: 'a@example.org', username: 'admin' }, '#/username', 'reserved'],
    ['null for a username', { email: 'a@example.org', username: null }, '#/username', 'wrong_type'],
    ['an unknown role', { email: 'a@example.org', role: 'owner' }, '#/role', 'unknown_value'],
    ['an id', { email: 'a@example.org', id: MISSING }, '#/id', 'unknown_field'],
    ['a user_id', { email: 'a@example.org', user_id: MISSING }, '#/user_id', 'unknown_field'],
    ['a password', { email: 'a@example.org', password: NEW_PASSWORD }, '#/password', 'unknown_field'],
    ['a confirmed address', { email: 'a@example.org', email_confirmed: true }, '#/email_confirmed', 'unknown_field'],
    ['a time', { email: 'a@example.org', created_at: '2020-01-01T00:00:00Z' }, '#/created_at', 'unknown_field'],
  ])('refuses %s and names the field', async (_, body, pointer, code) => {
    const answer = await admin.api.post('/admin/users', body);
    expectRefused(answer, 'validation_failed', 422);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
    expect(await mailsTo(app, 'a@example.org')).toEqual([]);
  });

  it('is for admins only', async () => {
    const email = unused();
    expectRefused(await invite({ email }, app), 'authentication_required');
    for (const by of [await person(app, 'ada'), await staff(app, 'moderator')])
      expectRefused(await invite({ email }, by), 'insufficient_role', 403);
    expect(await mailsTo(app, email)).toEqual([]);
  });

  it('is in the audit: who invited whom, to which role, without the address', async () => {
    const rows = await audited(app, () => invited({ email: unused(), role: 'moderator' }));
    expect(rows).toMatchObject([{ action: 'user.invited', actor_id: admin.id, after: { role: 'moderator' } }]);
    expect(JSON.stringify(rows)).not.toContain('@example');
  });

  it('makes nothing for who is no admin any more when it comes to it', async () => {
    const email = unused();
    const client = await app.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query("UPDATE users SET role = 'user', token_epoch = token_epoch + 1 WHERE id = $1", [admin.id]);
      const asking = admin.api.post('/admin/users', { email });
      await eventually(() => someoneWaits(app.pool));
      await client.query('COMMIT');
      expectRefused(await asking, 'token_stale');
    } finally {
      client.release();
    }
    expect(await mailsTo(app, email)).toEqual([]);
  });
});

describe('POST /admin/users/{id}/password-reset', () => {
  it('mails a link to the owner; the password and the sessions stay until it is used', async () => {
    const ada = await person(app, 'ada');
    expect(await sendLink(ada)).toMatchObject({ status: 204, data: undefined });
    await expectLive(app, await login(app, ada.email));
    expect((await accept(await mailedToken(app, ada.email, RESET))).status).toBe(204);
    expectRefused(await tryLogin(ada.email, PASSWORD), 'invalid_credentials');
    await expectDead(app, ada);
  });

  it('is for accounts of every role, and the own', async () => {
    for (const who of [await staff(app, 'moderator'), await staff(app, 'admin'), admin]) {
      expect((await sendLink(who)).status).toBe(204);
      expect(await mailsTo(app, who.email, RESET)).toHaveLength(1);
    }
  });

  it('sends the invitation again to who has not accepted it: the older link ends', async () => {
    const email = unused();
    const made = await invited({ email });
    const older = await mailedToken(app, email, INVITATION);
    await letMailsAge();
    expect((await sendLink(made)).status).toBe(204);
    const newer = await mailedToken(app, email, INVITATION);
    expectRefused(await accept(older), 'invalid_account_token', 400);
    expect((await accept(newer)).status).toBe(204);
    expect(await mailsTo(app, email, RESET)).toEqual([]);
  });

  it('sends one mail a minute, and says so', async () => {
    const ada = await person(app, 'ada');
    expect((await sendLink(ada)).status).toBe(204);
    const answer = await sendLink(ada);
    expectRefused(answer, 'rate_limited', 429);
    expect(answer.response.headers.get('retry-after')).toMatch(/^(?:[1-9]|[1-5]\d|60)$/);
    expect(await mailsTo(app, ada.email, RESET)).toHaveLength(1);
  });

  it('sends five an hour, and says how long the next one takes', async () => {
    const ada = await person(app, 'ada');
    for (let n = 0; n < 5; n += 1) {
      await letMailsAge();
      expect((await sendLink(ada)).status).toBe(204);
    }
    await letMailsAge();
    await app.pool.query(`UPDATE mails SET created_at = now() - interval '50 minutes' WHERE recipient = $1`, [
      ada.email,
    ]);
    const answer = await sendLink(ada);
    expectRefused(answer, 'rate_limited', 429);
    expect(answer.response.headers.get('retry-after')).toMatch(/^(?:[1-5]\d\d|600)$/);
  });

  it('finds no account that is not there', async () => {
    for (const id of [MISSING, 'x', '1']) expectRefused(await sendLink({ id }), 'user_not_found', 404);
  });

  it('is for admins only', async () => {
    const ada = await person(app, 'ada');
    for (const by of [ada, await staff(app, 'moderator')])
      expectRefused(await sendLink(ada, by), 'insufficient_role', 403);
    expect(await mailsTo(app, ada.email, RESET)).toEqual([]);
  });

  it('is in the audit, and its owner sees it without who it was', async () => {
    const ada = await person(app, 'ada');
    const rows = await audited(app, () => unwrap(sendLink(ada)));
    expect(rows).toMatchObject([{ action: 'password.reset_requested', actor_id: admin.id, subject_id: ada.id }]);
    const [event] = await unwrap(ada.client.get('/users/me/activity', { query: { limit: 1 } }));
    expect(event).toMatchObject({ action: 'password.reset_requested', by: 'staff', ip: null });
  });

  it('does not wait for ever with requests of the owner at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ada = await person(app, 'ada');
      const answers = await Promise.all([
        sendLink(ada),
        app.client.post('/auth/password/forgot', { body: { email: ada.email } }),
        sendLink(admin),
        ada.client.post('/users/me/email', { body: { email: unused(), current_password: PASSWORD } }),
      ]);
      for (const { status } of answers) expect(status).toBeLessThan(500);
      await letMailsAge();
    }
  });
});
