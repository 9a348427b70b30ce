import type { PoolClient } from 'pg';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { someoneWaits } from '../support/database.js';
import { type Mail, mailsTo } from '../support/mailbox.js';
import { login, PASSWORD, person, type Person, type Tokens } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused, me, sessionsOf } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

const NEW_PASSWORD = 'engine no. 2';

describe('PUT /auth/password', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  const change = (to: unknown = NEW_PASSWORD, from: unknown = PASSWORD, who: Tokens = ada): Promise<Answer> =>
    app.api.as(who.access_token).put('/auth/password', { current_password: from, new_password: to });

  const tryLogin = (password: string): Promise<Answer> => app.api.post('/auth/login', { email: ada.email, password });

  async function expectUnchanged(): Promise<void> {
    expect((await tryLogin(NEW_PASSWORD)).status).toBe(401);
    await expectLive(app, await login(app, ada.email));
  }

  it('changes the password [V6.2.2]', async () => {
    const answer = await change();
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await tryLogin(NEW_PASSWORD)).status).toBe(200);
    expectRefused(await tryLogin(PASSWORD), 'invalid_credentials');
  });

  it('ends all other sessions at once, says why, and lets the one that asks live on [V7.4.3] [T13] [R09]', async () => {
    const others = [await login(app, ada.email), await login(app, ada.email)];
    const bob = await person(app, 'bob');
    expect((await change()).status).toBe(204);
    for (const tokens of others) await expectDead(app, tokens);
    await expectLive(app, ada);
    await expectLive(app, bob);
    const rows = await sessionsOf(app, ada);
    expect(rows.map((row) => row.revoked_reason)).toEqual([null, 'password_change', 'password_change']);
    const { rows: revoked } = await app.pool.query(
      'SELECT session_id FROM revocations WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)',
      [ada.id],
    );
    expect(revoked).toHaveLength(2);
  });

  it('tells the owner by mail, without a link, and at most ten times a day [V6.3.7]', async () => {
    const told = (): Promise<Mail[]> => mailsTo(app, ada.email, 'Your password was changed');
    const words = Array.from({ length: 12 }, (_, n) => `engine no. ${n}`);
    let from = PASSWORD;
    for (const to of words) {
      expect((await ada.api.put('/auth/password', { current_password: from, new_password: to })).status).toBe(204);
      from = to;
    }
    const mails = await told();
    expect(mails).toHaveLength(10);
    expect(mails[0]?.text).toContain(`Hello ${ada.username},`);
    expect(mails[0]?.text).not.toMatch(/https?:|engine/);
  });

  it('mails nothing when it is refused', async () => {
    await ada.api.put('/auth/password', { current_password: 'wrong', new_password: 'engine no. 2' });
    expect(await mailsTo(app, ada.email, 'Your password was changed')).toEqual([]);
  });

  it('is known to an instance that starts later', async () => {
    const other = await login(app, ada.email);
    expect((await change()).status).toBe(204);
    const later = await TestApp.start({ sharing: app });
    try {
      await expectDead(later, other);
      expect((await me(later, ada.access_token)).status).toBe(200);
    } finally {
      await later.stop();
    }
  });

  it('writes one line to the log, without the passwords, a hash or the address', async () => {
    const before = app.log.length;
    await change('canary no. 1');
    await change('canary no. 2', 'canary no. 0');
    const lines = app.log.slice(before).join('');
    expect(lines.match(/"event":"password_changed"/g)).toHaveLength(1);
    expect(lines).toContain(ada.id);
    expect(lines).not.toMatch(/canary|\$2b\$|@example/);
  });

  it.each([
    ['another', 'not the password'],
    ['in another case', PASSWORD.toUpperCase()],
    ['empty', ''],
    ['over-long', 'a'.repeat(73)],
    ['the right one and more', `${PASSWORD} `],
  ])('refuses a current password that is %s, and changes nothing [V6.2.3] [V7.5.1]', async (_, from) => {
    const other = await login(app, ada.email);
    expectRefused(await change(NEW_PASSWORD, from), 'wrong_password', 403);
    await expectLive(app, other);
    await expectLive(app, ada);
    await expectUnchanged();
  });

  it.each([
    ['no new password', { current_password: PASSWORD }, '#/new_password', 'required'],
    ['no current password', { new_password: NEW_PASSWORD }, '#/current_password', 'required'],
    ['null', { current_password: PASSWORD, new_password: null }, '#/new_password', 'wrong_type'],
    ['a number', { current_password: 12_345_678, new_password: NEW_PASSWORD }, '#/current_password', 'wrong_type'],
    ['a list', { current_password: PASSWORD, new_password: [NEW_PASSWORD] }, '#/new_password', 'wrong_type'],
    ['7 characters', { current_password: PASSWORD, new_password: 'engine7' }, '#/new_password', 'too_short'],
    ['73 bytes', { current_password: PASSWORD, new_password: 'é'.repeat(36) + 'a' }, '#/new_password', 'too_long'],
    ['a NUL', { current_password: PASSWORD, new_password: 'engine\0no. 2' }, '#/new_password', 'invalid_text'],
    ['a common one', { current_password: PASSWORD, new_password: 'password1' }, '#/new_password', 'too_common'],
    ['the same', { current_password: PASSWORD, new_password: PASSWORD }, '#/new_password', 'same_password'],
    [
      'a field too many',
      { current_password: PASSWORD, new_password: NEW_PASSWORD, user_id: 'x' },
      '#/user_id',
      'unknown_field',
    ],
    ['no object', [], '#', 'wrong_type'],
  ])('refuses %s, names the field, and changes nothing [V6.2.4] [T17]', async (_, body, pointer, code) => {
    const answer = await ada.api.put('/auth/password', body);
    expectRefused(answer, 'validation_failed', 400);
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
    await expectUnchanged();
  });

  it('can be asked for longer passwords', async () => {
    const strict = await TestApp.start({ sharing: app, env: { PASSWORD_MIN_LENGTH: '14' } });
    try {
      const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
      const answer = await strict.api.as(ada.access_token).put('/auth/password', body);
      expect(answer.body.errors).toMatchObject([{ pointer: '#/new_password', code: 'too_short' }]);
    } finally {
      await strict.stop();
    }
  });

  it('is closed to nobody, and to those whose session has ended', async () => {
    const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
    expectRefused(await app.api.put('/auth/password', body), 'authentication_required');
    expectRefused(await app.api.as('made.up.token').put('/auth/password', body), 'invalid_token');
    const ended = await login(app, ada.email);
    await app.api.as(ended.access_token).post('/auth/logout');
    expectRefused(await change(NEW_PASSWORD, PASSWORD, ended), 'token_revoked');
    await expectUnchanged();
  });

  it('tells of a disabled account only after the right password', async () => {
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    expectRefused(await change(NEW_PASSWORD, 'not the password'), 'wrong_password', 403);
    expectRefused(await change(), 'account_disabled', 403);
    await app.pool.query("UPDATE users SET status = 'active' WHERE id = $1", [ada.id]);
    await expectUnchanged();
  });

  it('refuses the token of an account that is gone', async () => {
    await app.pool.query('DELETE FROM users WHERE id = $1', [ada.id]);
    expectRefused(await change(), 'invalid_token');
  });

  it('can be done again, back and forth', async () => {
    expect((await change()).status).toBe(204);
    expect((await change(PASSWORD, NEW_PASSWORD)).status).toBe(204);
    await expectLive(app, ada);
    await expectUnchanged();
  });

  describe('at the same time as', () => {
    it('logins with the old password: when it is answered, no session of theirs lives', async () => {
      let [from, to] = [PASSWORD, NEW_PASSWORD];
      for (let round = 0; round < soaked(50, 12); round += 1) {
        const old = from;
        const logins = (): Promise<Answer>[] => [tryLogin(old), tryLogin(old)];
        const before = round % 3 === 0 ? [] : logins();
        if (round % 3 === 1) await new Promise(setImmediate);
        const changed = change(to, from);
        const answers = await Promise.all([...before, ...logins()]);
        expect((await changed).status).toBe(204);
        for (const { status, body } of answers) {
          expect([200, 401]).toContain(status);
          if (status === 200) await expectDead(app, body);
        }
        [from, to] = [to, from];
      }
      const live = (await sessionsOf(app, ada)).filter((row) => row.revoked_at === null);
      expect(live).toHaveLength(1);
      await expectLive(app, ada);
    });

    it('refreshes of other sessions: none of them lives', async () => {
      for (let round = 0; round < 10; round += 1) {
        const [from, to] = round % 2 === 0 ? [PASSWORD, NEW_PASSWORD] : [NEW_PASSWORD, PASSWORD];
        const other = await login(app, ada.email, from);
        const refresh = (): Promise<Answer> => app.api.post('/auth/refresh', { refresh_token: other.refresh_token });
        const [first, changed, second] = await Promise.all([refresh(), change(to, from), refresh()]);
        expect(changed.status).toBe(204);
        for (const { status, body } of [first, second]) if (status === 200) await expectDead(app, body);
        await expectDead(app, other);
      }
      await expectLive(app, ada);
    });

    it('other changes: exactly one wins, and its password holds', async () => {
      for (let round = 0; round < 10; round += 1) {
        const eve = await person(app, 'eve');
        const phone = await login(app, eve.email);
        const wanted = Array.from({ length: 6 }, (_, index) => `engine no. ${round}.${index}`);
        const answers = await Promise.all(wanted.map((to, index) => change(to, PASSWORD, index % 2 ? eve : phone)));
        const statuses = answers.map(({ status }) => status);
        expect(statuses.filter((status) => status === 204)).toHaveLength(1);
        for (const answer of answers.filter(({ status }) => status !== 204)) {
          // A request of the session that the winner ended may not have been let in any more.
          expect(['wrong_password', 'token_revoked']).toContain(answer.body.code);
        }
        const winner = statuses.indexOf(204);
        await expectLive(app, await login(app, eve.email, wanted[winner]));
        await expectLive(app, winner % 2 ? eve : phone);
        await expectDead(app, winner % 2 ? phone : eve);
      }
    });

    it.each([
      ['another password', () => `hashed_password = '${'x'.repeat(60)}'`, 403, 'wrong_password'],
      ['the end of the account', () => "status = 'disabled', token_epoch = token_epoch + 1", 403, 'account_disabled'],
      ['another role', () => "role = 'moderator', token_epoch = token_epoch + 1", 204, undefined],
      ['another biography', () => "bio = 'Countess'", 204, undefined],
    ])('%s: the current password is verified again', async (_, set, status, code) => {
      const answer = await whileLocked(
        (tx) => tx.query(`UPDATE users SET ${set()} WHERE id = $1`, [ada.id]),
        () => [change()],
      );
      expect(answer.map(({ status }) => status)).toEqual([status]);
      expect(answer[0]?.body.code).toBe(code);
    });

    it('the end of its own session: nothing is changed', async () => {
      const [answer] = await whileLocked(
        (tx) => tx.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [ada.id]),
        () => [change()],
        () => ada.api.post('/auth/logout'),
      );
      expect([answer?.status, answer?.body.code]).toEqual([401, 'token_revoked']);
      await expectUnchanged();
    });

    /** Sends while the account is locked, and lets it go once the requests wait for it. */
    async function whileLocked(
      lock: (tx: PoolClient) => Promise<unknown>,
      send: () => Promise<Answer>[],
      meanwhile: () => Promise<unknown> = () => Promise.resolve(),
    ): Promise<Answer[]> {
      const tx = await app.pool.connect();
      try {
        await tx.query('BEGIN');
        await lock(tx);
        const answers = Promise.all(send());
        await eventually(() => someoneWaits(app.pool));
        await meanwhile();
        await tx.query('COMMIT');
        return await answers;
      } finally {
        tx.release();
      }
    }
  });
});
