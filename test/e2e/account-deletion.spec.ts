/** People who delete their accounts, and those who have second thoughts: until it is final. */
import { unwrap } from 'roost-client';

import type { Role } from '../../src/common/access.js';
import { TestApp } from '../support/app.js';
import { audited, auditOf } from '../support/audit.js';
import { clientOf } from '../support/client.js';
import { mailedToken, mailsTo } from '../support/mailbox.js';
import {
  confirmAddress,
  confirmedPerson,
  login,
  PASSWORD,
  person,
  type Person,
  staff,
  stepUp,
} from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused, me, refresh } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

let here: TestApp;
let there: TestApp;
let ada: Person;

const DAY_MS = 86_400_000;

beforeAll(async () => {
  here = await TestApp.start();
  there = await TestApp.start({ sharing: here });
});

afterAll(async () => {
  await there.stop();
  await here.stop();
});

beforeEach(async () => {
  for (const app of [here, there]) app.clock.offsetMs = 0;
  ada = await person(here, 'ada');
});

type Caller = Pick<Person, 'client'>;
type Account = Pick<Person, 'id'>;

const leave = ({ client }: Caller, current_password = PASSWORD) =>
  client.delete('/users/me', { body: { current_password } });
const tryLogin = ({ client }: Caller, { email }: Person, password = PASSWORD) =>
  client.post('/auth/login', { body: { email, password } });
const forget = ({ email }: Person) => unwrap(here.client.post('/auth/password/forgot', { body: { email } }));
const reset = (token: string, new_password = 'another horse battery') =>
  here.client.post('/auth/password/reset', { body: { token, new_password } });
const show = ({ client }: Caller, { id: user_id }: Account) =>
  unwrap(client.get('/admin/users/{user_id}', { path: { user_id } }));
const disable = ({ client }: Caller, { id: user_id }: Account) =>
  unwrap(client.post('/admin/users/{user_id}/disable', { path: { user_id }, body: { reason: 'x' } }));
const enable = ({ client }: Caller, { id: user_id }: Account) =>
  client.post('/admin/users/{user_id}/enable', { path: { user_id } });
const setRole = ({ client }: Caller, { id: user_id }: Account, role: Role) =>
  client.patch('/admin/users/{user_id}', { path: { user_id }, body: { role } });
const remove = ({ client }: Caller, { id: user_id }: Account) =>
  client.delete('/admin/users/{user_id}', { path: { user_id } });
const pending = async ({ id }: Person): Promise<unknown> =>
  (await here.pool.query('SELECT deletion, delete_after FROM users WHERE id = $1', [id])).rows[0];

const NOT_PENDING = { deletion: null, delete_after: null };

describe('an account that its owner deletes', () => {
  it('is told when that is final, in 7 days by the clock of the database', async () => {
    const answer = await leave(ada);
    const { message, deletes_at } = await unwrap(answer);
    expect([answer.status, message]).toEqual([202, 'The account is going to be deleted']);
    const { rows } = await here.pool.query<{ ms: number }>(
      `SELECT extract(epoch FROM delete_after - clock_timestamp())::float8 * 1000 AS ms FROM users WHERE id = $1`,
      [ada.id],
    );
    expect(Math.abs((rows[0]?.ms ?? 0) - 7 * DAY_MS)).toBeLessThan(30_000);
    expect(await pending(ada)).toEqual({ deletion: 'own', delete_after: new Date(deletes_at) });
  });

  it('loses all of its sessions at once, on the other instance, too [V7.4.2] [T13]', async () => {
    const phone = await login(there, ada.email);
    const rows = await audited(here, async () => {
      expect((await leave(ada)).status).toBe(202);
      for (const tokens of [ada, phone]) await expectDead(here, tokens);
    });
    await eventually(async () => (await me(there, phone.access_token)).status === 401);
    for (const tokens of [ada, phone]) await expectDead(there, tokens);
    expect(rows.map(({ action, actor_id, after }) => [action, actor_id, after?.reason])).toEqual([
      ['user.deletion_requested', ada.id, undefined],
      ['session.ended', ada.id, 'account_deletion'],
      ['session.ended', ada.id, 'account_deletion'],
    ]);
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`${ada.email}|${ada.username}`));
  });

  it('gets a mail that says when it is final and how to cancel it', async () => {
    const { deletes_at } = await unwrap(leave(ada));
    const [mail] = await mailsTo(here, ada.email, 'going to be deleted');
    expect(mail?.text).toContain(new Date(deletes_at).toUTCString().replace('GMT', 'UTC'));
    expect(mail?.text).toContain('a login cancels the deletion');
  });

  it('keeps its address and its username meanwhile', async () => {
    await leave(ada);
    const { email, username } = ada;
    const register = (body: { email: string; username?: string }) =>
      here.client.post('/auth/register', { body: { ...body, password: PASSWORD } });
    expectRefused(await register({ email }), 'email_taken', 409);
    expectRefused(await register({ email: `x${email}`, username }), 'username_taken', 409);
  });

  it('has no use for links that were mailed before', async () => {
    await forget(ada);
    const forgotten = await mailedToken(here, ada.email, 'new password');
    const token = await mailedToken(here, ada.email, 'Confirm');
    await leave(ada);
    expectRefused(await reset(forgotten), 'invalid_account_token', 400);
    expectRefused(await here.client.post('/auth/email/confirm', { body: { token } }), 'invalid_account_token', 400);
  });

  it('is seen by admins, with who deletes it and when', async () => {
    const admin = await staff(here, 'admin');
    const { deletes_at } = await unwrap(leave(ada));
    const seen = { id: ada.id, deletion: 'own', deletes_at };
    expect(await show(admin, ada)).toMatchObject(seen);
    const found = (deleting: boolean) =>
      unwrap(admin.client.get('/admin/users', { query: { q: ada.username, deleting } }));
    expect(await found(true)).toMatchObject([seen]);
    expect(await found(false)).toEqual([]);
    expect(await show(admin, admin)).toMatchObject({ deletion: null, deletes_at: null });
    expect((await admin.api.get('/admin/users?deleting=yes')).status).toBe(422);
  });
});

