/** Roles and bans: what moderators and admins do to the accounts of others, on one instance and felt on the other. */
import { type DisableUserRequest, unwrap } from 'roost-client';

import type { Role } from '../../src/common/access.js';
import { TestApp } from '../support/app.js';
import { audited, auditOf } from '../support/audit.js';
import { clientOf } from '../support/client.js';
import { claimsOf } from '../support/jwt.js';
import {
  confirmAddress,
  confirmedPerson,
  login,
  PASSWORD,
  person,
  type Person,
  staff,
  type Tokens,
} from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectLive, expectRefused, me, refresh, refreshed } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

let here: TestApp;
let there: TestApp;
let admin: Person;
let moderator: Person;
let ada: Person;

beforeAll(async () => {
  here = await TestApp.start();
  there = await TestApp.start({ sharing: here });
});

afterAll(async () => {
  await there.stop();
  await here.stop();
});

beforeEach(async () => {
  // Of the offset of one test the next knows nothing.
  for (const app of [here, there]) app.clock.offsetMs = 0;
  [admin, moderator, ada] = [
    await staff(here, 'admin'),
    await staff(here, 'moderator'),
    await confirmedPerson(here, 'ada'),
  ];
});

type Caller = Pick<Person, 'client'>;
type Account = Pick<Person, 'id'>;

const disable = ({ client }: Caller, { id: user_id }: Account, body: DisableUserRequest = { reason: 'spam' }) =>
  client.post('/admin/users/{user_id}/disable', { path: { user_id }, body });
const enable = ({ client }: Caller, { id: user_id }: Account) =>
  client.post('/admin/users/{user_id}/enable', { path: { user_id } });
const logOut = ({ client }: Caller, { id: user_id }: Account) =>
  client.post('/admin/users/{user_id}/logout', { path: { user_id } });
const setRole = ({ client }: Caller, { id: user_id }: Account, role: Role) =>
  client.patch('/admin/users/{user_id}', { path: { user_id }, body: { role } });
const tryLogin = ({ client }: Caller, { email }: Person, password = PASSWORD) =>
  client.post('/auth/login', { body: { email, password } });

async function untilRefused(app: TestApp, { access_token }: Tokens, code: string): Promise<void> {
  await eventually(async () => {
    const { status, body } = await me(app, access_token);
    if (status !== 200) expect([status, body.code]).toEqual([401, code]);
    return status !== 200;
  });
}

