/** Who an address belongs to: stories of an owner and an intruder, in the order in which either may come first. */
import { Erasure } from '../../src/account/erasure.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { linkIn, type Mail, mailedToken, mailsTo } from '../support/mailbox.js';
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
import { expectDead, expectRefused } from '../support/sessions.js';

const OWNERS = 'engine no. 2';
const INTRUDERS = 'analytical no. 3';
const LINK = 'Confirm your new e-mail address';
const NOTICE = 'Your e-mail address is about to change';
const RESET = 'Choose a new password';

let app: TestApp;
let addresses = 0;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(() => app.stop());

const unused = (whose = 'unused'): string => `${whose}_${(addresses += 1)}@example.org`;

const tryLogin = (email: string, password: string): Promise<Answer> => app.api.post('/auth/login', { email, password });
const register = (email: string, password = PASSWORD): Promise<Answer> =>
  app.api.post('/auth/register', { email, password });
const confirm = (token: string): Promise<Answer> => app.api.post('/auth/email/confirm', { token });
const undo = (token: string, password: string): Promise<Answer> =>
  app.api.post('/auth/email/undo', { token, new_password: password });

const letMailsAge = (): Promise<unknown> =>
  app.pool.query("UPDATE mails SET created_at = created_at - interval '2 hours'");

const ask = (email: string, who: Tokens, password = PASSWORD): Promise<Answer> =>
  app.api.as(who.access_token).post('/users/me/email', { email, current_password: password });

/** A change of address that is asked for and confirmed. */
async function move(email: string, who: Tokens, password = PASSWORD): Promise<void> {
  await letMailsAge();
  expect((await ask(email, who, password)).status).toBe(202);
  expect((await confirm(await mailedToken(app, email, LINK))).status).toBe(204);
}

/** Completes a reset by the mail of an address. */
async function recover(email: string, password = OWNERS): Promise<Answer> {
  await letMailsAge();
  expect((await app.api.post('/auth/password/forgot', { email })).status).toBe(202);
  const token = await mailedToken(app, email, RESET);
  return app.api.post('/auth/password/reset', { token, new_password: password });
}

const linksTo = async (email: string): Promise<string[]> =>
  (await mailsTo(app, email)).filter(hasLink).map((mail) => linkIn(mail).pathname);
const hasLink = ({ text }: Mail): boolean => /https?:/.test(text);

const emailOf = async ({ id }: Person): Promise<unknown> =>
  (await app.pool.query<{ email: string }>('SELECT email FROM users WHERE id = $1', [id])).rows[0]?.email;

describe('an intruder who knows the password and moves an account to an address of theirs', () => {
  let owner: Person;
  let intruder: Tokens;
  let theirs: string;

  beforeEach(async () => {
    owner = await confirmedPerson(app, 'owner');
    intruder = await login(app, owner.email);
    theirs = unused('theirs');
    await move(theirs, intruder);
  });

  it('has no way back when the owner moves the account back [T27]', async () => {
    await move(owner.email, owner);
    expect(await linksTo(theirs)).toEqual(['/confirm']);
    expect(await mailsTo(app, theirs, NOTICE)).toHaveLength(1);
    expect((await register(theirs)).status).toBe(201);
  });

  it('has no way back when the owner moves it to a third address, and resets the password by that', async () => {
    const third = unused('owners');
    await move(third, owner);
    expect((await recover(third)).status).toBe(204);
    expect(await linksTo(theirs)).toEqual(['/confirm']);
    await expectDead(app, intruder);
    expect((await tryLogin(third, OWNERS)).status).toBe(200);
  });

  it('keeps the way back from its owner neither by a second change nor by a reset', async () => {
    const back = await mailedToken(app, owner.email, NOTICE);
    await move(unused('theirs'), intruder);
    expect((await recover(String(await emailOf(owner)), INTRUDERS)).status).toBe(204);
    expect((await undo(back, OWNERS)).status).toBe(204);
    expect(await emailOf(owner)).toBe(owner.email);
    expect((await tryLogin(owner.email, OWNERS)).status).toBe(200);
  });

  it('has no way back after the owner has undone the change', async () => {
    const again = unused('theirs');
    await move(again, intruder);
    expect((await undo(await mailedToken(app, owner.email, NOTICE), OWNERS)).status).toBe(204);
    for (const address of [theirs, again]) expect(await linksTo(address)).toEqual(['/confirm']);
    expect((await app.pool.query('SELECT FROM former_addresses WHERE user_id = $1', [owner.id])).rowCount).toBe(0);
  });

  it('does not keep the owner from undoing it by moving to the address itself', async () => {
    await move(owner.email, intruder);
    await move(unused('theirs'), intruder);
    expect((await undo(await mailedToken(app, owner.email, NOTICE), OWNERS)).status).toBe(204);
    expect(await emailOf(owner)).toBe(owner.email);
  });
});

