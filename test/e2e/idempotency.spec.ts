/** Requests with an Idempotency-Key: repeated as often as one likes, and done once. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { Erasure } from '../../src/account/erasure.js';
import { Cleanup } from '../../src/database/cleanup/cleanup.js';
import type { Answer, Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { audited } from '../support/audit.js';
import { SoftPasskey } from '../support/authenticator.js';
import { someoneWaits } from '../support/database.js';
import { DOCUMENT } from '../support/documented.mjs';
import { mailsTo } from '../support/mailbox.js';
import { confirmAddress, login, PASSWORD, person, type Person, staff, stepUp } from '../support/people.js';
import { HAS_PGBOUNCER, PgBouncer } from '../support/pgbouncer.js';
import { eventually } from '../support/process.js';
import { watchQueries } from '../support/queries.js';
import { Relay } from '../support/relay.js';
import { expectRefused } from '../support/sessions.js';

const SECRET = 'a-secret-of-the-tests-before-its-rotation';
const NEW_SECRET = 'a-secret-of-the-tests-after-its-rotation-';
const NEWEST_SECRET = 'a-secret-of-the-tests-after-two-rotations';
const ORIGIN = 'https://app.example.org';
const ENV = { JWT_SECRET: SECRET, PASSKEY_RP_ID: 'example.org', PASSKEY_ORIGINS: ORIGIN };

/** Why a POST takes no key. */
const WITHOUT: Record<string, string> = {
  '/auth/login': 'answers tokens',
  '/auth/login/second-factor': 'answers tokens',
  '/auth/login/passkey': 'answers tokens',
  '/auth/login/passkey/options': 'makes a challenge that is good once, and nothing else',
  '/auth/login/email': 'answers the secret of the browser that asked; a repeat replaces the earlier code',
  '/auth/login/email/complete': 'answers tokens',
  '/auth/refresh': 'answers tokens; a repeat gives the same ones already',
  '/auth/logout': 'ends sessions: a repeat changes nothing',
  '/auth/password/forgot': 'creates nothing; a repeat replaces the earlier link, within the limit of mails',
  '/auth/password/reset': 'takes a token that is good once',
  '/auth/email/confirm': 'takes a token that is good once',
  '/auth/email/resend': 'creates nothing; a repeat replaces the earlier link, within the limit of mails',
  '/auth/email/undo': 'takes a token that is good once',
  '/auth/step-up': 'proves something of the session, as often as it is asked',
  '/auth/second-factors/recovery-codes': 'answers secrets, which are not kept',
  '/auth/second-factors/totp': 'answers a secret, which is not kept',
  '/auth/second-factors/totp/confirm': 'answers secrets, which are not kept',
  '/auth/passkey-options': 'makes a challenge that is good once, and nothing else',
  '/auth/tokens': 'answers a token, which is not kept',
  '/users/me/delete': 'begins a deletion: a repeat changes nothing',
  '/admin/posts/{post_id}/restore': 'changes a state: a repeat changes nothing',
  '/admin/users/{user_id}/disable': 'changes a state, and creates nothing',
  '/admin/users/{user_id}/enable': 'changes a state, and creates nothing',
  '/admin/users/{user_id}/logout': 'ends sessions: a repeat changes nothing',
  '/admin/users/{user_id}/password-reset':
    'creates nothing; a repeat replaces the earlier link, within the limit of mails',
};

let app: TestApp;
let ada: Person;
let bob: Person;
let admin: Person;

beforeAll(async () => {
  app = await TestApp.start({ env: ENV });
  [ada, bob, admin] = [await inviter(), await inviter(), await inviter()];
});

afterAll(() => app.stop());