describe('a deletion is refused', () => {
  it('with a wrong password, which the audit tells of', async () => {
    const rows = await audited(here, async () => {
      for (const password of ['wrong horse battery', '', 'x'.repeat(100)])
        expectRefused(await leave(ada, password), 'wrong_password', 403);
    });
    expect(rows.map(({ action, subject_id }) => [action, subject_id])).toEqual(
      Array.from({ length: 3 }, () => ['user.deletion_failed', ada.id]),
    );
    expect(await pending(ada)).toEqual(NOT_PENDING);
    await expectLive(here, ada);
  });

  it.each([
    ['none', {}, 'current_password'],
    ['null', { current_password: null }, 'current_password'],
    ['a list', { current_password: [PASSWORD] }, 'current_password'],
    ['another field', { current_password: PASSWORD, user_id: 'x' }, 'user_id'],
  ])('with %s for a password, the field named', async (_, body, field) => {
    const answer = await ada.api.delete('/users/me', body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, `#/${field}`]);
    expect((await ada.api.delete('/users/me')).status).toBe(422);
    expect(await pending(ada)).toEqual(NOT_PENDING);
  });

  it('by POST in the same way, for proxies that drop the body of a DELETE', async () => {
    const byPost = (current_password: string) => ada.client.post('/users/me/delete', { body: { current_password } });
    expect((await ada.api.post('/users/me/delete', {})).status).toBe(422);
    expectRefused(await byPost('not hers'), 'wrong_password', 403);
    expect(await pending(ada)).toEqual(NOT_PENDING);
    expect((await byPost(PASSWORD)).status).toBe(202);
    expect(await pending(ada)).not.toEqual(NOT_PENDING);
    expectRefused(await ada.client.get('/auth/me'), 'token_revoked');
  });

  it('to nobody, and to a session that has ended', async () => {
    expectRefused(await leave(here), 'authentication_required');
    await unwrap(ada.client.post('/auth/logout'));
    expectRefused(await leave(ada), 'token_revoked');
    expect(await pending(ada)).toEqual(NOT_PENDING);
  });

  it('to the last admin, and allowed when there is another', async () => {
    await here.pool.query(`UPDATE users SET role = 'user'`);
    const first = await staff(here, 'admin');
    expectRefused(await leave(first), 'last_admin', 409);
    await expectLive(here, first);
    const second = await staff(here, 'admin');
    expect((await leave(await login(here, first.email))).status).toBe(202);
    // Who is leaving is none who stays.
    expectRefused(await leave(second), 'last_admin', 409);
    await login(here, first.email);
    expect((await leave(second)).status).toBe(202);
  });

  it('after many wrong passwords, also with the right one, and a login is, too', async () => {
    const guarded = await TestApp.start({ sharing: here, env: { LOGIN_GUARD: 'on' } });
    try {
      const client = clientOf(guarded, ada);
      for (let guess = 0; guess < 5; guess += 1)
        expectRefused(await leave({ client }, 'wrong horse battery'), 'wrong_password', 403);
      const refused = await leave({ client });
      expectRefused(refused, 'rate_limited', 429);
      expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(0);
      expectRefused(await tryLogin(guarded, ada), 'rate_limited', 429);
      expect(await pending(ada)).toEqual(NOT_PENDING);
    } finally {
      await guarded.stop();
    }
  });
});

