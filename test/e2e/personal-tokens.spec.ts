/** Scripts and services that act for a person: what their tokens may do, and what ends them. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Erasure } from '../../src/account/erasure.js';
import { REMEMBERED } from '../../src/auth/personal-tokens/personal-access.js';
import { TOKENS_PER_USER } from '../../src/auth/personal-tokens/personal-tokens.js';
import { tokenOf } from '../../src/auth/personal-tokens/token-format.js';
import { Cleanup } from '../../src/database/cleanup/cleanup.js';
import type { Answer, Api } from '../support/api.js';
import { TestApp, type TestAppOptions } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { someoneWaits } from '../support/database.js';
import { mailedToken, mailsTo } from '../support/mailbox.js';
import { confirmedPerson, login, PASSWORD, person, type Person, staff, stepUp } from '../support/people.js';
import { eventually } from '../support/process.js';
import { watchAllQueries } from '../support/queries.js';
import { Relay } from '../support/relay.js';
import { expectLive, expectRefused } from '../support/sessions.js';
import { TestStream } from '../support/stream.js';
import { enrol } from '../support/totp.js';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const UUID = /^[0-9a-f-]{36}$/;
const MISSING = '00000000-0000-4000-8000-000000000000';
const DOCUMENT = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<
    string,
    Record<string, { 'x-scopes'?: string[]; 'x-step-up'?: boolean; security: Record<string, string[]>[] }>
  >;
  components: { securitySchemes: { personal_access_token: { 'x-scopes': string[] } } };
};
const ALL_SCOPES = DOCUMENT.components.securitySchemes.personal_access_token['x-scopes'];
const ORDINARY = ALL_SCOPES.filter((scope) => !scope.startsWith('admin:'));

interface Token {
  readonly id: string;
  readonly token: string;
  readonly last_four: string;
  readonly expires_at: string;
  readonly last_used_at: string | null;
}

let here: TestApp;
let ada: Person;
let bob: Person;
const others: TestApp[] = [];
const relays: Relay[] = [];
const streams: TestStream[] = [];

beforeAll(async () => {
  here = await TestApp.start();
});

beforeEach(async () => {
  here.clock.reset();
  [ada, bob] = [await person(here, 'ada'), await person(here, 'bob')];
});

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  for (const relay of relays.splice(0)) await relay.end();
  for (const app of others.splice(0)) await app.stop();
});

afterAll(() => here.stop());

async function start(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await TestApp.start({ sharing: here, ...options });
  others.push(app);
  return app;
}

const ask = ({ api }: { api: Api }, wish: object = {}): Promise<Answer> =>
  api.post('/auth/tokens', { name: 'backup', scopes: ['profile:read'], expires_in_days: 30, ...wish });

async function made(who: { api: Api }, scopes: readonly string[] = ['profile:read', 'profile:write']): Promise<Token> {
  const { status, body, text } = await ask(who, { scopes });
  if (status !== 201) throw new Error(`POST /auth/tokens answered ${status}: ${text}`);
  return body as Token;
}

const by = ({ token }: { token: string }, app = here): Api => app.api.as(token);

/** Asks for nothing that is there: authenticated, it is 422, and makes no statement. */
const knock = (token: { token: string }, app = here): Promise<Answer> =>
  by(token, app).patch('/users/me', { display_name: '' });

async function expectWorks(token: Token, app = here): Promise<void> {
  expect((await knock(token, app)).status).toBe(422);
}

async function expectEnded(token: Token, code = 'token_revoked', app = here): Promise<void> {
  expectRefused(await knock(token, app), code);
}

/** What comes before the refusal must be served. */
async function untilRefused(token: Token, app: TestApp): Promise<void> {
  await eventually(async () => {
    const { status, body } = await knock(token, app);
    if (status !== 422) expect([status, body.code]).toEqual([401, 'token_revoked']);
    return status !== 422;
  });
}

const listOf = async ({ api }: Person): Promise<Token[]> => (await api.get('/auth/tokens')).body as Token[];

async function rowOf({ id }: Token): Promise<Record<string, unknown> | undefined> {
  const { rows } = await here.pool.query<Record<string, unknown>>('SELECT * FROM personal_tokens WHERE id = $1', [id]);
  return rows[0];
}

