/** What is left of people whose deletion has become final: nothing, and never half of it under a session. */
import { Erasure } from '../../src/account/erasure.js';
import { FIRST_RUN } from '../../src/common/schedule.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { someoneWaits } from '../support/database.js';
import { mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmAddress, login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead, expectLive, expectRefused } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

let here: TestApp;
let there: TestApp;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  here = await TestApp.start({ env: { LOGIN_GUARD: 'on' } });
  there = await TestApp.start({ env: { ACCOUNT_DELETE_DELAY: '0s' }, sharing: here });
});

afterAll(async () => {
  await there.stop();
  await here.stop();
});

beforeEach(async () => {
  for (const app of [here, there]) app.clock.offsetMs = 0;
  [ada, bob] = [await person(here, 'ada'), await person(here, 'bob')];
});

const leave = (app: TestApp, { access_token }: { access_token: string }): Promise<Answer> =>
  app.api.as(access_token).delete('/users/me', { current_password: PASSWORD });
const erase = (app = here, batch?: number): Promise<number> => app.nestApp.get(Erasure).run(batch);
const tryLogin = (app: TestApp, { email }: Person): Promise<Answer> =>
  app.api.post('/auth/login', { email, password: PASSWORD });

/** Rows that are erased in batches. */
async function addKeys({ id }: Person, count: number): Promise<void> {
  await here.pool.query(
    `INSERT INTO idempotency_keys (id, user_id, answer, expires_at)
     SELECT decode(md5($1 || n::text), 'hex'), $1::uuid, '', 'infinity' FROM generate_series(1, $2) n`,
    [id, count],
  );
}

async function countOf(table: string, where: string, value?: unknown): Promise<number> {
  const values = value === undefined ? [] : [value];
  return (await here.pool.query(`SELECT 1 FROM ${table} WHERE ${where}`, values)).rowCount ?? 0;
}

const keysOf = ({ id }: Person): Promise<number> => countOf('idempotency_keys', 'user_id = $1', id);
const isThere = async ({ id }: Person): Promise<boolean> => (await countOf('users', 'id = $1', id)) === 1;

/** Asks for another address of the account, which changes nothing before that is confirmed. */
async function wantAddress({ api }: Person, email: string): Promise<void> {
  expect((await api.post('/users/me/email', { email, current_password: PASSWORD })).status).toBe(202);
}

/** Deleted by its owner, and final. */
async function gone(whose: Person): Promise<void> {
  expect((await leave(there, whose)).status).toBe(202);
}

