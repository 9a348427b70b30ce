import { connect } from 'node:net';
import { availableParallelism } from 'node:os';

import bcrypt from 'bcrypt';

import { HashQueue } from '../../src/auth/hashing/hash-queue.js';
import { Passwords } from '../../src/auth/hashing/passwords.js';
import { UsersService } from '../../src/users/users.service.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { PASSWORD, person, type Person } from '../support/people.js';
import { eventually } from '../support/process.js';
import { expectDead } from '../support/sessions.js';

describe('passwords', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  const login = (password: string): Promise<Answer> => app.api.post('/auth/login', { email: ada.email, password });

  describe('in a flood [T47] [V15.2.2] [V15.4.4]', () => {
    let end: () => void;
    const queue = (): HashQueue => app.nestApp.get(HashQueue);

    beforeEach(() => {
      const over = new Promise<void>((resolve) => (end = resolve));
      while (!queue().isFull) void queue().run(() => over);
    });

    afterEach(() => over());

    async function over(): Promise<void> {
      end();
      await eventually(() => !queue().isFull);
    }

    it.each([
      ['a login', () => login(PASSWORD)],
      ['a registration', () => app.api.post('/auth/register', { email: 'new@example.org', password: PASSWORD })],
    ])('refuse %s with the seconds after which it may try again', async (_, send) => {
      const answer = await send();
      expect([answer.status, answer.body.code]).toEqual([503, 'overloaded']);
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
    });

    it('keep nothing waiting that needs no hash', async () => {
      expect((await ada.api.get('/users/me')).status).toBe(200);
      expect((await app.api.post('/auth/refresh', { refresh_token: ada.refresh_token })).status).toBe(200);
    });

    it('work again when it is over', async () => {
      expect((await login(PASSWORD)).status).toBe(503);
      await over();
      expect((await login(PASSWORD)).status).toBe(200);
    });
  });

  it('are not hashed for a client that hung up while it waited', async () => {
    const queue = app.nestApp.get(HashQueue);
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    for (let core = 0; core < availableParallelism(); core += 1) void queue.run(() => over);
    const [wait, compare] = [jest.spyOn(queue, 'run'), jest.spyOn(bcrypt, 'compare')];
    try {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
      const body = JSON.stringify({ email: ada.email, password: PASSWORD });
      const fields = ['Host: 127.0.0.1', 'Content-Type: application/json', `Content-Length: ${body.length}`];
      socket.write(['POST /api/v1/auth/login HTTP/1.1', ...fields, '', body].join('\r\n'));
      await eventually(() => wait.mock.calls.length === 1);
      socket.destroy();
      await eventually(() => wait.mock.calls[0]?.[1]?.() === true);
      end();
      expect((await login(PASSWORD)).status).toBe(200);
      expect(compare).toHaveBeenCalledTimes(1);
    } finally {
      end();
      wait.mockRestore();
      compare.mockRestore();
    }
  });

  describe('with a stored hash that is not of the configured cost [V11.2.2]', () => {
    const COST = 7;
    let strict: TestApp;

    beforeAll(async () => {
      strict = await TestApp.start({ sharing: app, env: { BCRYPT_COST: String(COST) } });
    });

    afterAll(() => strict.stop());

    /** Ends of what keeps the queue busy, also when a test fails before. */
    const blocks: (() => void)[] = [];
    afterEach(() => blocks.splice(0).forEach((end) => end()));

    const loginStrict = (body: object): Promise<Answer> => strict.api.post('/auth/login', body);

    async function store(hash: string): Promise<string> {
      await app.pool.query('UPDATE users SET hashed_password = $2 WHERE id = $1', [ada.id, hash]);
      return hash;
    }

    async function stored(): Promise<string> {
      const { rows } = await app.pool.query('SELECT hashed_password FROM users WHERE id = $1', [ada.id]);
      return rows[0].hashed_password as string;
    }

    /** A login does not wait for it. */
    async function storedAnew(before: string): Promise<string> {
      await eventually(async () => (await stored()) !== before);
      return stored();
    }

    async function storeOfCost(cost: number, version = '2b'): Promise<string> {
      return store((await bcrypt.hash(PASSWORD, cost)).replace('$2b$', `$${version}$`));
    }

    it.each([
      ['a lower cost', 4, '2b'],
      ['the version $2a$', COST, '2a'],
      ['the version $2y$', COST, '2y'],
      ['a lower cost and the version $2y$', 5, '2y'],
    ])('make it anew at login when it is of %s', async (_, cost, version) => {
      const before = await storeOfCost(cost, version);
      const answer = await loginStrict({ email: ada.email, password: PASSWORD });
      expect(answer.status).toBe(200);
      expect((await strict.api.as(answer.body.access_token).get('/auth/me')).status).toBe(200);
      const after = await storedAnew(before);
      expect(after).toMatch(/^\$2b\$07\$/);
      expect((await loginStrict({ username: ada.username, password: PASSWORD })).status).toBe(200);
      expect(await stored()).toBe(after);
    });

    it.each([
      ['of the configured cost', COST, '2b'],
      ['of a higher cost', 8, '2b'],
      ['of a higher cost and another version', 8, '2a'],
    ])('leave it as it is when it is %s', async (_, cost, version) => {
      const before = await storeOfCost(cost, version);
      expect((await loginStrict({ email: ada.email, password: PASSWORD })).status).toBe(200);
      expect(await stored()).toBe(before);
    });

    it('leave it as it is when the password is wrong, or the account disabled', async () => {
      const before = await storeOfCost(4);
      expect((await loginStrict({ email: ada.email, password: 'not the password' })).status).toBe(401);
      await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
      expect((await loginStrict({ email: ada.email, password: PASSWORD })).status).toBe(403);
      expect(await stored()).toBe(before);
    });

    it('let in all who log in at once, and make it anew once', async () => {
      await storeOfCost(4);
      const body = { email: ada.email, password: PASSWORD };
      const answers = await Promise.all(Array.from({ length: 12 }, () => loginStrict(body)));
      expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
      for (const { body: tokens } of answers) {
        expect((await strict.api.as(tokens.access_token).get('/auth/me')).status).toBe(200);
      }
      const upgrades = (): string[] =>
        strict.log.filter((line) => line.includes('password_hash_upgraded') && line.includes(ada.id));
      await eventually(() => upgrades().length > 0);
      expect((await loginStrict(body)).status).toBe(200);
      expect(upgrades()).toHaveLength(1);
    });

    it('let in, and keep the old hash, when the new one cannot be stored', async () => {
      const before = await storeOfCost(4);
      await app.pool.query(`
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE OF hashed_password ON users FOR EACH ROW EXECUTE FUNCTION refuse()`);
      try {
        const answer = await loginStrict({ email: ada.email, password: PASSWORD });
        expect(answer.status).toBe(200);
        expect((await strict.api.as(answer.body.access_token).get('/auth/me')).status).toBe(200);
        await eventually(() => strict.log.some((each) => each.includes('password_hash_kept') && each.includes(ada.id)));
      } finally {
        await app.pool.query('DROP TRIGGER refuse ON users; DROP FUNCTION refuse');
      }
      expect(await stored()).toBe(before);
      const [line = ''] = strict.log.filter((each) => each.includes('password_hash_kept') && each.includes(ada.id));
      expect(line).not.toMatch(/\$2b\$/);
    });

    it('never put it over a password that was changed meanwhile', async () => {
      await storeOfCost(4);
      const queue = strict.nestApp.get(HashQueue);
      const block = (): (() => void) => {
        let end = (): void => undefined;
        const over = new Promise<void>((resolve) => (end = resolve));
        for (let core = 0; core < availableParallelism(); core += 1) void queue.run(() => over);
        blocks.push(end);
        return end;
      };
      // The login verifies between the two, and then waits for its turn to hash anew.
      const [endFirst, run] = [block(), jest.spyOn(queue, 'run')];
      const answer = loginStrict({ email: ada.email, password: PASSWORD });
      await eventually(() => run.mock.calls.length === 1);
      run.mockRestore();
      const endSecond = block();
      const replace = jest.spyOn(strict.nestApp.get(UsersService), 'replaceHash');
      endFirst();
      expect((await answer).status).toBe(200);
      expect(replace).not.toHaveBeenCalled();
      const change = { current_password: PASSWORD, new_password: 'engine no. 2' };
      expect((await ada.api.put('/auth/password', change)).status).toBe(204);
      endSecond();
      await eventually(() => replace.mock.results.length > 0);
      expect(await replace.mock.results[0]?.value).toBe(false);
      replace.mockRestore();
      await expectDead(app, (await answer).body);
      expect((await login('engine no. 2')).status).toBe(200);
      expect((await login(PASSWORD)).status).toBe(401);
    });

    describe('refuse at the same cost', () => {
      /** The rounds of bcrypt that a request costs, counted while the library does its work. */
      async function roundsOf(request: () => Promise<Answer>, expected: number): Promise<number> {
        const [compare, hash] = [jest.spyOn(bcrypt, 'compare'), jest.spyOn(bcrypt, 'hash')];
        try {
          expect((await request()).status).toBe(expected);
          const compared = compare.mock.calls.map(([, stored]) => bcrypt.getRounds(stored));
          const hashed = hash.mock.calls.map(([, cost]) => Number(cost));
          return [...compared, ...hashed].reduce((sum, cost) => sum + 2 ** cost, 0);
        } finally {
          compare.mockRestore();
          hash.mockRestore();
        }
      }

      it.each([
        ['an account that does not exist', COST, () => ({ email: 'nobody@example.org', password: PASSWORD })],
        ['a wrong password', COST, () => ({ email: ada.email, password: 'not the password' })],
        ['a wrong password, with a hash of cost 6', 6, () => ({ email: ada.email, password: 'not the password' })],
        ['a wrong password, with a hash of cost 4', 4, () => ({ email: ada.email, password: 'not the password' })],
        ['an over-long password', 4, () => ({ email: ada.email, password: 'a'.repeat(73) })],
      ])('%s', async (_, cost, body) => {
        await storeOfCost(cost);
        expect(await roundsOf(() => loginStrict(body()), 401)).toBe(2 ** COST);
      });

      it('in as many jobs, whatever the stored hash costs [T19]', async () => {
        const jobs = async (body: object): Promise<number> => {
          // A hash makes a salt, too.
          const spies = [jest.spyOn(bcrypt, 'compare'), jest.spyOn(bcrypt, 'genSalt')];
          expect((await loginStrict(body)).status).toBe(401);
          const count = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
          spies.forEach((spy) => spy.mockRestore());
          return count;
        };
        const unknown = await jobs({ email: 'nobody@example.org', password: 'not the password' });
        for (const cost of [4, 5, 6, COST]) {
          await storeOfCost(cost);
          expect([cost, await jobs({ email: ada.email, password: 'not the password' })]).toEqual([cost, unknown]);
        }
      });

      it('a hash that is none', async () => {
        await store('imported without a password');
        expect(await roundsOf(() => loginStrict({ email: ada.email, password: PASSWORD }), 401)).toBe(2 ** COST);
      });
    });

    it('are made anew after the answer, and not waited for', async () => {
      await storeOfCost(4);
      const hash = jest.spyOn(strict.nestApp.get(Passwords), 'hash').mockReturnValue(new Promise(() => undefined));
      try {
        expect((await loginStrict({ email: ada.email, password: PASSWORD })).status).toBe(200);
        expect(hash).toHaveBeenCalledTimes(1);
      } finally {
        hash.mockRestore();
      }
    });

    it('match no password over 72 bytes, though bcrypt would [T14] [R24]', async () => {
      const longest = '🦉'.repeat(18);
      await store(await bcrypt.hash(longest, 4));
      expect((await loginStrict({ email: ada.email, password: `${longest}!` })).status).toBe(401);
      expect((await loginStrict({ email: ada.email, password: longest })).status).toBe(200);
    });
  });

  describe('with letters that keyboards compose differently', () => {
    const COMPOSED = 'Zürich café Łódź 한글'.normalize('NFC');
    const DECOMPOSED = COMPOSED.normalize('NFD');

    const hashOf = async (): Promise<string> =>
      (await app.pool.query('SELECT hashed_password FROM users WHERE id = $1', [ada.id])).rows[0].hashed_password;

    async function account(password: string): Promise<string> {
      const email = `composed-${ada.email}`;
      expect((await app.api.post('/auth/register', { email, password })).status).toBe(201);
      return email;
    }

    it.each([
      ['composed', COMPOSED, DECOMPOSED],
      ['decomposed', DECOMPOSED, COMPOSED],
    ])('open an account that was registered with them %s, in either form', async (_, registered, typed) => {
      const email = await account(registered);
      for (const password of [registered, typed])
        expect((await app.api.post('/auth/login', { email, password })).status).toBe(200);
      expect((await app.api.post('/auth/login', { email, password: typed.toLowerCase() })).status).toBe(401);
    });

    it.each([
      ['composed', COMPOSED],
      ['decomposed', DECOMPOSED],
    ])('open an account whose hash of before is of the %s form, and make it anew', async (_, hashed) => {
      for (const typed of [COMPOSED, DECOMPOSED]) {
        const before = await bcrypt.hash(hashed, 4);
        await app.pool.query('UPDATE users SET hashed_password = $2 WHERE id = $1', [ada.id, before]);
        expect((await login(typed)).status).toBe(200);
        if (hashed === COMPOSED) expect(await hashOf()).toBe(before);
        else await eventually(async () => bcrypt.compare(COMPOSED, await hashOf()));
      }
    });

    it('are the same at a change: to another form is no change, and either form proves the current one', async () => {
      const email = await account(DECOMPOSED);
      const { body } = await app.api.post('/auth/login', { email, password: COMPOSED });
      const change = (from: string, to: string): Promise<Answer> =>
        app.api.as(body.access_token as string).put('/auth/password', { current_password: from, new_password: to });
      expect((await change(COMPOSED, DECOMPOSED)).body.errors).toMatchObject([{ code: 'same_password' }]);
      expect((await change(COMPOSED, 'engine no. 2')).status).toBe(204);
    });

    it('cost the same to refuse, whether or not there is such an account', async () => {
      const compared = async (email: string): Promise<number> => {
        const compare = jest.spyOn(bcrypt, 'compare');
        expect((await app.api.post('/auth/login', { email, password: DECOMPOSED })).status).toBe(401);
        const { length } = compare.mock.calls;
        compare.mockRestore();
        return length;
      };
      expect([await compared(ada.email), await compared('nobody@example.org')]).toEqual([2, 2]);
    });

    it.each([
      ['bytes when composed', '\u0958'.repeat(24)],
      ['bytes when decomposed', 'é'.repeat(30).normalize('NFD')],
    ])('have at most 72 %s', async (_, password) => {
      const answer = await app.api.post('/auth/register', { email: `long-${ada.email}`, password: `aBcD${password}` });
      expect(answer.body.errors).toMatchObject([{ pointer: '#/password', code: 'too_long' }]);
    });

    it('open an account in a form that has more than 72 bytes, when the other has not', async () => {
      const composed = `${'é'.repeat(20)}çàùêîôû engine`;
      expect(Buffer.byteLength(composed.normalize('NFD'))).toBeGreaterThan(72);
      const email = await account(composed);
      expect((await app.api.post('/auth/login', { email, password: composed.normalize('NFD') })).status).toBe(200);
    });
  });

  it.each(['', '2a', '2y'])(
    'that are empty never log in, also where the stored hash is of nothing (%s)',
    async (version) => {
      const hash = (await bcrypt.hash('', 4)).replace('2b', version || '2b');
      await app.pool.query('UPDATE users SET hashed_password = $2 WHERE id = $1', [ada.id, hash]);
      expect((await login('')).status).toBe(401);
      const wrong = await ada.api.put('/auth/password', { current_password: '', new_password: 'engine no. 2' });
      expect([wrong.status, wrong.body.code]).toEqual([403, 'wrong_password']);
    },
  );

  describe('that are guessed first [V6.2.4] [T17]', () => {
    const register = (account: object): Promise<Answer> => app.api.post('/auth/register', account);

    it.each([
      ['password123', 'too_common'],
      ['ILOVEYOU', 'too_common'],
      ['abcdefgh', 'too_guessable'],
      ['aaaaaaaaaaaa', 'too_guessable'],
      ['grace.hopper 1906', 'contains_email'],
      ['I am Amazing_Grace', 'contains_username'],
    ])('are refused at registration and at a change: %s', async (password, code) => {
      const account = { email: 'grace.hopper@example.org', username: 'Amazing_Grace' };
      const answer = await register({ ...account, password });
      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.errors).toEqual([
        { pointer: '#/password', code, detail: expect.stringMatching(/^(?:is|must) /) },
      ]);
      expect(answer.text).not.toContain(password);

      await register({ ...account, password: PASSWORD });
      const { body: tokens } = await app.api.post('/auth/login', { email: account.email, password: PASSWORD });
      const change = { current_password: PASSWORD, new_password: password };
      const refused = await app.api.as(tokens.access_token).put('/auth/password', change);
      expect(refused.status).toBe(400);
      expect(refused.body.errors).toMatchObject([{ pointer: '#/new_password', code }]);
    });

    it.each(['SecurePass123!', 'TestPass123!', 'correct horse battery staple', 'MyP@ssw0rd2024'])(
      'are not those that merely hold a common word: %s',
      async (password) => {
        const email = `${password.length}-${password.codePointAt(0)}@example.org`;
        expect((await register({ email, password })).status).toBe(201);
      },
    );
  });
});