describe('POST /auth/tokens', () => {
  it('makes a token, which only its answer has', async () => {
    const { status, body, text, headers } = await ask(ada, {
      scopes: ['profile:write', 'profile:read', 'profile:read'],
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(UUID),
      name: 'backup',
      scopes: ['profile:read', 'profile:write'],
      token: expect.stringMatching(/^roost_pat_[1-9A-HJ-NP-Za-km-z]{50}$/),
      last_four: body.token.slice(-4),
      created_at: TIME,
      expires_at: TIME,
      last_used_at: null,
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const lived = Date.parse(body.expires_at) - Date.parse(body.created_at);
    expect(Math.ceil(lived / 86_400_000)).toBe(30);
    const secret = (body.token as string).slice('roost_pat_'.length, -4);
    const listed = await ada.api.get('/auth/tokens');
    const { rows } = await here.pool.query<{ text: string }>('SELECT t::text AS text FROM personal_tokens t');
    const audit = JSON.stringify(await auditOf(here, ada.id));
    const mails = JSON.stringify(await mailsTo(here, ada.email));
    for (const kept of [listed.text, JSON.stringify(rows), audit, mails]) expect(kept).not.toContain(secret);
    expect(text.split(secret)).toHaveLength(2);
  });

  it.each([
    [{ name: undefined }, '#/name', 'required'],
    [{ name: '' }, '#/name', 'too_short'],
    [{ name: ' \u200b ' }, '#/name', 'blank'],
    [{ name: 'x'.repeat(101) }, '#/name', 'too_long'],
    [{ name: 'a\0b' }, '#/name', 'invalid_text'],
    [{ scopes: undefined }, '#/scopes', 'required'],
    [{ scopes: null }, '#/scopes', 'wrong_type'],
    [{ scopes: 'profile:read' }, '#/scopes', 'wrong_type'],
    [{ scopes: [1] }, '#/scopes', 'wrong_type'],
    [{ scopes: [['profile:read']] }, '#/scopes', 'wrong_type'],
    [{ scopes: [] }, '#/scopes', 'out_of_range'],
    [{ scopes: Array<string>(51).fill('profile:read') }, '#/scopes', 'out_of_range'],
    [{ scopes: ['profile'] }, '#/scopes', 'unknown_value'],
    [{ scopes: ['profile:read', 'admin:stats:write'] }, '#/scopes', 'unknown_value'],
    [{ scopes: ['auth:write'] }, '#/scopes', 'unknown_value'],
    [{ scopes: ['__proto__'] }, '#/scopes', 'unknown_value'],
    [{ scopes: ['profile:read\0'] }, '#/scopes/0', 'invalid_text'],
    [{ expires_in_days: undefined }, '#/expires_in_days', 'required'],
    [{ expires_in_days: null }, '#/expires_in_days', 'out_of_range'],
    [{ expires_in_days: 0 }, '#/expires_in_days', 'out_of_range'],
    [{ expires_in_days: 367 }, '#/expires_in_days', 'out_of_range'],
    [{ expires_in_days: 1.5 }, '#/expires_in_days', 'out_of_range'],
    [{ expires_in_days: '30' }, '#/expires_in_days', 'out_of_range'],
    [{ token: 'roost_pat_mine' }, '#/token', 'unknown_field'],
    [{ user_id: MISSING }, '#/user_id', 'unknown_field'],
  ])('refuses %j', async (wish, pointer, code) => {
    const { status, body } = await ask(ada, wish);
    expect([status, body.errors]).toEqual([400, [expect.objectContaining({ pointer, code })]]);
    expect(await listOf(ada)).toEqual([]);
  });

  it.each([
    ['the shortest', 1],
    ['the longest', 366],
  ])('takes %s life', async (_, days) => {
    expect((await ask(ada, { expires_in_days: days })).status).toBe(201);
  });

  it('is closed to nobody', async () => {
    expectRefused(await ask({ api: here.api }), 'authentication_required');
  });

  it('needs a fresh proof', async () => {
    here.clock.advance('11m');
    expectRefused(await ask(ada), 'step_up_required', 403);
    await stepUp(ada);
    expect((await ask(ada)).status).toBe(201);
  });

  it('gives scopes of admins to admins only', async () => {
    const [admin, moderator] = [await staff(here, 'admin'), await staff(here, 'moderator')];
    for (const who of [ada, moderator])
      expectRefused(await ask(who, { scopes: ['profile:read', 'admin:users:read'] }), 'insufficient_role', 403);
    expect((await ask(admin, { scopes: ALL_SCOPES })).status).toBe(201);
  });

  it('tells the owner by mail, without the name that somebody may have chosen', async () => {
    const { body } = await ask(ada, { name: 'call 0900 123', scopes: ['profile:write', 'profile:read'] });
    const [mail] = await mailsTo(here, ada.email, 'A new personal access token was created');
    expect(mail?.text).toContain(`ends with ${body.last_four}`);
    expect(mail?.text).toContain('profile:read, profile:write');
    expect(mail?.text).not.toContain('0900');
    expect(await mailsTo(here, bob.email, 'token')).toEqual([]);
  });

  it('is in the audit, and in what the owner sees of it', async () => {
    const { id, last_four, expires_at } = await made(ada);
    const [event] = (await auditOf(here, ada.id)).filter(({ action }) => action === 'token.created');
    expect(event).toMatchObject({
      actor_id: ada.id,
      session_id: expect.stringMatching(UUID),
      ip: '127.0.0.1',
      after: { token: id, last_four, expires_at, scopes: 'profile:read profile:write' },
    });
    const activity = (await ada.api.get('/users/me/activity')).body as { action: string; by: string }[];
    expect(activity[0]).toMatchObject({ action: 'token.created', by: 'self' });
  });

  describe('at the limit', () => {
    const fill = ({ id }: Person, count: number, ends = '1 day', revoked = false): Promise<unknown> =>
      here.pool.query(
        `INSERT INTO personal_tokens (id, user_id, name, scopes, token_hash, last_four, second_factor, created_at, expires_at, revoked_at)
         SELECT gen_random_uuid(), $1, 'x', '{}', uuid_send(gen_random_uuid()), 'xxxx', false, now(), now() + $3::interval,
                CASE WHEN $4 THEN now() END FROM generate_series(1, $2)`,
        [id, count, ends, revoked],
      );

    it('makes exactly as many as there is room for, however many ask at once', async () => {
      await fill(ada, TOKENS_PER_USER - 3);
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(ada)));
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused.map(({ status, body }) => [status, body.code])).toEqual(
        Array(7).fill([409, 'token_limit_reached']),
      );
      const tokens = await listOf(ada);
      expect(tokens).toHaveLength(TOKENS_PER_USER);
      await ada.api.delete(`/auth/tokens/${tokens[0]?.id}`);
      expect((await ask(ada)).status).toBe(201);
    });

    it('counts neither tokens that have ended nor those of others', async () => {
      await fill(ada, TOKENS_PER_USER, '-1 s');
      await fill(ada, TOKENS_PER_USER, '1 day', true);
      await fill(bob, TOKENS_PER_USER);
      expect((await ask(ada)).status).toBe(201);
      expect(await listOf(ada)).toHaveLength(1);
    });
  });

  it.each([
    ['the session ended', `UPDATE sessions SET revoked_at = now() WHERE user_id = $1`, 'token_revoked'],
    ['the account changed', `UPDATE users SET token_epoch = token_epoch + 1 WHERE id = $1`, 'token_stale'],
  ])('makes none when %s while it waited', async (_, change, code) => {
    const holder = await here.pool.connect();
    let waiting: Promise<Answer>;
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
      waiting = ask(ada);
      await eventually(() => someoneWaits(here.pool));
      await holder.query(change, [ada.id]);
      await holder.query('COMMIT');
    } finally {
      holder.release();
    }
    expectRefused(await waiting, code);
    expect((await here.pool.query('SELECT 1 FROM personal_tokens WHERE user_id = $1', [ada.id])).rowCount).toBe(0);
  });
});