describe('a deletion is cancelled', () => {
  it('by the login of its owner, who is told; what ended stays ended', async () => {
    await leave(ada);
    for (const app of [here, there]) app.clock.advance('6d');
    const rows = await audited(here, async () => {
      await expectLive(there, await login(there, ada.email));
    });
    expect(rows.map(({ action, actor_id, subject_id }) => [action, actor_id, subject_id])).toEqual([
      ['login.succeeded', ada.id, ada.id],
      ['user.deletion_cancelled', ada.id, ada.id],
    ]);
    expect(await pending(ada)).toEqual(NOT_PENDING);
    expect(await mailsTo(here, ada.email, 'Your account stays')).toHaveLength(1);
    expectRefused(await refresh(here, ada.refresh_token), 'invalid_refresh_token');
    expect(there.events).toContain('deletion_cancelled');
  });

  it('by no login with a wrong password', async () => {
    await leave(ada);
    expectRefused(await tryLogin(here, ada, 'wrong horse battery'), 'invalid_credentials');
    expect(await pending(ada)).toMatchObject({ deletion: 'own' });
  });

  it('by a reset of the password and the login after it, not by the reset alone', async () => {
    await leave(ada);
    await forget(ada);
    const token = await mailedToken(here, ada.email, 'new password');
    await unwrap(reset(token, 'another horse battery'));
    expect(await pending(ada)).toMatchObject({ deletion: 'own' });
    expect((await tryLogin(here, ada, 'another horse battery')).status).toBe(200);
    expect(await pending(ada)).toEqual(NOT_PENDING);
  });

  it('by no login to an account that is disabled meanwhile', async () => {
    const moderator = await staff(here, 'moderator');
    await leave(ada);
    await disable(moderator, ada);
    expectRefused(await tryLogin(here, ada), 'account_disabled', 403);
    await unwrap(enable(moderator, ada));
    expect(await pending(ada)).toMatchObject({ deletion: 'own' });
  });

  it('by a login, and asked for again from then on', async () => {
    const first = await unwrap(leave(ada));
    for (const app of [here, there]) app.clock.advance('3d');
    const again = await unwrap(leave(await login(here, ada.email)));
    const later = Date.parse(again.deletes_at) - Date.parse(first.deletes_at);
    expect(Math.abs(later - 3 * DAY_MS)).toBeLessThan(30_000);
  });
});