async function tables(): Promise<string[]> {
  const { rows } = await here.pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
        AND NOT relispartition AND relname <> 'migrations'`,
  );
  return rows.map(({ name }) => name);
}

describe('an account whose deletion is final', () => {
  it('is erased with everything of its person, and nothing of anybody else [V14.2.7]', async () => {
    await here.pool.query('TRUNCATE login_failures, known_addresses');
    const [former, email, wanted] = [ada.email, 'ada.now@example.org', 'ada.perhaps@example.org'];
    await wantAddress(ada, email);
    const token = await mailedToken(here, email, 'Confirm your new e-mail address');
    expect((await here.api.post('/auth/email/confirm', { token })).status).toBe(204);
    ada = { ...ada, email };
    await wantAddress(ada, wanted);
    await wantAddress(bob, 'bob.perhaps@example.org');
    for (const { email, username } of [ada, bob])
      for (const account of [{ email }, { username }])
        await here.api.post('/auth/login', { ...account, password: 'wrong horse battery' });
    for (const whose of [ada, bob]) {
      await whose.api.patch('/users/me', { bio: `of ${whose.username}` });
      await login(here, whose.email);
      await here.api.post('/auth/password/forgot', { email: whose.email });
    }
    const counted = await countOf('login_failures', 'true');
    expect(await countOf('known_addresses', 'true')).toBe(2);
    await leave(here, ada);
    here.clock.advance('8d');
    expect(await erase()).toBe(1);

    const names = [ada.id, former, ada.email, wanted, ada.username];
    for (const table of await tables()) {
      // Kept for as long as of everybody.
      if (table === 'audit_events') continue;
      for (const name of names)
        expect([table, await countOf(table, `strpos(${table}::text, $1) > 0`, name)]).toEqual([table, 0]);
    }
    expect(await countOf('known_addresses', 'true')).toBe(1);
    // By address and by username. The counts of single places name nobody, and are forgotten in a day.
    expect(await countOf('login_failures', 'true')).toBe(counted - 2);
    expect(await countOf('users', 'bio = $1', `of ${bob.username}`)).toBe(1);
    expect((await mailsTo(here, bob.email)).length).toBeGreaterThan(0);
    expect((await mailsTo(here, 'bob.perhaps@example.org')).length).toBe(1);
    await expectLive(there, bob);
  });

  it('leaves no mail to its address that another account has asked for', async () => {
    const wanted = 'eve.soon@example.org';
    await wantAddress(bob, wanted);
    const registered = await here.api.post('/auth/register', { email: wanted, password: PASSWORD });
    expect(registered.status).toBe(201);
    const eve = { ...ada, email: wanted, ...(await login(here, wanted)) };
    await gone(eve);
    expect(await erase()).toBe(1);
    expect(await countOf('mails', 'recipient = $1', wanted)).toBe(0);
    expect((await mailsTo(here, bob.email)).length).toBeGreaterThan(0);
  });

  it('leaves what mails to its address are counted by, for a day: new accounts mail it no more than one would', async () => {
    const email = 'somebody.else@example.org';
    const mailed: number[] = [];
    const comeAndGo = async (): Promise<void> => {
      expect((await there.api.post('/auth/register', { email, password: PASSWORD })).status).toBe(201);
      await gone({ ...ada, ...(await login(there, email)) });
      mailed.push((await mailsTo(there, email)).length);
      expect(await erase(there)).toBe(1);
      expect(await mailsTo(there, email)).toEqual([]);
    };
    for (let time = 0; time < 12; time += 1) await comeAndGo();
    // A confirmation, and word of the deletion.
    expect(mailed).toEqual([...Array<number>(10).fill(2), 0, 0]);
    there.clock.advance('1d');
    await comeAndGo();
    expect(mailed.at(-1)).toBe(2);
  });

  it('is erased with its posts, follows, mutes and blocks in batches, and the counts of others stay exact', async () => {
    const around = await Promise.all(Array.from({ length: 7 }, () => person(here, 'friend')));
    for (const [index, friend] of around.entries()) {
      await friend.api.put(`/users/${ada.username}/follow`);
      await ada.api.put(`/users/${friend.username}/follow`);
      await friend.api.put(`/users/${bob.username}/follow`);
      const what = index % 2 === 0 ? 'mute' : 'block';
      await friend.api.put(`/users/${ada.username}/${what}`);
      await ada.api.put(`/users/${friend.username}/mute`);
      await ada.api.post('/posts', { text: `No. ${index}` });
      await bob.api.post('/posts', { text: `No. ${index}` });
    }
    await ada.api.put(`/users/${around[1]?.username}/block`);
    await gone(ada);
    expect(await erase(here, 2)).toBe(1);
    for (const table of ['posts', 'follows', 'mutes', 'blocks', 'user_stats', 'users'])
      expect([table, await countOf(table, `strpos(${table}::text, $1) > 0`, ada.id)]).toEqual([table, 0]);
    const { body } = await bob.api.get(`/users/${bob.username}`);
    expect(body).toMatchObject({ posts_count: 7, followers_count: 7 });
    const { rows } = await here.pool.query(
      `SELECT FROM user_stats WHERE followers_count <> (SELECT count(*) FROM follows WHERE followee_id = user_id)
          OR following_count <> (SELECT count(*) FROM follows WHERE follower_id = user_id)`,
    );
    expect(rows).toEqual([]);
  });

  it('meets whoever follows, mutes or blocks it at that moment: nobody gets a 500, and all of it goes', async () => {
    for (let round = 0; round < 15; round += 1) {
      const eve = await person(here, 'eve');
      const fans = await Promise.all(Array.from({ length: 4 }, () => person(here, 'fan')));
      await gone(eve);
      // Visible until the last moment: what counts is what happens while the row goes.
      await here.pool.query(`UPDATE users SET deletion = NULL, delete_after = NULL WHERE id = $1`, [eve.id]);
      const acts = fans.map(({ api }, index) =>
        api.put(`/users/${eve.username}/${(['follow', 'mute', 'block', 'follow'] as const)[index]}`),
      );
      await here.pool.query(`UPDATE users SET deletion = 'own', delete_after = now() WHERE id = $1`, [eve.id]);
      await erase(here);
      for (const { status } of await Promise.all(acts)) expect([204, 404]).toContain(status);
      while (await isThere(eve)) await erase(here);
    }
  });

  it('is in the audit as erased, without a word about the person, and in one line of the log', async () => {
    await gone(ada);
    await erase();
    const last = (await auditOf(here, ada.id)).at(-1);
    expect(last).toMatchObject({
      action: 'user.erased',
      actor_id: null,
      subject_id: ada.id,
      session_id: null,
      ip: null,
      user_agent: null,
      before: null,
      after: null,
    });
    const lines = here.log.filter((line) => line.includes('account_erased') && line.includes(ada.id));
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ event: 'account_erased', user: ada.id, idempotency_keys: 0, sessions: 1, mails: 2 }),
    ]);
    expect(lines.join()).not.toContain(ada.email);
  });

  it('leaves in the audit old usernames and the reasons of bans, and nothing else that names the person', async () => {
    const [admin, first] = [await staff(here, 'admin'), ada.username];
    await confirmAddress(here, ada.email);
    const username = `${first}_anew`;
    expect((await ada.api.patch('/users/me', { username })).status).toBe(200);
    await wantAddress(ada, 'ada.wanted@example.org');
    const reason = 'Sends the same to everybody.';
    expect((await admin.api.post(`/admin/users/${ada.id}/disable`, { reason })).status).toBe(204);
    expect((await admin.api.post(`/admin/users/${ada.id}/enable`)).status).toBe(204);
    await gone({ ...ada, ...(await login(here, ada.email)) });
    // Not before the way back to an address of before ends.
    expect(await erase()).toBe(0);
    here.clock.advance('8d');
    expect(await erase()).toBe(1);
    const events = await auditOf(here, ada.id);
    const told = (what: string): string[] =>
      events.filter((event) => JSON.stringify(event).includes(what)).map(({ action }) => action);
    expect(told(reason)).toEqual(['user.disabled', 'user.enabled']);
    expect(told(first)).toEqual(['user.renamed']);
    expect([told(ada.email), told('ada.wanted@example.org')]).toEqual([[], []]);
  });

  it('frees its address and its username for a new account, which is another one', async () => {
    await gone(ada);
    await erase();
    expectRefused(await tryLogin(here, ada), 'invalid_credentials');
    const { email, username } = ada;
    expect((await here.api.post('/auth/register', { email, username, password: PASSWORD })).status).toBe(201);
    const { body } = await here.api.as((await login(here, email)).access_token).get('/users/me');
    expect(body).toMatchObject({ email, username, bio: null });
    expect(body.id).not.toBe(ada.id);
    await expectDead(here, ada);
  });

  it('is kept until then', async () => {
    await leave(here, ada);
    for (const app of [here, there]) app.clock.advance('167h');
    expect(await erase()).toBe(0);
    await expectLive(here, await login(here, ada.email));
    for (const app of [here, there]) app.clock.advance('2h');
    expect([await erase(), await isThere(ada)]).toEqual([0, true]);
  });

  it('is erased as an admin wanted it, too', async () => {
    const admin = await staff(here, 'admin');
    expect((await there.api.as(admin.access_token).delete(`/admin/users/${ada.id}`)).status).toBe(202);
    expect([await erase(), await isThere(ada)]).toEqual([1, false]);
  });
});

describe('the work', () => {
  it('is done in batches, by two instances at once, and each account is erased once', async () => {
    const people = [ada, bob, await person(here, 'eve')];
    for (const each of people) {
      await addKeys(each, 50);
      await gone(each);
    }
    const done = await Promise.all([erase(here, 7), erase(there, 7)]);
    expect(done[0] + done[1]).toBe(people.length);
    for (const each of people) {
      expect([await isThere(each), await keysOf(each)]).toEqual([false, 0]);
      const erased = (await auditOf(here, each.id)).filter(({ action }) => action === 'user.erased');
      expect(erased).toHaveLength(1);
    }
  });

  it('goes on where it was broken off; until then nobody finds the account, and others are erased', async () => {
    const admin = await staff(here, 'admin');
    for (const each of [ada, bob]) await gone(each);
    await here.pool.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON mails FOR EACH ROW WHEN (OLD.user_id = '${ada.id}') EXECUTE FUNCTION refuse()`);
    try {
      expect(await erase(here, 7)).toBe(1);
      const sessions = await countOf('sessions', 'user_id = $1', ada.id);
      expect([await isThere(bob), await isThere(ada), sessions]).toEqual([false, true, 0]);
      expect(here.log.filter((line) => line.includes('erasure_failed')).join()).toContain(ada.id);

      for (const app of [here, there]) expectRefused(await tryLogin(app, ada), 'invalid_credentials');
      const { username } = ada;
      expectRefused(await there.api.post('/auth/login', { username, password: PASSWORD }), 'invalid_credentials');
      const before = (await mailsTo(here, ada.email)).length;
      for (const path of ['password/forgot', 'email/resend'])
        expect((await here.api.post(`/auth/${path}`, { email: ada.email })).status).toBe(202);
      expect(await mailsTo(here, ada.email)).toHaveLength(before);
      for (const answer of [
        await admin.api.get(`/admin/users/${ada.id}`),
        await admin.api.post(`/admin/users/${ada.id}/enable`),
        await admin.api.delete(`/admin/users/${ada.id}`),
        await admin.api.patch(`/admin/users/${ada.id}`, { role: 'admin' }),
      ])
        expectRefused(answer, 'user_not_found', 404);
      expect((await admin.api.get(`/admin/users?q=${username}`)).body).toEqual([]);
    } finally {
      await here.pool.query('DROP FUNCTION refuse CASCADE');
    }
    expect([await erase(there), await isThere(ada)]).toEqual([1, false]);
    expect(await countOf('mails', 'user_id = $1', ada.id)).toBe(0);
  });

  it('does not wait for a row that somebody holds', async () => {
    for (const each of [ada, bob]) await gone(each);
    const holder = await here.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
      expect([await erase(), await isThere(ada), await isThere(bob)]).toEqual([1, true, false]);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect([await erase(), await isThere(ada)]).toEqual([1, false]);
  });

  it('is waited for by an instance that stops', async () => {
    for (const each of [ada, bob]) await gone(each);
    const holder = await here.pool.connect();
    await holder.query('BEGIN; LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE');
    const later = { ...FIRST_RUN };
    Object.assign(FIRST_RUN, { least: 0, most: 0 });
    const slow = await TestApp.start({ sharing: here });
    Object.assign(FIRST_RUN, later);
    try {
      await eventually(() => someoneWaits(here.pool));
    } finally {
      const stopping = slow.stop();
      await holder.query('ROLLBACK');
      holder.release();
      await stopping;
    }
    expect(slow.log.join()).not.toContain('erasure_failed');
    expect([await erase(), await isThere(ada), await isThere(bob)]).toEqual([2, false, false]);
  });
});

describe('a login at the moment of erasure', () => {
  /** The later it begins, the further the login has come. */
  const eraseAfter = async (queries: number): Promise<number> => {
    for (let query = 0; query < queries; query += 1) await here.pool.query('SELECT 1');
    return erase(here, 1);
  };

  it('wins, and the account is whole, or finds nobody, and all is gone', async () => {
    const outcomes = new Set<number>();
    let queries = 0;
    for (let round = 0; round < soaked(40, 10) || outcomes.size < 2; round += 1) {
      const eve = await person(here, 'eve');
      await addKeys(eve, 3);
      await gone(eve);
      const [entered, erased] = await Promise.all([tryLogin(there, eve), eraseAfter(queries)]);
      outcomes.add(entered.status);
      expect([200, 401]).toContain(entered.status);
      const whole = entered.status === 200;
      // As close as they come, on any machine.
      queries = Math.max(0, queries + (whole ? -1 : 1));
      // A login that finds nobody may hold the row for a moment: the account is passed over, and erased by the next run.
      const later = await erase(here, 1);
      expect([erased + later, await isThere(eve), await keysOf(eve)]).toEqual(whole ? [0, true, 3] : [1, false, 0]);
      if (whole) await expectLive(here, entered.body);
    }
  });
});