describe('a ban', () => {
  it('ends all sessions at once, on the other instance, too, and lets nobody in [V7.4.2] [V8.3.2]', async () => {
    const phone = await login(there, ada.email);
    const rows = await audited(here, async () => {
      expect((await disable(moderator, ada)).status).toBe(204);
      for (const tokens of [ada, phone]) expectRefused(await me(here, tokens.access_token), 'token_revoked');
    });
    for (const tokens of [ada, phone]) {
      await untilRefused(there, tokens, 'token_revoked');
      for (const app of [here, there]) expectRefused(await refresh(app, tokens.refresh_token), 'account_disabled', 403);
    }
    expectRefused(await tryLogin(there, ada), 'account_disabled', 403);
    expectRefused(await tryLogin(there, ada, 'wrong horse battery'), 'invalid_credentials');
    expect(rows.map(({ action, actor_id, subject_id }) => [action, actor_id, subject_id])).toEqual([
      ['user.disabled', moderator.id, ada.id],
      ['session.ended', moderator.id, ada.id],
      ['session.ended', moderator.id, ada.id],
    ]);
    expect(rows[0]).toMatchObject({
      before: { status: 'active' },
      after: { status: 'disabled', until: null, note: 'spam' },
    });
    expect(rows[1]?.after).toEqual({ reason: 'ban' });
  });

  it('is over when it is lifted; what it ended stays ended', async () => {
    await disable(admin, ada);
    expect((await enable(moderator, ada)).status).toBe(204);
    expectRefused(await me(here, ada.access_token), 'token_revoked');
    expectRefused(await refresh(here, ada.refresh_token), 'invalid_refresh_token');
    await expectLive(here, await login(there, ada.email));
    expect((await auditOf(here, ada.id)).map(({ action }) => action)).toContain('user.enabled');
  });

  it('with an end is over by itself, and no day before', async () => {
    const until = new Date(Date.now() + 2 * 86_400_000).toISOString();
    expect((await disable(moderator, ada, { reason: 'a while', until })).status).toBe(204);
    for (const app of [here, there]) app.clock.advance('47h');
    expectRefused(await tryLogin(there, ada), 'account_disabled', 403);
    expectRefused(await refresh(here, ada.refresh_token), 'account_disabled', 403);
    for (const app of [here, there]) app.clock.advance('2h');
    const tokens = await login(there, ada.email);
    expect((await me(here, tokens.access_token)).status).toBe(200);
    expectRefused(await refresh(there, ada.refresh_token), 'invalid_refresh_token');
    const password = { current_password: PASSWORD, new_password: 'another horse battery' };
    expect((await tokens.client.put('/auth/password', { body: password })).status).toBe(204);
  });

  it('is not shown to its subject, nor who did it', async () => {
    await disable(moderator, ada, { reason: 'a note among moderators' });
    await enable(moderator, ada);
    const { client } = await login(here, ada.email);
    const events = await unwrap(client.get('/users/me/activity'));
    expect(JSON.stringify(events)).not.toMatch(/a note among/);
    expect(JSON.stringify(events)).not.toContain(moderator.id);
    expect(events).toContainEqual(
      expect.objectContaining({ action: 'user.disabled', by: 'staff', ip: null, reason: null }),
    );
  });

  it('changes what was said before, and lifting what is not there changes nothing', async () => {
    await disable(moderator, ada, { reason: 'first' });
    await disable(admin, ada, { reason: 'second', until: '2999-01-01T00:00:00Z' });
    const { rows } = await here.pool.query('SELECT disabled_reason, disabled_until FROM users WHERE id = $1', [ada.id]);
    expect(rows).toEqual([{ disabled_reason: 'second', disabled_until: new Date('2999-01-01T00:00:00Z') }]);
    await enable(admin, ada);
    expect(await audited(here, () => enable(admin, ada))).toEqual([]);
  });

  const BAD: [string, object, string][] = [
    ['no reason', {}, 'reason'],
    ['a blank one', { reason: ' ' }, 'reason'],
    ['none that is text', { reason: 7 }, 'reason'],
    ['a long one', { reason: 'x'.repeat(501) }, 'reason'],
    ['an end that is over', { reason: 'x', until: '2020-01-01T00:00:00Z' }, 'until'],
    ['a day that is none', { reason: 'x', until: '2999-02-30T00:00:00Z' }, 'until'],
    ['a date alone', { reason: 'x', until: '2999-01-01' }, 'until'],
    ['infinity', { reason: 'x', until: 'infinity' }, 'until'],
    ['a time of day that is none', { reason: 'x', until: '2999-01-01T24:00:00Z' }, 'until'],
    ['a role', { reason: 'x', role: 'admin' }, 'role'],
    ['a status', { reason: 'x', status: 'active' }, 'status'],
  ];

  it.each(BAD)('is refused with %s, the field named', async (_, body, field) => {
    const answer = await moderator.api.post(`/admin/users/${ada.id}/disable`, body);
    expect([answer.status, answer.body.errors?.[0].pointer]).toEqual([422, `#/${field}`]);
    expect((await me(here, ada.access_token)).status).toBe(200);
  });
});

