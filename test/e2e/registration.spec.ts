import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { PASSWORD } from '../support/people.js';

describe('POST /auth/register', () => {
  let app: TestApp;
  let addresses = 0;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  const freshEmail = (): string => `member-${(addresses += 1)}@example.org`;
  const register = (body: unknown): Promise<Answer> => app.api.post('/auth/register', body);
  const login = (body: unknown): Promise<Answer> => app.api.post('/auth/login', body);

  async function registered(password = PASSWORD): Promise<string> {
    const email = freshEmail();
    expect((await register({ email, password })).status).toBe(201);
    return email;
  }

  async function accountOf(email: string, password = PASSWORD): Promise<Record<string, any>> {
    const { body } = await login({ email, password });
    return (await app.api.as(body.access_token).get('/auth/me')).body;
  }

  async function countAccounts(): Promise<number> {
    const { rows } = await app.pool.query<{ count: number }>('SELECT count(*)::int FROM users');
    return rows[0]?.count ?? NaN;
  }

  function expectInvalid(answer: Answer, pointer: string, code?: string): void {
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('validation_failed');
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, ...(code && { code }) }));
  }

  it('creates an account that its owner can log in to', async () => {
    const email = freshEmail();
    const answer = await register({ email, password: PASSWORD, username: 'Ada_Lovelace' });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ message: 'User created successfully' });
    expect(await accountOf(email)).toMatchObject({ email, username: 'Ada_Lovelace', role: 'user' });
  });

  it('keeps the password as a bcrypt hash of the configured cost [V11.4.2]', async () => {
    const email = await registered();
    const { rows } = await app.pool.query('SELECT hashed_password FROM users WHERE email = $1', [email]);
    expect(rows[0].hashed_password).toMatch(/^\$2b\$04\$/);
  });

  it.each([
    ['no body', undefined, '#/email'],
    ['an empty object', {}, '#/password'],
    ['an e-mail address that is null', { email: null, password: PASSWORD }, '#/email'],
    ['an e-mail address that is a list', { email: ['a@example.org'], password: PASSWORD }, '#/email'],
    ['an e-mail address that is an object', { email: { $ne: '' }, password: PASSWORD }, '#/email'],
    ['a password that is a number', { email: 'a@example.org', password: 1234567890 }, '#/password'],
    ['a password that is null', { email: 'a@example.org', password: null }, '#/password'],
    ['a username that is null', { email: 'a@example.org', password: PASSWORD, username: null }, '#/username'],
    ['a username that is a number', { email: 'a@example.org', password: PASSWORD, username: 12345 }, '#/username'],
    ['a list', [], '#'],
    ['a text', '"text"', '#'],
  ])('refuses %s and names the field', async (_, body, pointer) => {
    expectInvalid(await register(body), pointer);
  });

  it('names every bad field at once', async () => {
    const answer = await register({ email: 'nobody', password: 'short', username: 'a b', nickname: 'x' });
    expect(answer.status).toBe(400);
    const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer) as string[];
    expect(pointers.sort()).toEqual(['#/email', '#/nickname', '#/password', '#/username']);
  });

  it.each(['id', 'role', 'roles', 'is_admin', 'status', 'email_confirmed', 'hashed_password', 'token_epoch'])(
    'refuses to take %s from outside',
    async (field) => {
      const before = await countAccounts();
      const answer = await register({ email: freshEmail(), password: PASSWORD, [field]: 'admin' });
      expectInvalid(answer, `#/${field}`, 'unknown_field');
      expect(await countAccounts()).toBe(before);
    },
  );

  it.each(['constructor', 'toString', 'hasOwnProperty', 'then'])('refuses a field named %s', async (field) => {
    const answer = await register(`{"email": "${freshEmail()}", "password": "${PASSWORD}", "${field}": "x"}`);
    expectInvalid(answer, `#/${field}`, 'unknown_field');
  });

  it.each([
    ['__proto__', '"__proto__": {"role": "admin"}'],
    ['constructor', '"constructor": {"prototype": {"role": "admin"}}'],
  ])('refuses to read %s from outside', async (name, field) => {
    const answer = await register(`{"email": "${freshEmail()}", "password": "${PASSWORD}", ${field}}`);
    expectInvalid(answer, `#/${name}`, 'unknown_field');
    expect(({} as Record<string, unknown>).role).toBeUndefined();
  });

  describe('e-mail addresses', () => {
    it.each([
      'example.org',
      'a.b.example.org',
      '@example.org',
      'ada@',
      'ada',
      '',
      'ada @example.org',
      ' ada@example.org',
      'ada@example.org ',
      'ada@example.org\n',
      'ada@exam\tple.org',
      'ada@example',
      'ada@example.org.',
      'ada@example..org',
      'ada.@example.org',
      '.ada@example.org',
      'ada@example.org/x',
      'ada@example.org?x',
      'ada@example.org#x',
      'ada@example.org\\x',
      'ada@ex%61mple.org',
      'ada@example.org:25',
      'ada@exam\u00adple.org',
      'ada@127.0.0.1',
      'ada@0x7f.1',
      'ada@[127.0.0.1]',
      'ada@[::1]',
      '"ada"@example.org',
      '"ada lovelace"@example.org',
      'Ada <ada@example.org>',
      'ada@example.org,eve@example.org',
      'ada@example.org@eve.example',
      'аda@example.org', // Cyrillic а
      'ａda@example.org', // full-width a
      'İda@example.org',
      'adaſ@example.org', // long s
      'mar\u212a@example.org', // Kelvin sign
      'ad\u00e4@example.org',
      'ada\u200b@example.org',
      `${'a'.repeat(65)}@example.org`,
      `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.examples`, // 256
    ])('refuses %j', async (email) => {
      expectInvalid(await register({ email, password: PASSWORD }), '#/email', 'wrong_format');
    });

    it('refuses text that no database can hold', async () => {
      expectInvalid(await register({ email: 'a\0@example.org', password: PASSWORD }), '#/email', 'invalid_text');
      const lone = String.raw`{"email": "a\ud800@example.org", "password": "${PASSWORD}"}`;
      expectInvalid(await register(lone), '#/email', 'invalid_text');
    });

    it('takes one of 255 characters', async () => {
      const email = `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`;
      expect(email).toHaveLength(255);
      expect((await register({ email, password: PASSWORD })).status).toBe(201);
    });

    it.each([
      ["o'brien+news@example.org", "o'brien+news@example.org"],
      ['Grace.Hopper@Example.ORG', 'grace.hopper@example.org'],
      ['grace@bücher.example', 'grace@xn--bcher-kva.example'],
      ['grace@ｅxample.org', 'grace@example.org'],
      ['mark@\u212aelvin.example', 'mark@kelvin.example'],
      ['mark@gıthub.example', 'mark@xn--gthub-n4a.example'],
    ])('keeps %s as %s [T22]', async (email, canonical) => {
      expect((await register({ email, password: PASSWORD })).status).toBe(201);
      expect(await accountOf(canonical)).toMatchObject({ email: canonical });
      expect(await accountOf(email)).toMatchObject({ email: canonical });
    });

    it.each([
      ['case', 'Taken@example.org', 'tAKEN@EXAMPLE.ORG'],
      ['Unicode or punycode', 'taken@zürich.example', 'taken@xn--zrich-kva.example'],
      ['full-width letters in the domain', 'taken@wide.example', 'taken@ｗide.example'],
    ])('are one whatever the %s [T22]', async (_, first, second) => {
      expect((await register({ email: first, password: PASSWORD })).status).toBe(201);
      const answer = await register({ email: second, password: 'another password' });
      expect([answer.status, answer.body.code]).toEqual([409, 'email_taken']);
    });

    it('give one account when 50 register the same at once, in all spellings [T23] [V2.3.4]', async () => {
      const before = await countAccounts();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          register({ email: index % 2 ? 'race@example.org' : 'Race@EXAMPLE.org', password: PASSWORD }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      const refused = answers.filter(({ status, body }) => status === 409 && body.code === 'email_taken');
      expect(refused).toHaveLength(49);
      expect(await countAccounts()).toBe(before + 1);
    });

    it('say nothing of the statement that refused a second account [V16.5.1]', async () => {
      const email = await registered();
      const answer = await register({ email, password: PASSWORD });
      expect(answer.text).not.toMatch(/users_email_key|insert|duplicate|constraint|\$2b\$/i);
      expect(answer.text).not.toContain(email);
    });
  });

  describe('usernames', () => {
    it.each(['ab', 'a'.repeat(31), 'ada lovelace', 'ada-l', 'ädä', 'ada\n', 'аda', '', 'a.b.c', '../..'])(
      'refuses %j',
      async (username) => {
        expectInvalid(await register({ email: freshEmail(), password: PASSWORD, username }), '#/username');
      },
    );

    it.each(['admin', 'Admin', 'ROOT', 'me', 'support', 'null'])('refuses %s, which is reserved', async (username) => {
      const answer = await register({ email: freshEmail(), password: PASSWORD, username });
      expectInvalid(answer, '#/username', username.length < 3 ? 'too_short' : 'reserved');
    });

    it.each(['abc', 'a'.repeat(30), '___', '007', 'admin_2'])('takes %s', async (username) => {
      expect((await register({ email: freshEmail(), password: PASSWORD, username })).status).toBe(201);
    });

    it('are one whatever their case, and the refused account is not created', async () => {
      const email = freshEmail();
      expect((await register({ email: freshEmail(), password: PASSWORD, username: 'Hopper' })).status).toBe(201);
      const answer = await register({ email, password: PASSWORD, username: 'hOPPER' });
      expect([answer.status, answer.body.code]).toEqual([409, 'username_taken']);
      expect((await login({ email, password: PASSWORD })).status).toBe(401);
    });

    it('are given once when 20 register the same at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          register({ email: freshEmail(), password: PASSWORD, username: index % 2 ? 'Race' : 'rACE' }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
    });

    it('are random, and not made from the e-mail address, when none is chosen', async () => {
      await register({ email: 'babbage@first.example', password: PASSWORD });
      await register({ email: 'babbage@second.example', password: PASSWORD });
      const [first, second] = [await accountOf('babbage@first.example'), await accountOf('babbage@second.example')];
      for (const { username } of [first, second]) {
        expect(username).toMatch(/^[A-Za-z0-9_]{3,30}$/);
        expect(username).not.toMatch(/babbage|first|second/);
      }
      expect(first.username).not.toBe(second.username);
    });
  });

  describe('passwords', () => {
    it.each([
      ['7 characters', 'a'.repeat(7), 'too_short'],
      ['7 emoji, which are 14 UTF-16 units', '🦉'.repeat(7), 'too_short'],
      ['73 bytes', 'a'.repeat(73), 'too_long'],
      ['73 bytes in 37 characters', 'é'.repeat(36) + 'a', 'too_long'],
      ['76 bytes in 19 emoji', '🦉'.repeat(19), 'too_long'],
      ['90 kB', 'a'.repeat(90_000), 'too_long'],
      ['a NUL', 'password\0', 'invalid_text'],
    ])('refuses %s [V6.2.1] [T16]', async (_, password, code) => {
      expectInvalid(await register({ email: freshEmail(), password }), '#/password', code);
    });

    it('refuses a lone surrogate, which would equal every other one [R24] [T15]', async () => {
      const body = String.raw`{"email": "${freshEmail()}", "password": "password\ud800"}`;
      expectInvalid(await register(body), '#/password', 'invalid_text');
    });

    it('refuses bytes that are not UTF-8, which would equal one another [R24] [T15]', async () => {
      const body = Buffer.concat([
        Buffer.from(`{"email": "${freshEmail()}", "password": "password`),
        Buffer.from([0xff]),
        Buffer.from('"}'),
      ]);
      const answer = await register(body);
      expect([answer.status, answer.body.code]).toEqual([400, 'malformed_json']);
    });

    it.each([
      ['8 characters', 'pa4 kx0b'],
      ['8 emoji', '🦉🐝🌵🎈🧲🪁🍋🚲'],
      ['72 bytes', 'a'.repeat(72)],
      ['72 bytes in 36 characters', 'é'.repeat(36)],
      ['72 bytes in 18 emoji', '🦉'.repeat(18)],
      ['only spaces', ' '.repeat(40)],
    ])('takes %s [V6.2.1] [V6.2.5] [V6.2.9]', async (_, password) => {
      const email = await registered(password);
      expect((await login({ email, password })).status).toBe(200);
    });

    it.each([
      ['a trailing space', 'the password', 'the password '],
      ['case', 'the password', 'The password'],
      ['the last of 72 bytes', 'a'.repeat(72), `${'a'.repeat(71)}b`],
      ['a byte beyond the 72nd', 'a'.repeat(72), 'a'.repeat(73)],
      ['full-width digits', 'engine no. 1', 'engine no. １'],
    ])('differ by %s [V6.2.8] [T14] [T15]', async (_, password, other) => {
      const email = await registered(password);
      expect((await login({ email, password: other })).status).toBe(401);
      expect((await login({ email, password })).status).toBe(200);
    });

    it('can be asked to be longer', async () => {
      const strict = await TestApp.start({ sharing: app, env: { PASSWORD_MIN_LENGTH: '12' } });
      try {
        const short = await strict.api.post('/auth/register', { email: freshEmail(), password: 'eleven char' });
        expectInvalid(short, '#/password', 'too_short');
        expect(short.body.errors[0].detail).toContain('12');
        const long = await strict.api.post('/auth/register', { email: freshEmail(), password: 'twelve chars' });
        expect(long.status).toBe(201);
      } finally {
        await strict.stop();
      }
    });
  });
});