describe('an account that an admin deletes', () => {
  let admin: Person;

  beforeEach(async () => {
    admin = await staff(here, 'admin');
  });

  it('loses its sessions at once, and its owner is told and cannot cancel it', async () => {
    const rows = await audited(here, async () => {
      const answer = await remove(admin, ada);
      const { deletes_at } = await unwrap(answer);
      expect(answer.status).toBe(202);
      expect(await pending(ada)).toEqual({ deletion: 'staff', delete_after: new Date(deletes_at) });
    });
    expect(rows.map(({ action, actor_id, subject_id }) => [action, actor_id, subject_id])).toEqual([
      ['user.deletion_requested', admin.id, ada.id],
      ['session.ended', admin.id, ada.id],
    ]);
    await expectDead(here, ada);
    expectRefused(await tryLogin(there, ada), 'account_deleted', 403);
    expectRefused(await tryLogin(there, ada, 'wrong horse battery'), 'invalid_credentials');
    expect(await pending(ada)).toMatchObject({ deletion: 'staff' });
    const [mail] = await mailsTo(here, ada.email, 'going to be deleted');
    expect(mail?.text).toContain('An administrator has deleted your account');
    expect(mail?.text).not.toContain('a login cancels');
  });

  it('is no sooner final when it is deleted twice, and the second time is no event', async () => {
    const first = await unwrap(remove(admin, ada));
    for (const app of [here, there]) app.clock.advance('1d');
    await stepUp(admin);
    expect(
      await audited(here, async () => {
        expect(await unwrap(remove(admin, ada))).toEqual(first);
      }),
    ).toEqual([]);
  });

  it('was perhaps deleted by its owner before: it is final when that was, and the owner cannot cancel it any more', async () => {
    const own = await unwrap(leave(ada));
    for (const app of [here, there]) app.clock.advance('1d');
    await stepUp(admin);
    expect((await unwrap(remove(admin, ada))).deletes_at).toBe(own.deletes_at);
    expectRefused(await tryLogin(here, ada), 'account_deleted', 403);
  });

  it('stays deleted by its owner, as before, when the admin cancels only their own', async () => {
    const own = await unwrap(leave(ada));
    here.clock.advance('1d');
    await stepUp(admin);
    await remove(admin, ada);
    const rows = await audited(here, async () => {
      expect((await enable(admin, ada)).status).toBe(204);
    });
    expect(rows).toMatchObject([
      { action: 'user.deletion_cancelled', actor_id: admin.id, after: { deletes_at: own.deletes_at } },
    ]);
    expect(await show(admin, ada)).toMatchObject({ deletion: 'own', deletes_at: own.deletes_at });
    expect(await mailsTo(here, ada.email, 'Your account stays')).toEqual([]);
    const [mail] = await mailsTo(here, ada.email, 'Your account is going to be deleted');
    expect(mail?.text).toContain('a login cancels the deletion');
    await expectLive(there, await login(there, ada.email));
    expect(await pending(ada)).toEqual(NOT_PENDING);
    // Nothing of it is left for the next time, nor what the version before leaves there.
    await here.pool.query("UPDATE users SET own_delete_after = clock_timestamp() - interval '1 day' WHERE id = $1", [
      ada.id,
    ]);
    await here.pool.query(
      "UPDATE users SET deletion = 'staff', delete_after = clock_timestamp() + interval '1 day' WHERE id = $1",
      [ada.id],
    );
    await enable(admin, ada);
    expect(await pending(ada)).toEqual(NOT_PENDING);
    await remove(admin, ada);
    await enable(admin, ada);
    expect(await pending(ada)).toEqual(NOT_PENDING);
  });

  it('is let in again by an admin, which its owner is told, and by no moderator', async () => {
    const moderator = await staff(here, 'moderator');
    await remove(admin, ada);
    expectRefused(await enable(moderator, ada), 'insufficient_role', 403);
    await disable(moderator, ada);
    const rows = await audited(here, async () => {
      expect((await enable(admin, ada)).status).toBe(204);
    });
    expect(rows.map(({ action, actor_id }) => [action, actor_id])).toEqual([
      ['user.deletion_cancelled', admin.id],
      ['user.enabled', admin.id],
    ]);
    const [mail] = await mailsTo(here, ada.email, 'Your account stays');
    expect(mail?.text).toContain('An administrator has cancelled');
    await expectLive(there, await login(there, ada.email));
    expect(await audited(here, () => enable(admin, ada))).toEqual([]);
  });

  it('is not told of who did it, nor from where', async () => {
    await remove(admin, ada);
    await enable(admin, ada);
    const { client } = await login(here, ada.email);
    const events = await unwrap(client.get('/users/me/activity'));
    expect(JSON.stringify(events)).not.toContain(admin.id);
    expect(events).toContainEqual(
      expect.objectContaining({ action: 'user.deletion_requested', by: 'staff', ip: null }),
    );
  });

  it('becomes no admin, whom nobody could let in again; nor does one that its owner deletes', async () => {
    await confirmAddress(here, ada.email);
    await remove(admin, ada);
    const bob = await person(here, 'bob');
    await leave(bob);
    for (const whom of [ada, bob]) expectRefused(await setRole(admin, whom, 'admin'), 'user_deleted', 409);
    const changed = await unwrap(setRole(admin, ada, 'moderator'));
    expect(changed).toMatchObject({ role: 'moderator', deletion: 'staff' });
    expect((await enable(admin, ada)).status).toBe(204);
    expect((await setRole(admin, ada, 'admin')).status).toBe(200);
  });

  it('is never an admin, nor the own one, nor one that is not there', async () => {
    const other = await staff(here, 'admin');
    expectRefused(await remove(admin, other), 'insufficient_role', 403);
    expectRefused(await remove(admin, { id: admin.id.toUpperCase() }), 'own_account', 403);
    for (const id of ['00000000-0000-4000-8000-000000000000', '1'])
      expectRefused(await remove(admin, { id }), 'user_not_found', 404);
    for (const kept of [admin, other]) await expectLive(here, kept);
  });

  it('is deleted by nobody of a lower role', async () => {
    for (const by of [ada, await staff(here, 'moderator')])
      expectRefused(await remove(by, await person(here)), 'insufficient_role', 403);
  });
});