describe('an owner who changes their own address, before anybody else', () => {
  it('still has a way back when an intruder moves the account on', async () => {
    const owner = await confirmedPerson(app, 'owner');
    await move(unused('owners'), owner);
    const back = await mailedToken(app, owner.email, NOTICE);
    await move(unused('theirs'), await login(app, String(await emailOf(owner))));
    expect((await undo(back, OWNERS)).status).toBe(204);
    expect((await tryLogin(owner.email, OWNERS)).status).toBe(200);
  });

  it('has the way back of the new address once that of the old one is over', async () => {
    const owner = await confirmedPerson(app, 'owner');
    const second = unused('owners');
    await move(second, owner);
    await app.pool.query("UPDATE former_addresses SET expires_at = now() - interval '1 s' WHERE user_id = $1", [
      owner.id,
    ]);
    await move(unused('theirs'), owner);
    expect((await undo(await mailedToken(app, second, NOTICE), OWNERS)).status).toBe(204);
    expect(await emailOf(owner)).toBe(second);
  });
});

describe('an address that was never confirmed', () => {
  it('gets no mail about a change, and is free for everybody when the account has moved on', async () => {
    const stranger = await person(app, 'stranger');
    await move(unused('theirs'), stranger);
    expect(await mailsTo(app, stranger.email, NOTICE)).toEqual([]);
    expect((await register(stranger.email, OWNERS)).status).toBe(201);
    expect((await recover(stranger.email)).status).toBe(204);
    expect((await tryLogin(stranger.email, OWNERS)).status).toBe(200);
  });

  it('is an invited person’s without a question, who made no account but is in one by the reset', async () => {
    const { api } = await staff(app, 'admin');
    const email = unused('invited');
    expect((await api.post('/admin/users', { email, role: 'moderator' })).status).toBe(201);
    await app.api.post('/auth/password/forgot', { email });
    const [mail] = await mailsTo(app, email, RESET);
    expect(mail?.text).not.toMatch(/another person|unconfirmed/);
  });

  it('is free for an invitation, and for another account that moves to it', async () => {
    const { api } = await staff(app, 'admin');
    const [first, second] = [await person(app, 'stranger'), await person(app, 'stranger')];
    for (const stranger of [first, second]) await move(unused('theirs'), stranger);
    expect((await api.post('/admin/users', { email: first.email })).status).toBe(201);
    const owner = await confirmedPerson(app, 'owner');
    await move(second.email, owner);
    expect(await emailOf(owner)).toBe(second.email);
  });

  it('gets ten confirmations a day, however often strangers register it and move on', async () => {
    const email = unused('mine');
    for (let round = 0; round < 12; round += 1) {
      expect((await register(email)).status).toBe(201);
      await move(unused('theirs'), await login(app, email));
      await app.pool.query("UPDATE mails SET created_at = created_at + interval '2 hours'");
    }
    expect(await mailsTo(app, email, 'Confirm your e-mail address')).toHaveLength(10);
    expect((await register(email)).status).toBe(201);
  });

  it('stays its new owner’s when the account that had it wants it back', async () => {
    const stranger = await person(app, 'stranger');
    await move(unused('theirs'), stranger);
    expect((await register(stranger.email, OWNERS)).status).toBe(201);
    expectRefused(await ask(stranger.email, stranger), 'email_taken', 409);
  });

  it('is not moved on by a change that was asked for before it was confirmed', async () => {
    const stranger = await person(app, 'stranger');
    const theirs = unused('theirs');
    expect((await ask(theirs, stranger)).status).toBe(202);
    await confirmAddress(app, stranger.email);
    expectRefused(await confirm(await mailedToken(app, theirs, LINK)), 'invalid_account_token', 400);
    await move(unused('theirs'), stranger);
    expect((await undo(await mailedToken(app, stranger.email, NOTICE), OWNERS)).status).toBe(204);
    expect(await emailOf(stranger)).toBe(stranger.email);
  });
});