describe('a role', () => {
  it('changes at once: the old token is refused on both instances, and a refresh brings the new role', async () => {
    const changed = await unwrap(setRole(admin, ada, 'moderator'));
    expect(changed).toMatchObject({ role: 'moderator', email: ada.email });
    expect(JSON.stringify(changed)).not.toMatch(/hash|epoch|\$2/);
    expectRefused(await me(here, ada.access_token), 'token_stale');
    await untilRefused(there, ada, 'token_stale');
    const tokens = await refreshed(there, ada.refresh_token);
    expect(claimsOf(tokens.access_token).role).toBe('moderator');
    expectRefused(await enable({ client: clientOf(there, tokens) }, ada), 'own_account', 403);
    expect((await auditOf(here, ada.id)).at(-1)).toMatchObject({
      action: 'user.role_changed',
      actor_id: admin.id,
      before: { role: 'user' },
      after: { role: 'moderator' },
    });
  });

  it('that is the same ends nothing and is no event', async () => {
    expect(await audited(here, () => setRole(admin, ada, 'user'))).toEqual([]);
    expect((await me(here, ada.access_token)).status).toBe(200);
  });

  it('is taken away at once, before the demoted can do anything with it', async () => {
    const other = await staff(here, 'admin');
    await setRole(admin, other, 'user');
    expectRefused(await other.api.patch(`/admin/users/${ada.id}`, { role: 'admin' }), 'token_stale');
    const refreshing = { client: clientOf(there, other) };
    expectRefused(await setRole(refreshing, ada, 'admin'), 'insufficient_role', 403);
  });

  it.each(['moderator', 'admin'] as const)(
    'of %s is not for an account that never confirmed its address',
    async (role) => {
      const stranger = await person(here, 'stranger');
      expect(
        await audited(here, async () => expectRefused(await setRole(admin, stranger, role), 'user_unconfirmed', 409)),
      ).toEqual([]);
      expect((await setRole(admin, stranger, 'user')).status).toBe(200);
      await confirmAddress(here, stranger.email);
      expect((await unwrap(setRole(admin, stranger, role))).role).toBe(role);
    },
  );

  it('of an account that never confirmed its address can be taken away', async () => {
    const stranger = await person(here, 'stranger');
    await here.pool.query("UPDATE users SET role = 'admin' WHERE id = $1", [stranger.id]);
    expect((await setRole(admin, stranger, 'moderator')).status).toBe(200);
    expectRefused(await setRole(admin, stranger, 'admin'), 'user_unconfirmed', 409);
  });

  it('of admin is not for an account that is disabled', async () => {
    await disable(admin, ada);
    expectRefused(await setRole(admin, ada, 'admin'), 'user_disabled', 409);
  });

  it.each([
    ['nothing', {}, 'role'],
    ['an unknown one', { role: 'root' }, 'role'],
    ['a list', { role: ['admin'] }, 'role'],
    ['null', { role: null }, 'role'],
    ['another field', { role: 'user', status: 'active' }, 'status'],
    ['an id', { role: 'user', id: '0' }, 'id'],
    ['an epoch', { role: 'user', token_epoch: 0 }, 'token_epoch'],
  ])('is refused when it is %s, the field named', async (_, body, field) => {
    const answer = await admin.api.patch(`/admin/users/${ada.id}`, body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, `#/${field}`]);
    expect((await me(here, ada.access_token)).status).toBe(200);
  });
});

describe('a forced logout', () => {
  it('ends all sessions at once, and the next login is welcome [V7.4.5]', async () => {
    const phone = await login(there, ada.email);
    const rows = await audited(here, () => logOut(admin, ada));
    for (const tokens of [ada, phone]) {
      expectRefused(await me(here, tokens.access_token), 'token_revoked');
      await untilRefused(there, tokens, 'token_revoked');
      expectRefused(await refresh(there, tokens.refresh_token), 'invalid_refresh_token');
    }
    expect(rows.map(({ action, after }) => [action, after?.reason])).toEqual([
      ['user.logged_out', undefined],
      ['session.ended', 'forced_logout'],
      ['session.ended', 'forced_logout'],
    ]);
    await expectLive(there, await login(there, ada.email));
  });

  it('is for other admins, and for oneself', async () => {
    expect((await logOut(admin, await staff(here, 'admin'))).status).toBe(204);
    expect((await logOut(admin, admin)).status).toBe(204);
    expectRefused(await me(here, admin.access_token), 'token_revoked');
  });
});

describe('nobody may', () => {
  it('do anything without the role [V8.2.1] [T28]', async () => {
    for (const answer of await Promise.all([
      disable(ada, moderator),
      enable(ada, moderator),
      logOut(ada, moderator),
      setRole(ada, ada, 'admin'),
    ]))
      expectRefused(answer, 'insufficient_role', 403);
    for (const answer of await Promise.all([logOut(moderator, ada), setRole(moderator, ada, 'moderator')]))
      expectRefused(answer, 'insufficient_role', 403);
  });

  it('disable or enable who has the same role or a higher one', async () => {
    const [otherAdmin, otherModerator] = [await staff(here, 'admin'), await staff(here, 'moderator')];
    for (const [by, whom] of [
      [moderator, admin],
      [moderator, otherModerator],
      [admin, otherAdmin],
    ] as const) {
      expectRefused(await disable(by, whom), 'insufficient_role', 403);
      expectRefused(await enable(by, whom), 'insufficient_role', 403);
      expect((await me(here, whom.access_token)).status).toBe(200);
    }
    expect((await disable(admin, otherModerator)).status).toBe(204);
  });

  it('do it to themselves, however the id is spelt [V8.2.1]', async () => {
    for (const self of [admin, { id: admin.id.toUpperCase() }]) {
      expectRefused(await disable(admin, self), 'own_account', 403);
      expectRefused(await enable(admin, self), 'own_account', 403);
      expectRefused(await setRole(admin, self, 'user'), 'own_account', 403);
    }
    expect((await me(here, admin.access_token)).body.role).toBe('admin');
  });

  it.each(['00000000-0000-4000-8000-000000000000', '1', `x' OR true --`])('find an account %s', async (id) => {
    for (const answer of [
      await disable(admin, { id }),
      await enable(admin, { id }),
      await logOut(admin, { id }),
      await setRole(admin, { id }, 'user'),
    ])
      expectRefused(answer, 'user_not_found', 404);
  });
});