describe('races', () => {
  it('two admins leave at once, on two instances: one is always left', async () => {
    await here.pool.query(`UPDATE users SET role = 'user'`);
    const [first, second] = [await staff(here, 'admin'), await staff(here, 'admin')];
    for (let round = 0; round < soaked(30, 10); round += 1) {
      const [one, two] = [await login(here, first.email), await login(there, second.email)];
      const answers = await Promise.all([leave(one), leave(two)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    }
  });

  it('an admin deletes whom another makes an admin: either comes first, and never both', async () => {
    const [first, second] = [await staff(here, 'admin'), await staff(here, 'admin')];
    for (let round = 0; round < soaked(30, 10); round += 1) {
      const eve = await confirmedPerson(here, 'eve');
      const [removed, promoted] = await Promise.all([
        remove(first, eve),
        setRole({ client: clientOf(there, second) }, eve, 'admin'),
      ]);
      expect([
        [202, 409],
        [403, 200],
      ]).toContainEqual([removed.status, promoted.status]);
    }
  });

  it('an admin leaves while they demote the other: one is always left', async () => {
    await here.pool.query(`UPDATE users SET role = 'user'`);
    const [first, second] = [await staff(here, 'admin'), await staff(here, 'admin')];
    for (let round = 0; round < soaked(30, 10); round += 1) {
      await here.pool.query(
        `UPDATE users SET role = 'admin', deletion = NULL, delete_after = NULL WHERE id = ANY($1)`,
        [[first.id, second.id]],
      );
      const [one, two] = [await login(here, first.email), await login(there, first.email)];
      const [left, demoted] = await Promise.all([leave(one), setRole(two, second, 'user')]);
      expect([202, 409]).toContain(left.status);
      expect([200, 401]).toContain(demoted.status);
      const { rowCount } = await here.pool.query(`SELECT 1 FROM users WHERE role = 'admin' AND deletion IS NULL`);
      expect(rowCount).toBeGreaterThan(0);
    }
  });

  it('deleted from two sessions at once: once', async () => {
    for (let round = 0; round < soaked(20, 10); round += 1) {
      const [one, two] = [await login(here, ada.email), await login(there, ada.email)];
      const rows = await audited(here, async () => {
        const answers = await Promise.all([leave(one), leave(two)]);
        expect(answers.map(({ status }) => status).sort()).toEqual([202, 401]);
      });
      expect(rows.filter(({ action }) => action === 'user.deletion_requested')).toHaveLength(1);
    }
  });

  it('a login comes as its owner deletes: a session lives exactly if the account stays', async () => {
    for (let round = 0; round < soaked(30, 10); round += 1) {
      const session = await login(here, ada.email);
      const [entered, left] = await Promise.all([tryLogin(there, ada), leave(session)]);
      expect([entered.status, left.status]).toEqual([200, 202]);
      const { rowCount } = await here.pool.query('SELECT 1 FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [
        ada.id,
      ]);
      expect(await pending(ada)).toEqual(rowCount === 0 ? expect.objectContaining({ deletion: 'own' }) : NOT_PENDING);
    }
  });

  it('a login comes as an admin deletes: no session survives it', async () => {
    const admin = await staff(here, 'admin');
    for (let round = 0; round < soaked(30, 10); round += 1) {
      const [entered] = await Promise.all([tryLogin(there, ada), unwrap(remove(admin, ada))]);
      expect([200, 403]).toContain(entered.status);
      const { rowCount } = await here.pool.query('SELECT 1 FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [
        ada.id,
      ]);
      expect(rowCount).toBe(0);
      expect((await enable(admin, ada)).status).toBe(204);
    }
  });

  it('leaves the account as it is when its mail cannot be written', async () => {
    await here.pool.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON mails FOR EACH ROW EXECUTE FUNCTION refuse()`);
    try {
      expectRefused(await leave(ada), 'database_unavailable', 503);
    } finally {
      await here.pool.query('DROP FUNCTION refuse CASCADE');
    }
    expect(await pending(ada)).toEqual(NOT_PENDING);
    await expectLive(here, ada);
    expect((await auditOf(here, ada.id)).map(({ action }) => action)).not.toContain('user.deletion_requested');
  });
});