/** The classes of "Pre-hijacked accounts" (Sudhodanan and Paverd, 2022), as far as there is something like them here. */
describe('an account that a stranger made with my address before me', () => {
  let stranger: Person;

  beforeEach(async () => {
    stranger = await person(app, 'stranger');
  });

  it('lets no session of theirs live after my reset (unexpired session)', async () => {
    const sessions = [stranger, await login(app, stranger.email), await login(app, stranger.email)];
    expect((await recover(stranger.email)).status).toBe(204);
    for (const session of sessions) await expectDead(app, session);
  });

  it('is not opened by another name of theirs after my reset (trojan identifier)', async () => {
    expect((await recover(stranger.email)).status).toBe(204);
    const { status } = await app.api.post('/auth/login', { username: stranger.username, password: PASSWORD });
    expect(status).toBe(401);
  });

  it('does not go to their address by a change that they asked for before my reset (unexpired e-mail change)', async () => {
    const theirs = unused('theirs');
    expect((await ask(theirs, stranger)).status).toBe(202);
    const link = await mailedToken(app, theirs, LINK);
    expect((await recover(stranger.email)).status).toBe(204);
    expectRefused(await confirm(link), 'invalid_account_token', 400);
    expect(await linksTo(stranger.email)).not.toContain('/undo');
  });

  it('is not confirmed by a link or code that they asked for before my reset', async () => {
    const token = await mailedToken(app, stranger.email, 'Confirm your e-mail address');
    const [mail] = await mailsTo(app, stranger.email, 'Confirm your e-mail address');
    expect((await recover(stranger.email)).status).toBe(204);
    expectRefused(await confirm(token), 'invalid_account_token', 400);
    const code = /\b\d{6}\b/.exec(mail?.text ?? '')?.[0];
    const answer = await app.api.post('/auth/email/confirm', { email: stranger.email, code });
    expectRefused(answer, 'invalid_confirmation_code', 400);
  });

  it('is not merged with an invitation of mine (classic federated merge)', async () => {
    const { api } = await staff(app, 'admin');
    expectRefused(await api.post('/admin/users', { email: stranger.email, role: 'moderator' }), 'email_taken', 409);
    const { body } = await api.get(`/admin/users/${stranger.id}`);
    expect(body).toMatchObject({ role: 'user', email_confirmed: false });
  });

  describe('and filled', () => {
    const takeOver = async (startAfresh?: boolean): Promise<Answer> => {
      await letMailsAge();
      await app.api.post('/auth/password/forgot', { email: stranger.email });
      const token = await mailedToken(app, stranger.email, RESET);
      return app.api.post('/auth/password/reset', {
        token,
        new_password: OWNERS,
        ...(startAfresh !== undefined && { start_afresh: startAfresh }),
      });
    };

    beforeEach(async () => {
      await stranger.api.patch('/users/me', { display_name: 'Stranger', bio: 'not me' });
    });

    it('asks me in the mail and by its link who made it, and nobody whose address is confirmed', async () => {
      await letMailsAge();
      await app.api.post('/auth/password/forgot', { email: stranger.email });
      const [mail] = await mailsTo(app, stranger.email, RESET);
      expect(mail?.text).toContain('another person may have made the account');
      expect(mail?.text).toContain('&unconfirmed=true');
      const owner = await confirmedPerson(app, 'owner');
      await app.api.post('/auth/password/forgot', { email: owner.email });
      expect((await mailsTo(app, owner.email, RESET))[0]?.text).not.toMatch(/another person|unconfirmed/);
    });

    it('is gone when I start afresh: my account is another, empty and confirmed', async () => {
      expect((await takeOver(true)).status).toBe(204);
      await expectDead(app, stranger);
      const api = app.api.as((await login(app, stranger.email, OWNERS)).access_token);
      const { body } = await api.get('/users/me');
      expect(body).toMatchObject({ email: stranger.email, email_confirmed: true, display_name: null, bio: null });
      expect(body.id).not.toBe(stranger.id);
      expect(body.username).not.toBe(stranger.username);
      await app.nestApp.get(Erasure).run();
      expect((await app.pool.query('SELECT FROM users WHERE id = $1', [stranger.id])).rowCount).toBe(0);
    });

    it('takes its tasks with it when I start afresh', async () => {
      await stranger.api.post('/tasks', { title: 'theirs' });
      expect((await takeOver(true)).status).toBe(204);
      const api = app.api.as((await login(app, stranger.email, OWNERS)).access_token);
      expect((await api.get('/tasks')).body).toEqual([]);
    });

    it('takes its posts and follows with it when I start afresh, and counts stay exact', async () => {
      const friend = await person(app, 'friend');
      await stranger.api.post('/posts', { text: 'theirs' });
      await stranger.api.put(`/users/${friend.username}/follow`);
      expect((await takeOver(true)).status).toBe(204);
      const api = app.api.as((await login(app, stranger.email, OWNERS)).access_token);
      expect((await api.get(`/users/${stranger.username}`)).status).toBe(404);
      const { username } = (await api.get('/users/me')).body;
      expect((await api.get(`/users/${username as string}`)).body).toMatchObject({
        posts_count: 0,
        following_count: 0,
      });
      await app.nestApp.get(Erasure).run();
      expect((await api.get(`/users/${friend.username}`)).body).toMatchObject({ followers_count: 0 });
      expect((await app.pool.query('SELECT FROM posts WHERE author_id = $1', [stranger.id])).rowCount).toBe(0);
    });

    it('is mine as before when I made it myself', async () => {
      for (const choice of [undefined, false]) {
        expect((await takeOver(choice)).status).toBe(204);
        const api = app.api.as((await login(app, stranger.email, OWNERS)).access_token);
        expect((await api.get('/users/me')).body).toMatchObject({ id: stranger.id, display_name: 'Stranger' });
      }
    });

    it('does not give a ban or a role of theirs to my new account', async () => {
      await app.pool.query("UPDATE users SET status = 'disabled', role = 'moderator' WHERE id = $1", [stranger.id]);
      expect((await takeOver(true)).status).toBe(204);
      const api = app.api.as((await login(app, stranger.email, OWNERS)).access_token);
      expect((await api.get('/users/me')).body).toMatchObject({ role: 'user' });
    });

    it('does not go with the last admin, who would leave nobody to make another', async () => {
      await app.pool.query("UPDATE users SET role = 'user' WHERE role = 'admin'");
      await app.pool.query("UPDATE users SET role = 'admin' WHERE id = $1", [stranger.id]);
      expectRefused(await takeOver(true), 'last_admin', 409);
      expect((await tryLogin(stranger.email, PASSWORD)).status).toBe(200);
      await staff(app, 'admin');
      expect((await takeOver(true)).status).toBe(204);
    });

    it('is not erased by a link to an account whose address is confirmed', async () => {
      await confirmAddress(app, stranger.email);
      const answer = await takeOver(true);
      expectRefused(answer, 'validation_failed', 400);
      expect(answer.body.errors).toMatchObject([{ pointer: '#/start_afresh', code: 'confirmed' }]);
      expect((await tryLogin(stranger.email, PASSWORD)).status).toBe(200);
    });

    it('is taken over once, also by many at the same time', async () => {
      await letMailsAge();
      await app.api.post('/auth/password/forgot', { email: stranger.email });
      const token = await mailedToken(app, stranger.email, RESET);
      const body = { token, new_password: OWNERS, start_afresh: true };
      const answers = await Promise.all(Array.from({ length: 6 }, () => app.api.post('/auth/password/reset', body)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 400, 400, 400, 400, 400]);
      expect((await app.pool.query('SELECT FROM users WHERE email = $1', [stranger.email])).rowCount).toBe(1);
    });
  });
});