const keyed = (api: Api, key: string): Api => api.with({ 'idempotency-key': key });
const isReplay = ({ headers }: Answer): boolean => headers.get('idempotency-replayed') === 'true';
const unused = (): string => `${randomUUID()}@example.org`;
const inviter = (): Promise<Person> => staff(app, 'admin');
const invite = (who: Pick<Person, 'api'>, key: string, email = `once.${key}@example.org`): Promise<Answer> =>
  keyed(who.api, key).post('/admin/users', { email });

async function count(from: string, ...values: unknown[]): Promise<number> {
  const { rows } = await app.pool.query<{ count: number }>(`SELECT count(*)::int FROM ${from}`, values);
  return rows[0]?.count ?? NaN;
}

const invitedBy = ({ id }: Person): Promise<number> =>
  count(`audit_events WHERE action = 'user.invited' AND actor_id = $1`, id);

/** The work runs while what is written for the person waits. */
async function whileHeld({ id }: Person, work: () => Promise<void>): Promise<void> {
  const client = await app.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [id]);
    await work();
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** The connections that wait for a lock are lost. */
async function endWaiting(): Promise<void> {
  await app.pool.query(
    `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
}

interface Case {
  readonly path: string;
  /** Where it makes a row. */
  readonly table: string;
  readonly who: () => Promise<Pick<Person, 'api'>>;
  readonly body: (who: Pick<Person, 'api'>) => Promise<Record<string, unknown>>;
  /** Makes another request of it. */
  readonly other: Record<string, unknown>;
  readonly status: number;
}

const CASES: Case[] = [
  {
    path: '/tasks',
    table: 'tasks',
    who: () => Promise.resolve(ada),
    body: () => Promise.resolve({ title: 'Note G', description: 'ü "quoted"' }),
    other: { title: 'Note H' },
    status: 201,
  },
  {
    path: '/posts',
    table: 'posts',
    who: () => Promise.resolve(ada),
    body: () => Promise.resolve({ text: 'Hello 👋' }),
    other: { text: 'Hello' },
    status: 201,
  },
  {
    path: '/auth/register',
    table: 'users',
    who: () => Promise.resolve(app),
    body: () => Promise.resolve({ email: unused(), password: PASSWORD }),
    other: { password: `another ${PASSWORD}` },
    status: 201,
  },
  {
    path: '/admin/users',
    table: 'users',
    who: () => Promise.resolve(admin),
    body: () => Promise.resolve({ email: unused() }),
    other: { role: 'moderator' },
    status: 201,
  },
  {
    path: '/auth/passkeys',
    table: 'passkeys',
    who: () => person(app, 'keyholder'),
    body: async ({ api }) => {
      const { options } = (await api.post('/auth/passkey-options')).body;
      return { credential: new SoftPasskey(ORIGIN).create(options), name: 'Phone' };
    },
    other: { name: 'Laptop' },
    status: 201,
  },
  {
    path: '/users/me/email',
    table: 'mails',
    who: () => person(app, 'mover'),
    body: () => Promise.resolve({ email: unused(), current_password: PASSWORD }),
    other: { email: 'elsewhere@example.org' },
    status: 202,
  },
];

it('is taken by each POST that creates something, and all others say why not', () => {
  const operations = Object.entries(DOCUMENT.paths as Record<string, any>).filter(([, { post }]) => post !== undefined);
  const takes = (post: any): boolean => post.parameters.some(({ name }: any) => name === 'Idempotency-Key');
  const pathsOf = (isTaken: boolean): string[] =>
    operations.filter(([, { post }]) => takes(post) === isTaken).map(([path]) => path.replace('/api/v1', ''));
  expect(pathsOf(true)).toEqual(expect.arrayContaining(CASES.map(({ path }) => path)));
  expect(pathsOf(false).sort()).toEqual(Object.keys(WITHOUT).sort());
});

describe.each(CASES)('POST $path with a key', ({ path, table, who, body, other, status }) => {
  it('answers a repeat as the first time, and does nothing more', async () => {
    const someone = await who();
    const [key, sent] = [randomUUID(), await body(someone)];
    const first = await keyed(someone.api, key).post(path, sent);
    expect([first.status, isReplay(first)]).toEqual([status, false]);
    const state = (): Promise<number[]> => Promise.all([count('users'), count('mails'), count(table)]);
    const before = await state();
    const written = await audited(app, async () => {
      for (const spelled of [key, `"${key}"`]) {
        const again = await keyed(someone.api, spelled).post(path, sent);
        expect([again.status, again.text, isReplay(again)]).toEqual([status, first.text, true]);
      }
      const elsewhere = await keyed(someone.api, key).post(`/api${path}`, sent);
      expect([elsewhere.text, isReplay(elsewhere)]).toEqual([first.text, true]);
    });
    expect([await state(), written]).toEqual([before, []]);
  });

  it('refuses another body with the same key', async () => {
    const someone = await who();
    const [key, sent] = [randomUUID(), await body(someone)];
    expect((await keyed(someone.api, key).post(path, sent)).status).toBe(status);
    const answer = await keyed(someone.api, key).post(path, { ...sent, ...other });
    expectRefused(answer, 'idempotency_key_reused', 422);
    expect(isReplay(answer)).toBe(false);
    expect((await keyed(someone.api, key).post(path, sent)).status).toBe(status);
  });

  it('refuses a key that is none, and names the header', async () => {
    const someone = await who();
    const answer = await keyed(someone.api, 'x'.repeat(256)).post(path, await body(someone));
    expectRefused(answer, 'validation_failed', path.startsWith('/auth/') ? 400 : 422);
    expect(answer.body.errors).toMatchObject([{ pointer: '#/idempotency-key', in: 'header', code: 'too_long' }]);
  });
});

describe('a key', () => {
  it.each([
    ['the shortest', 'x', 'x'],
    ['the longest', 'x'.repeat(255), 'x'.repeat(255)],
    ['the longest, with an escape in it', `"${'x'.repeat(254)}\\\\"`, `${'x'.repeat(254)}\\`],
    ['with spaces and signs', '"a b, c; d=~"', 'a b, c; d=~'],
    ['with a backslash', '"a\\\\b"', 'a\\b'],
  ])('may be %s', async (_, quoted, bare) => {
    const [who, email] = [await inviter(), unused()];
    const first = await invite(who, quoted, email);
    expect(first.status).toBe(201);
    expect((await invite(who, bare, email)).body).toEqual(first.body);
    expect(await invitedBy(who)).toBe(1);
  });

  it.each([
    ['nothing', '', 'too_short'],
    ['an empty string', '""', 'too_short'],
    ['too long', `"${'x'.repeat(256)}"`, 'too_long'],
    ['a string without its end', '"abc', 'wrong_format'],
    ['a string with a quote inside', '"a"b"', 'wrong_format'],
    ['a string with a wrong escape', '"a\\b"', 'wrong_format'],
    ['a string with a parameter', '"abc";a=1', 'wrong_format'],
    ['not ASCII', 'caf\u00e9', 'wrong_format'],
    ['with a tab', 'a\tb', 'wrong_format'],
  ])('is refused when it is %s, and nothing is done', async (_, key, code) => {
    const before = await count('users');
    const answer = await invite(ada, key, unused());
    expectRefused(answer, 'validation_failed', 422);
    expect(answer.body.errors).toMatchObject([{ pointer: '#/idempotency-key', code }]);
    expect(await count('users')).toBe(before);
  });

  it('is refused when it is sent twice', async () => {
    const body = await new Promise<string>((resolve, reject) => {
      const headers = { authorization: `Bearer ${ada.access_token}`, 'content-type': 'application/json' };
      const sent = httpRequest(`${app.url}/api/v1/admin/users`, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': ['one', 'two'] },
      });
      sent.on('response', (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => {
          resolve(text);
        });
      });
      sent.on('error', reject);
      sent.end('{"email":"twice@example.org"}');
    });
    expect(JSON.parse(body)).toMatchObject({ status: 422, errors: [{ code: 'repeated' }] });
  });

  it('means nothing to another person, and to another route', async () => {
    const key = randomUUID();
    const answers = [
      await invite(ada, key, unused()),
      await invite(bob, key, unused()),
      await keyed(app.api, key).post('/auth/register', { email: unused(), password: PASSWORD }),
      await keyed(app.api, key).post('/auth/register', { email: unused(), password: PASSWORD }),
    ];
    expect(answers.map((answer) => [answer.status, isReplay(answer)])).toEqual(answers.map(() => [201, false]));
  });

  it('means nothing to the same person on another route', async () => {
    const [key, email] = [randomUUID(), unused()];
    const elsewhere = { email, current_password: PASSWORD };
    const answers = [await invite(ada, key), await keyed(ada.api, key).post('/users/me/email', elsewhere)];
    expect(answers.map((answer) => [answer.status, isReplay(answer)])).toEqual([
      [201, false],
      [202, false],
    ]);
  });

  it('is the same for a person in another session', async () => {
    const key = randomUUID();
    const first = await invite(ada, key);
    expect((await invite(await login(app, ada.email), key)).body).toEqual(first.body);
  });

  it.each([
    ['tasks', { title: 'x' }],
    ['posts', { text: 'x' }],
  ])('is the same for a personal access token of the person, if it may write %s', async (noun, body) => {
    const key = randomUUID();
    const first = await keyed(ada.api, key).post(`/${noun}`, body);
    const withToken = async (scope: string): Promise<Answer> => {
      const made = await ada.api.post('/auth/tokens', { name: 'x', scopes: [scope], expires_in_days: 1 });
      return keyed(app.api.as(made.body.token), key).post(`/${noun}`, body);
    };
    expect((await withToken(`${noun}:write`)).body).toEqual(first.body);
    expectRefused(await withToken(`${noun}:read`), 'insufficient_scope', 403);
  });

  it('is ignored where it is not taken', async () => {
    const key = randomUUID();
    const sent = { name: 'x', scopes: ['profile:read'], expires_in_days: 1 };
    const [one, two] = [
      await keyed(ada.api, key).post('/auth/tokens', sent),
      await keyed(ada.api, key).post('/auth/tokens', sent),
    ];
    expect([one.status, two.status, isReplay(two), one.body.token === two.body.token]).toEqual([
      201,
      201,
      false,
      false,
    ]);
  });

  it('may be used again after a request that failed', async () => {
    const key = randomUUID();
    expectRefused(await invite(admin, key, 'no address'), 'validation_failed', 422);
    expectRefused(await invite(admin, key, bob.email), 'email_taken', 409);
    expect((await invite(admin, key)).status).toBe(201);
  });
});

describe('a repeat', () => {
  it('gives the first answer after what was made has changed, and after it is gone', async () => {
    const key = randomUUID();
    const first = await invite(ada, key);
    const made = `/admin/users/${first.body.id}`;
    expect((await ada.api.post(`${made}/disable`, { reason: 'x' })).status).toBe(204);
    expect((await invite(ada, key)).body).toEqual(first.body);
    await app.pool.query('DELETE FROM users WHERE id = $1', [first.body.id]);
    const again = await invite(ada, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect((await ada.api.get(made)).status).toBe(404);
  });

  it('gives the first answer after the change of address was confirmed', async () => {
    const who = await person(app, 'moved');
    const [key, body] = [randomUUID(), { email: unused(), current_password: PASSWORD }];
    const first = await keyed(who.api, key).post('/users/me/email', body);
    await app.pool.query('UPDATE users SET email = $2 WHERE id = $1', [who.id, body.email]);
    const again = await keyed(who.api, key).post('/users/me/email', body);
    expect([again.status, again.body, isReplay(again)]).toEqual([202, first.body, true]);
  });

  it.each([
    ['the default of a field that was left out', {}, { role: 'user' }],
    [
      'an address that is written in another way',
      { email: 'one@caf\u00e9.example' },
      { email: 'one@cafe\u0301.example' },
    ],
  ])('with %s is another request', async (_, sent, change) => {
    const [key, body] = [randomUUID(), { email: unused(), ...sent }];
    expect((await keyed(ada.api, key).post('/admin/users', body)).status).toBe(201);
    const answer = await keyed(ada.api, key).post('/admin/users', { ...body, ...change });
    expectRefused(answer, 'idempotency_key_reused', 422);
  });

  it('shows no recovery codes again', async () => {
    const who = await person(app, 'coded');
    const { options } = (await who.api.post('/auth/passkey-options')).body;
    const body = { credential: new SoftPasskey(ORIGIN).create(options), name: 'Key', second_factor: true };
    const api = keyed(who.api, randomUUID());
    const first = await api.post('/auth/passkeys', body);
    expect([first.status, first.body.recovery_codes.length]).toEqual([201, 10]);
    const again = await api.post('/auth/passkeys', body);
    expect([again.status, again.body]).toEqual([201, { ...first.body, recovery_codes: [] }]);
  });

  it('by a session that was logged out is 401, and so is one by nobody', async () => {
    const key = randomUUID();
    const session = await login(app, bob.email);
    expect((await invite(session, key)).status).toBe(201);
    await session.api.post('/auth/logout');
    expectRefused(await invite(session, key), 'token_revoked', 401);
    expectRefused(await invite(app, key), 'authentication_required', 401);
  });

  it('by a former admin, or without a fresh proof, is refused', async () => {
    const boss = await staff(app, 'admin');
    const api = keyed(boss.api, randomUUID());
    const body = { email: unused() };
    expect((await api.post('/admin/users', body)).status).toBe(201);
    app.clock.advance('11m');
    expectRefused(await api.post('/admin/users', body), 'step_up_required', 403);
    await stepUp(boss);
    expect(isReplay(await api.post('/admin/users', body))).toBe(true);
    await stepUp(admin);
    await admin.api.patch(`/admin/users/${boss.id}`, { role: 'user' });
    expectRefused(await api.post('/admin/users', body), 'token_stale', 401);
    const { access_token: token } = await login(app, boss.email);
    expectRefused(await api.as(token).post('/admin/users', body), 'insufficient_role', 403);
  });

  it('with a wrong password is refused', async () => {
    const who = await person(app, 'mover');
    const [key, email] = [randomUUID(), unused()];
    const change = (password: string): Promise<Answer> =>
      keyed(who.api, key).post('/users/me/email', { email, current_password: password });
    expect((await change(PASSWORD)).status).toBe(202);
    expectRefused(await change('wrong horse battery'), 'wrong_password', 403);
  });

  it('is a new request after 24 hours', async () => {
    const who = await inviter();
    const [key, another] = [randomUUID(), unused()];
    const first = await invite(who, key);
    app.clock.advance('23h');
    expect((await invite(await login(app, who.email), key)).body).toEqual(first.body);
    app.clock.advance('2h');
    const later = await login(app, who.email);
    const second = await invite(later, key, another);
    expect([second.status, isReplay(second), second.body.id === first.body.id]).toEqual([201, false, false]);
    expect((await invite(later, key, another)).body).toEqual(second.body);
  });

  it('posts once', async () => {
    const api = keyed((await person(app, 'poster')).api, randomUUID());
    const { statements } = await watchQueries(async () => {
      await api.post('/posts', { text: 'x' });
      await api.post('/posts', { text: 'x' });
    });
    expect(statements.filter((text) => text.includes('insert_post'))).toHaveLength(1);
  });
});

describe('parallel requests with one key', () => {
  it('make one account by invitation, and each answer is it, or 409', async () => {
    const who = await inviter();
    const other = await TestApp.start({ sharing: app, env: ENV });
    try {
      other.clock.offsetMs = app.clock.offsetMs;
      const key = randomUUID();
      const there = { api: other.api.as(who.access_token) };
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => invite(n % 2 === 0 ? who : there, key)));
      expect(await invitedBy(who)).toBe(1);
      const { body } = await invite(there, key);
      for (const answer of answers)
        if (answer.status === 201) expect(answer.body).toEqual(body);
        else expectRefused(answer, 'idempotency_key_in_use', 409);
      expect(answers.filter((answer) => answer.status === 201 && !isReplay(answer))).toHaveLength(1);
    } finally {
      await other.stop();
    }
  });

  it('register once, and none is told that its address is taken', async () => {
    const body = { email: unused(), password: PASSWORD };
    const api = keyed(app.api, randomUUID());
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.post('/auth/register', body)));
    for (const answer of answers) if (answer.status !== 201) expectRefused(answer, 'idempotency_key_in_use', 409);
    expect((await mailsTo(app, body.email)).length).toBe(1);
  });

  it('are refused at once while the first is being carried out', async () => {
    const who = await inviter();
    const key = randomUUID();
    let first: Promise<Answer> | undefined;
    await whileHeld(who, async () => {
      first = invite(who, key);
      await eventually(() => someoneWaits(app.pool));
      const second = await invite(who, key);
      expectRefused(second, 'idempotency_key_in_use', 409);
      expect(second.headers.get('retry-after')).toBe('1');
      expectRefused(await invite(who, key, unused()), 'idempotency_key_in_use', 409);
    });
    expect((await first)?.status).toBe(201);
    expect([isReplay(await invite(who, key)), await invitedBy(who)]).toEqual([true, 1]);
  });

  it('leave the key free when the connection of the first is lost', async () => {
    const who = await inviter();
    const key = randomUUID();
    await whileHeld(who, async () => {
      const first = invite(who, key);
      await eventually(() => someoneWaits(app.pool));
      await endWaiting();
      expect((await first).status).toBe(503);
    });
    const again = await invite(who, key);
    expect([again.status, isReplay(again), await invitedBy(who)]).toEqual([201, false, 1]);
  });
});

describe('a request whose commit nobody saw', () => {
  it('was done, and a repeat by way of any instance gives its answer', async () => {
    const relay = await Relay.to(app.databaseUrl);
    const other = await TestApp.start({ sharing: app, through: relay, env: ENV });
    other.clock.offsetMs = app.clock.offsetMs;
    try {
      const who = await inviter();
      const [key, there] = [randomUUID(), { api: other.api.as(who.access_token) }];
      await there.api.get('/users/me');
      let isLost = false;
      relay.breaksAt = (bytes) => !isLost && (isLost = bytes.includes('COMMIT'));
      expectRefused(await invite(there, key), 'database_unavailable', 503);
      await eventually(async () => (await invitedBy(who)) === 1);
      const [here, again] = [await invite(who, key), await invite(there, key)];
      expect([here.status, isReplay(here), isReplay(again), again.body]).toEqual([201, true, true, here.body]);
      expect(await invitedBy(who)).toBe(1);
    } finally {
      await other.stop();
      await relay.end();
    }
  });
});

(HAS_PGBOUNCER ? describe : describe.skip)('through PgBouncer', () => {
  it('parallel requests make one account, and a lost connection leaves the key free', async () => {
    const pooler = await PgBouncer.before(app.databaseUrl);
    const pooled = await TestApp.start({ sharing: app, through: pooler, env: ENV });
    pooled.clock.offsetMs = app.clock.offsetMs;
    try {
      const who = await inviter();
      const there = { api: pooled.api.as(who.access_token) };
      const [key, held] = [randomUUID(), randomUUID()];
      const answers = await Promise.all(Array.from({ length: 20 }, () => invite(there, key)));
      expect(answers.filter((answer) => answer.status === 201 && !isReplay(answer))).toHaveLength(1);
      // On a busy machine one of them may be given up, and its statement still wait in the pooler: 409 until it has ended.
      await eventually(async () => isReplay(await invite(there, key)));
      expect(await invitedBy(who)).toBe(1);
      await whileHeld(who, async () => {
        const first = invite(there, held);
        await eventually(() => someoneWaits(app.pool));
        expectRefused(await invite(who, held), 'idempotency_key_in_use', 409);
        await endWaiting();
        expect((await first).status).toBe(503);
      });
      await eventually(async () => (await invite(there, held)).status === 201);
      expect(await invitedBy(who)).toBe(2);
    } finally {
      await pooled.stop();
      await pooler.stop();
    }
  });
});

describe('where JWT_SECRET is rotated', () => {
  async function withSecrets(env: Record<string, string>, work: (rotated: TestApp) => Promise<void>): Promise<void> {
    const rotated = await TestApp.start({ sharing: app, env: { ...ENV, ...env } });
    try {
      rotated.clock.offsetMs = app.clock.offsetMs;
      await work(rotated);
    } finally {
      await rotated.stop();
    }
  }

  function expectUnreadable(answer: Answer): void {
    expectRefused(answer, 'idempotency_key_unreadable', 503);
    expect([answer.headers.get('retry-after'), isReplay(answer)]).toEqual(['5', false]);
  }

  it('the earlier secret counts', async () => {
    const who = await inviter();
    const key = randomUUID();
    const first = await invite(who, key);
    await withSecrets({ JWT_SECRET: NEW_SECRET, JWT_SECRET_PREVIOUS: SECRET }, async (rotated) => {
      const there = { api: rotated.api.as(who.access_token) };
      expect((await invite(there, key)).body).toEqual(first.body);
      expectRefused(await invite(there, key, unused()), 'idempotency_key_reused', 422);
      expect(await invitedBy(who)).toBe(1);
    });
  });

  it('an instance with the old secret alone sends clients to another one', async () => {
    const who = await inviter();
    const key = randomUUID();
    await withSecrets({ JWT_SECRET: NEW_SECRET, JWT_SECRET_PREVIOUS: SECRET }, async (rotated) => {
      const there = { api: rotated.api.as(who.access_token) };
      const first = await invite(there, key);
      expect(first.status).toBe(201);
      expectUnreadable(await invite(who, key));
      expectUnreadable(await invite(who, key, unused()));
      expect((await invite(there, key)).body).toEqual(first.body);
      expect(await invitedBy(who)).toBe(1);
    });
  });

  it('an instance that has it before it signs opens what the others keep', async () => {
    const who = await inviter();
    const key = randomUUID();
    await withSecrets({ JWT_SECRET_PREVIOUS: NEW_SECRET }, (prepared) =>
      withSecrets({ JWT_SECRET: NEW_SECRET, JWT_SECRET_PREVIOUS: SECRET }, async (rotated) => {
        const first = await invite({ api: rotated.api.as(who.access_token) }, key);
        const again = await invite({ api: prepared.api.as(who.access_token) }, key);
        expect([again.status, again.body, isReplay(again)]).toEqual([201, first.body, true]);
      }),
    );
  });

  it('twice, the key is not called reused, and nothing is done again', async () => {
    const who = await inviter();
    const key = randomUUID();
    expect((await invite(who, key)).status).toBe(201);
    await withSecrets({ JWT_SECRET: NEWEST_SECRET, JWT_SECRET_PREVIOUS: NEW_SECRET }, async (rotated) => {
      const there = await login(rotated, who.email);
      expectUnreadable(await invite(there, key));
      expect(await invitedBy(who)).toBe(1);
      expect((await invite(there, randomUUID())).status).toBe(201);
    });
  });
});

describe('what is kept', () => {
  it('shows neither the key, nor the request, nor the answer', async () => {
    const [key, email] = [randomUUID(), unused()];
    expect((await invite(await inviter(), key, email)).status).toBe(201);
    const { rows } = await app.pool.query<{ text: string }>(
      `SELECT convert_from(decode(replace(encode(id || answer, 'hex'), '00', ''), 'hex'), 'LATIN1') AS text FROM idempotency_keys`,
    );
    const text = rows.map((row) => row.text).join();
    for (const secret of [key, email, PASSWORD, 'email']) expect(text).not.toContain(secret);
  });

  it('is cleaned up after 24 hours, and not before', async () => {
    const who = await inviter();
    await invite(who, randomUUID());
    const kept = (): Promise<number> => count('idempotency_keys WHERE user_id = $1', who.id);
    app.clock.advance('23h');
    await app.nestApp.get(Cleanup).run();
    expect(await kept()).toBe(1);
    app.clock.advance('2h');
    await app.nestApp.get(Cleanup).run();
    expect(await kept()).toBe(0);
  });

  it('is erased with the account', async () => {
    const who = await inviter();
    for (let n = 0; n < 3; n += 1) await invite(who, randomUUID());
    await app.pool.query(`UPDATE users SET deletion = 'own', delete_after = now() - interval '1 s' WHERE id = $1`, [
      who.id,
    ]);
    await app.nestApp.get(Erasure).run(2);
    expect(await count('idempotency_keys WHERE user_id = $1', who.id)).toBe(0);
    expect(await count('users WHERE id = $1', who.id)).toBe(0);
  });
});

describe('statements', () => {
  const shortened = (statements: string[]): string[] => statements.map((text) => text.trim().split(/\s+/, 2).join(' '));

  it.each([
    ['tasks', { title: 'counted' }, 'INSERT INTO'],
    ['posts', { text: 'counted' }, 'SELECT id,'],
  ])('are one for %s without a key, and five with one', async (noun, body, statement) => {
    const who = await person(app, 'counted');
    const add = (api: Api) => async (): Promise<unknown> => api.post(`/${noun}`, body);
    await add(who.api)();
    expect(shortened((await watchQueries(add(who.api))).statements)).toEqual([statement]);
    const api = keyed(who.api, randomUUID());
    expect(shortened((await watchQueries(add(api))).statements)).toEqual([
      'START TRANSACTION',
      'SELECT free,',
      statement,
      'INSERT INTO',
      'COMMIT',
    ]);
    expect(shortened((await watchQueries(add(api))).statements)).toEqual([
      'START TRANSACTION',
      'SELECT free,',
      'COMMIT',
    ]);
  });
});

describe('where conflicts are concealed', () => {
  let concealing: TestApp;

  beforeAll(async () => {
    concealing = await TestApp.start({ sharing: app, env: { ...ENV, REGISTER_CONFLICT: 'conceal' } });
    concealing.clock.offsetMs = app.clock.offsetMs;
  });

  afterAll(() => concealing.stop());

  it('a known and an unknown address get the same answers by the same work, also to repeats', async () => {
    const known = await person(app, 'known');
    await confirmAddress(app, known.email);
    const seen = [];
    for (const email of [known.email, unused()]) {
      const key = randomUUID();
      const register = (api = keyed(concealing.api, key), password = PASSWORD): Promise<Answer> =>
        api.post('/auth/register', { email, password });
      const steps = [
        await watchQueries(() => register()),
        await watchQueries(() => register()),
        await watchQueries(() => register(undefined, `another ${PASSWORD}`)),
        await watchQueries(() => register(concealing.api)),
      ];
      seen.push(
        steps.map(({ result, statements }) => [
          result.status,
          result.body.code ?? result.text,
          isReplay(result),
          [...result.headers.keys()].sort(),
          statements.length,
        ]),
      );
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]?.map(([status, , replayed]) => [status, replayed])).toEqual([
      [201, false],
      [201, true],
      [422, false],
      [201, false],
    ]);
  });
});