describe('GET and DELETE /auth/tokens', () => {
  it("lists the caller's own that have not ended, the newest first", async () => {
    const [first, second] = [await made(ada), await made(ada, ['profile:write'])];
    await made(bob);
    const third = await made(ada);
    expect((await ada.api.delete(`/auth/tokens/${second.id}`)).status).toBe(204);
    const listed = await listOf(ada);
    expect(listed.map(({ id }) => id)).toEqual([third.id, first.id]);
    expect({ ...listed[0], token: third.token }).toEqual(third);
  });

  it('revokes one at once, and no other', async () => {
    const [one, other] = [await made(ada), await made(ada)];
    await expectWorks(one);
    const answer = await ada.api.delete(`/auth/tokens/${one.id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    await expectEnded(one);
    await expectWorks(other);
    await expectLive(here, ada);
    const [event] = (await auditOf(here, ada.id)).filter(({ action }) => action === 'token.revoked');
    expect(event).toMatchObject({ actor_id: ada.id, after: { token: one.id, reason: 'owner' } });
  });

  it('refuses a revoked one that this instance has never seen', async () => {
    const token = await made(ada);
    await ada.api.delete(`/auth/tokens/${token.id}`);
    await expectEnded(token);
    await expectEnded(token, 'token_revoked', await start());
  });

  it("knows no token of another person's, and none twice", async () => {
    const token = await made(ada);
    expectRefused(await bob.api.delete(`/auth/tokens/${token.id}`), 'token_not_found', 404);
    await expectWorks(token);
    const answers = await Promise.all(Array.from({ length: 6 }, () => ada.api.delete(`/auth/tokens/${token.id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404, 404]);
    expect((await auditOf(here, ada.id)).filter(({ action }) => action === 'token.revoked')).toHaveLength(1);
  });

  it.each(['1', 'x', MISSING, '%00'])('answers 404 to %s', async (id) => {
    expect((await ada.api.delete(`/auth/tokens/${id}`)).status).toBe(404);
  });

  it('are closed to nobody', async () => {
    expectRefused(await here.api.get('/auth/tokens'), 'authentication_required');
    expectRefused(await here.api.delete(`/auth/tokens/${MISSING}`), 'authentication_required');
  });
});

describe('admins', () => {
  it("see an account's tokens and revoke them, which is in the audit", async () => {
    const admin = await staff(here, 'admin');
    const token = await made(ada);
    const listed = await admin.api.get(`/admin/users/${ada.id}/tokens`);
    expect(listed.body).toEqual(await listOf(ada));
    expect(listed.text).not.toContain('roost_pat_');
    await expectWorks(token);
    expect((await admin.api.delete(`/admin/users/${ada.id}/tokens/${token.id}`)).status).toBe(204);
    await expectEnded(token);
    const [event] = (await auditOf(here, ada.id)).filter(({ action }) => action === 'token.revoked');
    expect(event).toMatchObject({ actor_id: admin.id, after: { token: token.id, reason: 'admin' } });
    const again = await admin.api.delete(`/admin/users/${ada.id}/tokens/${token.id}`);
    expectRefused(again, 'token_not_found', 404);
  });

  it('find a token only at its owner', async () => {
    const admin = await staff(here, 'admin');
    const token = await made(ada);
    const elsewhere = await admin.api.delete(`/admin/users/${bob.id}/tokens/${token.id}`);
    expectRefused(elsewhere, 'token_not_found', 404);
    expectRefused(await admin.api.get(`/admin/users/${MISSING}/tokens`), 'user_not_found', 404);
    expectRefused(await admin.api.delete(`/admin/users/${MISSING}/tokens/${token.id}`), 'user_not_found', 404);
    await expectWorks(token);
  });

  it('are not moderators', async () => {
    const moderator = await staff(here, 'moderator');
    expectRefused(await moderator.api.get(`/admin/users/${ada.id}/tokens`), 'insufficient_role', 403);
  });
});