describe('races', () => {
  const activeAdmins = async (): Promise<number> =>
    (await here.pool.query(`SELECT 1 FROM users WHERE role = 'admin' AND status = 'active'`)).rowCount ?? 0;

  it('two admins demote each other, on two instances: one is always left', async () => {
    await here.pool.query(`UPDATE users SET role = 'user'`);
    const [first, second] = [await person(here, 'first'), await person(here, 'second')];
    for (let round = 0; round < soaked(50, 12); round += 1) {
      await here.pool.query(`UPDATE users SET role = 'admin', token_epoch = token_epoch + 1 WHERE id = ANY($1)`, [
        [first.id, second.id],
      ]);
      const [one, two] = [await login(here, first.email), await login(there, second.email)];
      const answers = await Promise.all([
        one.api.patch(`/admin/users/${second.id}`, { role: 'user' }),
        two.api.patch(`/admin/users/${first.id}`, { role: 'user' }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      expect(await activeAdmins()).toBe(1);
    }
  });

  it('a role changes while its owner refreshes: no token with the old role is of use', async () => {
    let tokens: Tokens = ada;
    for (let round = 0; round < soaked(50, 12); round += 1) {
      const role = round % 2 === 0 ? 'moderator' : 'user';
      const [answer, changed] = await Promise.all([refresh(there, tokens.refresh_token), setRole(admin, ada, role)]);
      expect([answer.status, changed.status]).toEqual([200, 200]);
      tokens = answer.body as Tokens;
      if (claimsOf(tokens.access_token).role !== role) {
        expectRefused(await me(here, tokens.access_token), 'token_stale');
        tokens = await refreshed(here, tokens.refresh_token);
      }
      expect((await me(here, tokens.access_token)).body.role).toBe(role);
    }
  });

  it('a ban comes while its subject logs in and refreshes: no session survives it [T12]', async () => {
    for (let round = 0; round < soaked(50, 12); round += 1) {
      const phone = await login(there, ada.email);
      const [entered, kept, banned] = await Promise.all([
        tryLogin(there, ada),
        refresh(there, phone.refresh_token),
        disable(moderator, ada),
      ]);
      expect(banned.status).toBe(204);
      for (const tokens of [entered.ok && entered.data, kept.status === 200 && (kept.body as Tokens)]) {
        if (tokens === false || !('refresh_token' in tokens)) continue;
        expectRefused(await me(here, tokens.access_token), 'token_revoked');
        expectRefused(await refresh(there, tokens.refresh_token), 'account_disabled', 403);
      }
      const { rowCount } = await here.pool.query('SELECT 1 FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [
        ada.id,
      ]);
      expect(rowCount).toBe(0);
      expect((await enable(moderator, ada)).status).toBe(204);
    }
  });

  it('bans and lifts them at once: the account is what the last event says', async () => {
    for (let round = 0; round < soaked(50, 12); round += 1) {
      const answers = await Promise.all([disable(moderator, ada), enable(admin, ada)]);
      expect(answers.map(({ status }) => status)).toEqual([204, 204]);
      const { rows } = await here.pool.query<{ status: string }>('SELECT status FROM users WHERE id = $1', [ada.id]);
      expect((await auditOf(here, ada.id)).at(-1)?.action === 'user.enabled').toBe(rows[0]?.status === 'active');
      expect((await tryLogin(there, ada)).status).toBe(rows[0]?.status === 'active' ? 200 : 403);
    }
  });

  it('a moderator is demoted while they ban: nobody acts who no longer may [V15.4.2]', async () => {
    await confirmAddress(here, moderator.email);
    for (let round = 0; round < soaked(30, 10); round += 1) {
      await setRole(admin, moderator, 'moderator');
      const { api } = await login(there, moderator.email);
      const [banned] = await Promise.all([
        api.post(`/admin/users/${ada.id}/disable`, { reason: 'race' }),
        setRole(admin, moderator, 'user'),
      ]);
      expect([204, 401]).toContain(banned.status);
      const { rows } = await here.pool.query<{ action: string }>(
        `SELECT action FROM audit_events WHERE (action = 'user.role_changed' AND subject_id = $1)
            OR (action = 'user.disabled' AND actor_id = $1) ORDER BY id DESC LIMIT 1`,
        [moderator.id],
      );
      expect(rows[0]?.action).toBe('user.role_changed');
    }
  });
});