describe('a request with a token', () => {
  it("is the owner's", async () => {
    const token = await made(ada);
    const { status, body } = await by(token).patch('/users/me', { bio: 'by a script' });
    expect([status, body.id]).toEqual([200, ada.id]);
    expect((await by(token).get('/users/me')).body.bio).toBe('by a script');
    expect((await by(await made(bob)).get('/users/me')).body.id).toBe(bob.id);
  });

  it("does not open another person's task", async () => {
    const { body: task } = await ada.api.post('/tasks', { title: 'hers' });
    const token = await made(bob, ['tasks:read', 'tasks:write']);
    expect((await by(token).get(`/tasks/${task.id}`)).body.code).toBe('task_forbidden');
    expect((await by(token).get('/tasks')).body).toEqual([]);
  });

  it('makes no query once the token is known, also to be refused', async () => {
    const token = await made(ada);
    await by(token).get('/users/me');
    const known = await watchAllQueries(() => Promise.all(Array.from({ length: 20 }, () => knock(token))));
    expect(known.statements).toEqual([]);
    await ada.api.delete(`/auth/tokens/${token.id}`);
    const ended = await watchAllQueries(() => expectEnded(token));
    expect(ended.statements).toEqual([]);
  });

  it('costs one query for a token that nobody was given', async () => {
    const { result, statements } = await watchAllQueries(() => knock({ token: tokenOf(randomBytes(32)) }));
    expectRefused(result, 'invalid_token');
    expect(result.headers.get('www-authenticate')).toBe('Bearer realm="roost", error="invalid_token"');
    expect(statements).toHaveLength(1);
  });

  it.each([
    ['a wrong character', (token: string) => token.slice(0, 20) + (token[20] === 'a' ? 'b' : 'a') + token.slice(21)],
    ['a wrong checksum', (token: string) => token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a')],
    ['a lost end', (token: string) => token.slice(0, -2)],
    ['more at its end', (token: string) => `${token}1`],
    ['nothing after the prefix', () => 'roost_pat_'],
    ['something around it', (token: string) => `x${token}`],
    ['a dot in it', (token: string) => `${token}.${token}`],
    ['ten thousand characters', (token: string) => token + 'a'.repeat(10_000)],
  ])('costs no query for %s', async (_, change) => {
    const token = await made(ada);
    const { result, statements } = await watchAllQueries(() => knock({ token: change(token.token) }));
    expectRefused(result, 'invalid_token');
    expect(statements).toEqual([]);
    await expectWorks(token);
  });

  it.each([
    ['in the query', (token: string) => here.api.get(`/users/me?access_token=${token}`), 401],
    [
      'with another scheme',
      (token: string) => here.api.with({ authorization: `Basic ${token}` }).get('/users/me'),
      401,
    ],
    ['as two words', (token: string) => here.api.with({ authorization: `Bearer ${token} x` }).get('/users/me'), 401],
    [
      'with a lower-case scheme',
      (token: string) => here.api.with({ authorization: `bearer  ${token}` }).get('/users/me'),
      200,
    ],
  ])('is authenticated only by a bearer token: %s', async (_, send, status) => {
    const { token } = await made(ada);
    expect((await send(token)).status).toBe(status);
  });

  it('knows no refresh, and is no service', async () => {
    const { token } = await made(ada);
    expectRefused(await here.api.post('/auth/refresh', { refresh_token: token }), 'invalid_refresh_token');
    expectRefused(await here.api.as(token).get('/auth/revocations'), 'invalid_token');
  });
});

describe('a token that expires', () => {
  it('works until its moment, and not after', async () => {
    const { body } = await ask(ada, { expires_in_days: 1, scopes: ['profile:write'] });
    const token = body as Token;
    await expectWorks(token);
    here.clock.advance('23h');
    await expectWorks(token);
    here.clock.advance('1h');
    await expectEnded(token, 'token_expired');
  });

  it('is judged by the clock while it is remembered, and makes no query', async () => {
    const { body } = await ask(ada, { expires_in_days: 1, scopes: ['profile:write'] });
    const token = body as Token;
    here.clock.advance('23h');
    here.clock.advance('58m');
    await expectWorks(token);
    here.clock.advance('3m');
    const { statements } = await watchAllQueries(() => expectEnded(token, 'token_expired'));
    expect(statements).toEqual([]);
  });

  it('is judged by the database where it is not remembered', async () => {
    const { body } = await ask(ada, { expires_in_days: 1, scopes: ['profile:write'] });
    const token = body as Token;
    const late = await start();
    await here.pool.query('UPDATE personal_tokens SET expires_at = now() WHERE id = $1', [token.id]);
    await expectEnded(token, 'token_expired', late);
    expect(await listOf(ada)).toEqual([]);
  });
});

describe('scopes', () => {
  /** Of another path than the scope's, so that no request changes what the next one needs. */
  const operations = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
  );
  const isOpen = ({ security }: { security: object[] }): boolean => security.length === 0;
  const pathOf = (path: string): string =>
    path.replace(/\{(?:user|session|token|passkey)_id\}/g, MISSING).replace(/\{\w+\}/g, '1');
  const send = (token: { token: string }, { method, path }: { method: string; path: string }): Promise<Answer> =>
    by(token).send(method, pathOf(path), method === 'GET' || method === 'DELETE' ? undefined : {});
  const isLacking = ({ status, body }: Answer): boolean => status === 403 && body.code === 'insufficient_scope';

  it('are those of the document, each needed by a route, and some of them are these', async () => {
    const { body } = await ask(ada, { scopes: ['nothing'] });
    expect(body.errors[0].detail).toBe(`must be of ${ALL_SCOPES.join(', ')}`);
    const ofAdmins = ['admin:users:read', 'admin:users:write', 'admin:audit:read', 'admin:stats:read'];
    expect(ALL_SCOPES).toEqual(expect.arrayContaining(['profile:read', 'profile:write', ...ofAdmins]));
  });

  it.each([
    'tasks:read',
    'tasks:write',
    'posts:read',
    'posts:write',
    'people:read',
    'people:write',
    'timeline:read',
    'admin:posts:write',
  ])('have %s', (scope) => {
    expect(ALL_SCOPES).toContain(scope);
  });

  it('are of admins exactly under /admin, and of reading exactly for GET', () => {
    for (const { method, path, 'x-scopes': scopes, security } of operations) {
      if (!scopes) continue;
      expect([path, scopes[0]?.startsWith('admin:')]).toEqual([path, path.startsWith('/api/v1/admin/')]);
      expect([path, scopes[0]?.endsWith(':read')]).toEqual([path, method === 'GET']);
      expect(security).toContainEqual({ personal_access_token: scopes });
    }
  });

  it('of every ordinary kind open nothing under /auth and /admin, and no route without a scope', async () => {
    const token = await made(ada, ORDINARY);
    const served = here.routes.filter((route) => route.includes(' /api/v1/') && !route.startsWith('HEAD '));
    expect(served).toHaveLength(operations.filter(({ path }) => path.startsWith('/api/v1/')).length);
    const opened: string[] = [];
    for (const route of served) {
      const [method = '', path = ''] = route.split(' ');
      const operation = operations.find(
        (each) => each.method === method && each.path === path.replace(/:(\w+)/g, '{$1}'),
      );
      if (!operation || isOpen(operation)) continue;
      const answer = await send(token, operation);
      if ('service' in (operation.security[0] ?? {})) expectRefused(answer, 'invalid_token');
      else if (!isLacking(answer)) opened.push(route);
    }
    expect(opened.filter((route) => /^\w+ \/api\/v1\/(?:auth|admin)\b/.test(route))).toEqual([]);
    const scoped = operations.filter(({ 'x-scopes': [scope = 'admin:'] = [] }) => !scope.startsWith('admin:'));
    expect(opened.sort()).toEqual(
      scoped.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`).sort(),
    );
  });

  it.each(ORDINARY)('%s opens its routes, and no others [V10.3.2]', async (scope) => {
    const token = await made(ada, [scope]);
    for (const operation of operations) {
      if (isOpen(operation) || 'service' in (operation.security[0] ?? {})) continue;
      const needed = operation['x-scopes']?.[0];
      const answer = await send(token, operation);
      expect([operation.method, operation.path, isLacking(answer)]).toEqual([
        operation.method,
        operation.path,
        needed !== scope,
      ]);
      if (needed === scope) expect([200, 201, 204, 403, 404, 422]).toContain(answer.status);
      const challenge = `Bearer realm="roost", error="insufficient_scope"${needed === undefined ? '' : `, scope="${needed}"`}`;
      if (needed !== scope) expect(answer.headers.get('www-authenticate')).toBe(challenge);
    }
  });

  it.each([
    ['HEAD', '/api/v1/users/me'],
    ['GET', '/api/users/me'],
    ['GET', '/api/v1/%75sers/me'],
    ['GET', '/api/v1/users/me?'],
  ])('hold for every spelling of a request: %s %s', async (method, path) => {
    const tokens = [await made(ada, ['profile:read']), await made(ada, ['profile:write'])];
    const answers = tokens.map(({ token }) =>
      fetch(here.url + path, { method, headers: { authorization: `Bearer ${token}` } }),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 403]);
  });

  it('never let a token make, see or revoke tokens, log out, or change what proves its owner [V7.2.2] [V8.2.1]', async () => {
    const admin = await staff(here, 'admin');
    const token = await made(admin, ALL_SCOPES);
    const closed: [string, string, object?][] = [
      ['POST', '/auth/tokens', { name: 'x', scopes: ['profile:read'], expires_in_days: 1 }],
      ['GET', '/auth/tokens'],
      ['DELETE', `/auth/tokens/${token.id}`],
      ['DELETE', `/admin/users/${admin.id}/tokens/${token.id}`],
      ['GET', '/auth/sessions'],
      ['POST', '/auth/logout', { scope: 'global' }],
      ['PUT', '/auth/password', { current_password: PASSWORD, new_password: 'another horse battery' }],
      ['POST', '/users/me/email', { current_password: PASSWORD, email: 'thief@example.org' }],
      ['DELETE', '/users/me', { current_password: PASSWORD }],
      ['POST', '/users/me/delete', { current_password: PASSWORD }],
      ['GET', '/users/me/export'],
      ['GET', '/users/me/activity'],
      ['PATCH', `/admin/users/${ada.id}`, { role: 'admin' }],
      ['POST', '/admin/users', { email: 'accomplice@example.org', role: 'admin' }],
      ['DELETE', `/admin/users/${ada.id}/second-factors`],
      ['POST', '/auth/step-up', { password: PASSWORD }],
    ];
    for (const [method, path, body] of closed)
      expectRefused(await by(token).send(method, path, body), 'insufficient_scope', 403);
    await expectWorks(token);
    await expectLive(here, admin);
  });

  it('open these of the routes that need a step-up: their proof was given when the token was made', async () => {
    const open = operations.filter((operation) => operation['x-step-up'] && operation['x-scopes']);
    const admin = '/api/v1/admin/users/{user_id}';
    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      ['disable', 'enable', 'logout', 'password-reset'].reduce(
        (routes, name) => [...routes, `POST ${admin}/${name}`],
        [`DELETE ${admin}`],
      ),
    );
    const token = await made(await staff(here, 'admin'), ['admin:users:write']);
    here.clock.advance('2h');
    expect((await by(token).post(`/admin/users/${ada.id}/logout`)).status).toBe(204);
  });

  it('of admins are of use only with a second factor at their making, where staff needs one', async () => {
    const strict = await start({ env: { STAFF_MFA: 'required' } });
    const admin = await staff(here, 'admin');
    const before = await made(admin, ['admin:stats:read']);
    expectRefused(await by(before, strict).get('/admin/stats'), 'second_factor_required', 403);
    await enrol(here, admin);
    const after = await made(admin, ['admin:stats:read']);
    expect((await by(after, strict).get('/admin/stats')).status).toBe(200);
    expectRefused(await by(before, strict).get('/admin/stats'), 'second_factor_required', 403);
  });

  it('of admins open the routes of admins', async () => {
    const admin = await staff(here, 'admin');
    const token = await made(
      admin,
      ALL_SCOPES.filter((scope) => scope.startsWith('admin:')),
    );
    for (const path of ['/admin/users', `/admin/users/${ada.id}/tokens`, '/admin/audit', '/admin/stats'])
      expect([path, (await by(token).get(path)).status]).toEqual([path, 200]);
    expect((await by(token).post(`/admin/users/${ada.id}/disable`, { reason: 'spam' })).status).toBe(204);
    expectRefused(await by(token).get('/users/me'), 'insufficient_scope', 403);
  });
});

describe('a change of the role', () => {
  const setRole = async (admin: Person, { id }: Person, role: string): Promise<void> => {
    expect((await admin.api.patch(`/admin/users/${id}`, { role })).status).toBe(200);
  };

  it('leaves the token, but takes what needs the role, and gives it back with the role', async () => {
    const [admin, demoted] = [await staff(here, 'admin'), await staff(here, 'admin')];
    await here.pool.query('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [demoted.id]);
    const there = await start();
    const token = await made(demoted, ['profile:write', 'admin:stats:read']);
    const asks = async (app: TestApp): Promise<[number, number]> => [
      (await by(token, app).get('/admin/stats')).status,
      (await knock(token, app)).status,
    ];
    expect([await asks(here), await asks(there)]).toEqual([
      [200, 422],
      [200, 422],
    ]);
    await setRole(admin, demoted, 'user');
    expectRefused(await by(token).get('/admin/stats'), 'insufficient_role', 403);
    expect(await asks(here)).toEqual([403, 422]);
    await eventually(async () => (await asks(there))[0] === 403);
    expect(await asks(there)).toEqual([403, 422]);
    await setRole(admin, demoted, 'admin');
    expect(await asks(here)).toEqual([200, 422]);
    await eventually(async () => (await asks(there))[0] === 200);
  });

  it('is read once, and then remembered again', async () => {
    const token = await made(ada);
    await expectWorks(token);
    const admin = await staff(here, 'admin');
    await here.pool.query('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [ada.id]);
    await setRole(admin, ada, 'moderator');
    const first = await watchAllQueries(() => expectWorks(token));
    expect(first.statements).toHaveLength(1);
    const second = await watchAllQueries(() => expectWorks(token));
    expect(second.statements).toEqual([]);
  });
});

describe('what ends all tokens of an account', () => {
  const reset = async ({ email }: Person): Promise<void> => {
    await here.api.post('/auth/password/forgot', { email });
    const token = await mailedToken(here, email, 'Choose a new password');
    const answer = await here.api.post('/auth/password/reset', { token, new_password: 'another horse battery' });
    expect(answer.status).toBe(204);
  };
  const undo = async ({ api, email }: Person): Promise<void> => {
    const asked = await api.post('/users/me/email', { email: `new_${email}`, current_password: PASSWORD });
    expect(asked.status).toBe(202);
    const token = await mailedToken(here, email, 'Your e-mail address is about to change');
    const answer = await here.api.post('/auth/email/undo', { token, new_password: 'another horse battery' });
    expect(answer.status).toBe(204);
  };
  const asAdmin =
    (method: string, path: string, body?: object) =>
    async ({ id }: Person): Promise<void> => {
      const admin = await staff(here, 'admin');
      expect((await admin.api.send(method, `/admin/users/${id}${path}`, body)).status).toBeLessThan(300);
    };

  it.each<[string, (who: Person) => Promise<void>, string]>([
    ['a reset of the password', reset, 'password_reset'],
    ['the undoing of a change of the address', undo, 'email_undo'],
    ['a ban', asAdmin('POST', '/disable', { reason: 'spam' }), 'ban'],
    ['a forced logout', asAdmin('POST', '/logout'), 'forced_logout'],
    ['a deletion by an admin', asAdmin('DELETE', ''), 'account_deletion'],
    [
      'a deletion by the owner',
      async ({ api }) => {
        expect((await api.delete('/users/me', { current_password: PASSWORD })).status).toBe(202);
      },
      'account_deletion',
    ],
  ])('is %s, on every instance', async (_, end, reason) => {
    const who = await confirmedPerson(here, 'eve');
    const there = await start();
    const tokens = [await made(who), await made(who)];
    const untouched = await made(ada);
    for (const token of tokens) for (const app of [here, there]) await expectWorks(token, app);
    await end(who);
    for (const token of tokens) await expectEnded(token);
    for (const token of tokens) await untilRefused(token, there);
    await expectWorks(untouched);
    await expectWorks(untouched, there);
    const events = (await auditOf(here, who.id)).filter(({ action }) => action === 'token.revoked');
    expect(events.map(({ after }) => after?.reason)).toEqual([reason, reason]);
  });

  it('does not come back with the end of a ban, or of a deletion', async () => {
    const admin = await staff(here, 'admin');
    const token = await made(ada);
    await expectWorks(token);
    await admin.api.post(`/admin/users/${ada.id}/disable`, { reason: 'spam' });
    await admin.api.post(`/admin/users/${ada.id}/enable`);
    await expectEnded(token);
    const left = await made(bob);
    await bob.api.delete('/users/me', { current_password: PASSWORD });
    await login(here, bob.email);
    await expectEnded(left);
  });

  it.each<[string, (who: Person) => Promise<Answer>]>([
    ['a logout', ({ api }) => api.post('/auth/logout')],
    ['a logout of all', ({ api }) => api.post('/auth/logout', { scope: 'global' })],
    [
      'a change of the password',
      ({ api }) => api.put('/auth/password', { current_password: PASSWORD, new_password: 'another horse battery' }),
    ],
  ])('is not %s', async (_, change) => {
    const token = await made(ada);
    expect((await change(ada)).status).toBeLessThan(300);
    await expectWorks(token);
    await expectWorks(token, await start());
  });

  it('is not a rename, nor the end of the session that made it', async () => {
    const token = await made(ada, ['profile:write']);
    expect((await by(token).patch('/users/me', { username: `${ada.username}x` })).status).toBe(200);
    const [event] = (await auditOf(here, ada.id)).filter(({ action }) => action === 'user.renamed');
    expect(event?.session_id).toBe(token.id);
    await expectWorks(token);
  });
});

describe('on two instances', () => {
  it('a token that ended on one is refused on the other', async () => {
    const there = await start();
    const token = await made(ada);
    await expectWorks(token, there);
    await ada.api.delete(`/auth/tokens/${token.id}`);
    await untilRefused(token, there);
  });

  it('a token that one was reading while it ended on the other is refused at the next request', async () => {
    const there = await start();
    for (let round = 0; round < 20; round += 1) {
      const token = await made(ada);
      await Promise.all([knock(token, there), ada.api.delete(`/auth/tokens/${token.id}`)]);
      await untilRefused(token, there);
      await expectEnded(token, 'token_revoked', there);
    }
  });

  it('a remembered token is read again long before its end is forgotten', async () => {
    const token = await made(ada);
    await expectWorks(token);
    // As of an end that `revocations` no more has.
    await here.pool.query('UPDATE personal_tokens SET revoked_at = now() WHERE id = $1', [token.id]);
    await expectWorks(token);
    here.clock.advance('61m');
    await expectEnded(token);
    expect(REMEMBERED.forMs).toBeLessThan(24 * 3_600_000);
  });
});

describe('an instance that is cut off from the database', () => {
  const through = async (): Promise<{ wire: Relay; there: TestApp }> => {
    const wire = await Relay.to(here.databaseUrl);
    relays.push(wire);
    return { wire, there: await start({ through: wire }) };
  };

  it('serves what it knows for five seconds, refuses what it does not, and then everything', async () => {
    const { wire, there } = await through();
    const [known, revoked, unknown] = [await made(ada), await made(ada), await made(ada)];
    for (const token of [known, revoked]) await expectWorks(token, there);
    await wire.cut();
    await ada.api.delete(`/auth/tokens/${revoked.id}`);
    const [served, refused] = await Promise.all([knock(known, there), knock(unknown, there)]);
    expect([served.status, refused.status, refused.body.code]).toEqual([422, 503, 'database_unavailable']);
    await eventually(async () => {
      const { status } = await knock(known, there);
      if (status !== 422) expect(status).toBe(503);
      return status === 503;
    });
    expect((await knock(revoked, there)).status).toBe(503);
    await wire.restore();
    await eventually(async () => {
      const { status, body } = await knock(revoked, there);
      if (status !== 503) expect([status, body.code]).toEqual([401, 'token_revoked']);
      return status !== 503;
    });
    await expectWorks(known, there);
    await expectWorks(unknown, there);
  });

  it('asks the database for each request when only the revocations cannot be read', async () => {
    // As with a way of its own, a read is given up soon.
    const there = await start({ through: { url: here.databaseUrl } });
    const tokens = [await made(ada), await made(ada), await made(bob)];
    const [kept, ended, gone] = tokens as [Token, Token, Token];
    for (const token of tokens) await expectWorks(token, there);
    const holder = await here.pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE revocations IN ACCESS EXCLUSIVE MODE');
      await eventually(() => there.events.includes('revocations_unread'));
      await eventually(async () => (await watchAllQueries(() => knock(kept, there))).statements.length > 0);
      await here.pool.query('UPDATE personal_tokens SET revoked_at = now() WHERE id = $1', [ended.id]);
      await expectEnded(ended, 'token_revoked', there);
      await here.pool.query('UPDATE users SET token_epoch = token_epoch + 1 WHERE id = $1', [ada.id]);
      await expectWorks(kept, there);
      await here.pool.query('DELETE FROM users WHERE id = $1', [bob.id]);
      await expectEnded(gone, 'token_revoked', there);
      await here.pool.query(`UPDATE users SET status = 'disabled', token_epoch = token_epoch + 1 WHERE id = $1`, [
        ada.id,
      ]);
      await expectEnded(kept, 'token_revoked', there);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });
});

describe('a stream', () => {
  const open = async (token: Token, app = here): Promise<TestStream> => {
    const stream = await TestStream.open(app, { access_token: token.token });
    streams.push(stream);
    return stream;
  };
  const endOf = (stream: TestStream): string | undefined => stream.of('end')[0]?.data.code as string | undefined;

  it('ends with its token, on every instance, and no other stream of the person does', async () => {
    const there = await start();
    const [token, other] = [await made(ada, ['timeline:read']), await made(ada, ['timeline:read'])];
    const [one, far, kept] = [await open(token), await open(token, there), await open(other)];
    await ada.api.delete(`/auth/tokens/${token.id}`);
    await eventually(() => endOf(one) === 'token_revoked' && endOf(far) === 'token_revoked');
    expect(kept.ended).toBe(false);
  });

  it('ends when its token expires', async () => {
    const { body } = await ask(ada, { scopes: ['timeline:read'], expires_in_days: 1 });
    const stream = await open(body as Token);
    here.clock.advance('24h');
    await eventually(() => endOf(stream) === 'token_expired');
  });

  it('needs the scope of the timeline', async () => {
    const token = await made(ada, ['posts:read', 'profile:read']);
    expectRefused(await by(token).get('/timeline/stream'), 'insufficient_scope', 403);
  });
});

describe('the last use', () => {
  const used = async (token: Token): Promise<Date | null> => (await rowOf(token))?.last_used_at as Date | null;

  it('is noted, and shown, once an hour for all instances', async () => {
    const there = await start();
    const token = await made(ada);
    expect(await used(token)).toBeNull();
    await expectWorks(token);
    await eventually(async () => (await used(token)) !== null);
    const first = await used(token);
    expect((await listOf(ada))[0]?.last_used_at).toBe(first?.toISOString());
    await expectWorks(token, there);
    here.clock.advance('59m');
    const { statements } = await watchAllQueries(() => expectWorks(token));
    expect(statements.filter((text) => text.includes('last_used_at ='))).toEqual([]);
    expect(await used(token)).toEqual(first);
    here.clock.advance('2m');
    await expectWorks(token);
    await eventually(async () => Number(await used(token)) > Number(first));
  });

  it('fails no request when it cannot be noted', async () => {
    const token = await made(ada);
    const holder = await here.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM personal_tokens WHERE id = $1 FOR UPDATE', [token.id]);
      await expectWorks(token);
      await expectWorks(token);
      await eventually(() => someoneWaits(here.pool));
      await holder.query('DELETE FROM personal_tokens WHERE id = $1', [token.id]);
      await holder.query('COMMIT');
    } finally {
      holder.release();
    }
  });

  it('is not that of a refused request', async () => {
    const token = await made(ada);
    await ada.api.delete(`/auth/tokens/${token.id}`);
    await expectEnded(token);
    expect(await used(token)).toBeNull();
  });
});

describe('limits', () => {
  let limited: TestApp;

  beforeEach(async () => {
    limited = await start({ env: { RATE_LIMIT: 'on' } });
  });

  const left = ({ headers }: Answer, name: string): number | undefined => {
    const found = new RegExp(`"${name}";r=(\\d+)`).exec(headers.get('ratelimit') ?? '');
    return found ? Number(found[1]) : undefined;
  };

  it('are those of the token and of all tokens, and not those of the person', async () => {
    const [one, other] = [await made(ada), await made(ada)];
    const first = await knock(one, limited);
    expect(first.headers.get('ratelimit-policy')).toBe(
      '"address";q=600;w=60, "token";q=600;w=60, "tokens";q=1200;w=60',
    );
    expect([left(first, 'token'), left(first, 'tokens'), left(first, 'user')]).toEqual([599, 1_199, undefined]);
    const second = await knock(other, limited);
    expect([left(second, 'token'), left(second, 'tokens')]).toEqual([599, 1_198]);
    const own = await limited.api.as(ada.access_token).patch('/users/me', { display_name: '' });
    expect([left(own, 'user'), left(own, 'token')]).toEqual([1_199, undefined]);
  });

  it('stop a script, and neither its owner nor another script', async () => {
    const [one, other] = [await made(ada), await made(ada)];
    const proxied = await start({ env: { RATE_LIMIT: 'on', TRUST_PROXY: '127.0.0.0/8' } });
    let address = 0;
    const from = (token: string): Promise<Answer> =>
      proxied.api
        .with({ authorization: `Bearer ${token}`, 'x-forwarded-for': `198.51.100.${(address += 1) % 200}` })
        .patch('/users/me', { display_name: '' });
    const answers = await Promise.all(Array.from({ length: 605 }, () => from(one.token)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(5);
    expect(refused[0]?.body['violated-policies']).toEqual(['token']);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await from(other.token)).status).toBe(422);
    expect((await from(ada.access_token)).status).toBe(422);
  });
});

describe('what is kept of tokens', () => {
  it('is in the export, also of those that ended, without a secret', async () => {
    const [live, revoked] = [await made(ada), await made(ada)];
    await ada.api.delete(`/auth/tokens/${revoked.id}`);
    await made(bob);
    const { body, text } = await ada.api.get('/users/me/export');
    expect(body.personal_tokens).toHaveLength(2);
    const [shown] = (await ada.api.get('/auth/tokens')).body as object[];
    expect(shown).toMatchObject({ id: live.id });
    expect(body.personal_tokens).toContainEqual({ ...shown, revoked_at: null });
    expect(body.personal_tokens).toContainEqual(expect.objectContaining({ id: revoked.id, revoked_at: TIME }));
    expect(text).not.toMatch(/roost_pat_|hash/);
  });

  it('is erased with the account', async () => {
    const eraser = await start({ env: { ACCOUNT_DELETE_DELAY: '0s' } });
    const [token, other] = [await made(ada), await made(bob)];
    await eraser.api.as(ada.access_token).delete('/users/me', { current_password: PASSWORD });
    await eraser.nestApp.get(Erasure).run();
    expect(await rowOf(token)).toBeUndefined();
    await expectWorks(other);
    await expectEnded(token, 'invalid_token');
  });

  it('is cleaned up 30 days after its end', async () => {
    const { body } = await ask(ada, { expires_in_days: 1 });
    const [expired, revoked, live] = [body as Token, await made(ada), await ask(ada, { expires_in_days: 366 })];
    await ada.api.delete(`/auth/tokens/${revoked.id}`);
    const clean = (): Promise<Record<string, number>> => here.nestApp.get(Cleanup).run();
    here.clock.advance('29d');
    await clean();
    expect(await rowOf(revoked)).toBeDefined();
    here.clock.advance('1d');
    await clean();
    expect([await rowOf(revoked), await rowOf(expired)]).toEqual([undefined, expect.anything()]);
    here.clock.advance('1d');
    await clean();
    expect([await rowOf(expired), await rowOf(live.body as Token)]).toEqual([undefined, expect.anything()]);
  });
});

describe('the log', () => {
  it('says which token asked, and never what it is', async () => {
    const token = await made(ada);
    const typo = `${token.token.slice(0, -1)}${token.token.endsWith('a') ? 'b' : 'a'}`;
    await by(token).get('/users/me');
    await by(token).get('/admin/users');
    await knock({ token: typo });
    await here.api.as(token.token).get(`/admin/users/${token.token}?token=${token.token}`);
    await here.api.get(`/${token.token}`);
    await here.api.post('/auth/login', { email: token.token, password: token.token });
    await ada.api.delete(`/auth/tokens/${token.id}`);
    await expectEnded(token);
    const secret = token.token.slice('roost_pat_'.length, -6);
    expect(here.log.filter((line) => line.includes(secret))).toEqual([]);
    const lines = here.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    const asked = lines.filter((line) => line.token === token.id && line.msg === 'request');
    expect(asked.map(({ path, user, session }) => [path, user, session])).toContainEqual([
      '/api/v1/users/me',
      ada.id,
      undefined,
    ]);
    expect(here.events).toEqual(expect.arrayContaining(['token_created', 'token_revoked']));
  });
});
