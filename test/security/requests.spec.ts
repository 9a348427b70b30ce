/** What requirements ask of requests and answers, where no other test does. */
import pg from 'pg';

import { TestApp } from '../support/app.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';
import { claimsOf } from '../support/jwt.js';
import { linkIn, mailsTo, tokenIn } from '../support/mailbox.js';
import { confirmedPerson, login, PASSWORD, person, type Person, staff } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { head, request } from '../support/raw.js';

const DOCUMENT = 'openapi.json';

describe('requests', () => {
  let app: TestApp;
  let ada: Person;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [ada, bob] = [await confirmedPerson(app, 'ada'), await person(app, 'bob')];
  });

  afterAll(() => app.stop());

  it('are decoded once [V1.1.1]', async () => {
    const admin = await staff(app, 'admin');
    const { body: me } = await ada.api.patch('/users/me', { display_name: '100%25 %2574' });
    expect(me.display_name).toBe('100%25 %2574');
    const once = ada.id.replace(/./, (digit) => `%${digit.charCodeAt(0).toString(16)}`);
    expect((await admin.api.get(`/admin/users/${once}`)).status).toBe(200);
    expectProblem(await admin.api.get(`/admin/users/${once.replace('%', '%25')}`), 404, 'user_not_found');
    for (const path of ['/api/v1/%252e%252e/health/live', '/api/v1/%2561uth/me'])
      expectProblem(await app.api.get(path), 404, 'route_not_found');
    const found = async (q: string): Promise<number> =>
      (await admin.api.get(`/admin/users?q=${q}`)).body.length as number;
    expect([await found('%252574'), await found('%2574')]).toEqual([1, 0]);
  });

  const texts = [
    ['line separators', 'a\u2028b\u2029c\u0085d'],
    ['a script', '</script><script>alert(1)</script><!--'],
    ['quotes and escapes', `"'\\\\"\\u0022\\n\t`],
    ['templates', '{{7*7}} ${7*7} <%= 7*7 %> #{7*7} {{constructor.constructor("return 1")()}} %s %n'],
    ['what a shell reads', '$(id) `id` ; id | id && id'],
    ['what turns the direction of text', '\u202eabc\u202c\u2066def\u2069'],
  ] as const;

  it.each(texts)('give back %s as they came, in JSON and nothing else [V1.2.3] [V1.3.7] [V1.3.3]', async (_, text) => {
    const answer = await ada.api.patch('/users/me', { bio: text });
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(JSON.parse(answer.text)).toMatchObject({ bio: text });
  });

  it.each(texts)('give back %s of tasks as they came', async (_, text) => {
    const answer = await ada.api.post('/tasks', { title: text, description: text });
    expect(JSON.parse(answer.text)).toMatchObject({ title: text, description: text });
  });

  it.each(texts)('give back %s of posts as they came', async (_, text) => {
    const { body } = await ada.api.post('/posts', { text });
    expect((await ada.api.get(`/posts/${body.id}`)).body.text).toBe(text);
  });

  it.each([
    'a@example.org\r\nRCPT TO:<eve@evil.example>',
    'a@example.org\r\n\r\nSubject: x',
    'a@example.org,eve@evil.example',
    'a@example.org;eve@evil.example',
    'a@example.org eve@evil.example',
    '"a@example.org\\r\\nBcc: eve"@evil.example',
    '"a b"@example.org',
    'Ada <a@example.org>',
    '<a@example.org>',
    'a@example.org>\u0000',
    'a@[127.0.0.1]',
    'a%eve@example.org@evil.example',
    '-oQ/tmp -X/tmp/x@example.org',
  ])('cannot add to a mail by the address %j [V1.3.11]', async (email) => {
    for (const [path, body] of [
      ['/auth/register', { email, password: PASSWORD }],
      ['/auth/password/forgot', { email }],
      ['/auth/email/resend', { email }],
    ] as const)
      expectProblem(await app.api.post(path, body), 400, 'validation_failed');
  });

  it('have tokens in links that are written for an address [V1.2.2]', async () => {
    await app.api.post('/auth/password/forgot', { email: ada.email });
    const [mail] = await mailsTo(app, ada.email, 'Choose a new password');
    if (!mail) throw new Error('no mail');
    const link = linkIn(mail);
    expect(link.hash).toBe(`#token=${encodeURIComponent(tokenIn(mail))}`);
    expect(link.protocol).toMatch(/^https?:$/);
    expect(link.search).toBe('');
  });

  it('with a prototype change none [V1.5.2] [V15.3.6] [T39]', async () => {
    const bodies = [
      '{"__proto__": {"polluted": 1}, "bio": "x"}',
      String.raw`{"\u005f_proto__": {"polluted": 1}, "bio": "x"}`,
      '{"constructor": {"prototype": {"polluted": 1}}, "bio": "x"}',
      '{"bio": {"__proto__": {"polluted": 1}}}',
    ];
    for (const body of bodies) expectProblem(await ada.api.patch('/users/me', body), 422, 'validation_failed');
    for (const query of ['__proto__[polluted]=1', 'constructor.prototype.polluted=1'])
      expectProblem(await ada.api.get(`/users/me/activity?${query}`), 422, 'validation_failed');
    const headers = ['__proto__: polluted', 'constructor: polluted', 'prototype: polluted'];
    expect((await request(app.url, head('GET /health/live', ...headers))).status).toBe(200);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('with a parameter twice, or in another place, are refused or read in one way [V15.3.7]', async () => {
    const admin = await staff(app, 'admin');
    for (const query of ['limit=1&limit=2', 'q=a&q=b', 'limit=1&LIMIT=2', 'sort=email&sort[]=email'])
      expectProblem(await admin.api.get(`/admin/users?${query}`), 422, 'validation_failed');
    const { body } = await ada.api.patch('/users/me?bio=other', { bio: 'mine' });
    expect(body.bio ?? 'refused').not.toBe('other');
  });

  it('get tokens that nobody keeps [R13] [V14.3.2]', async () => {
    const loggedIn = await app.api.post('/auth/login', { email: bob.email, password: PASSWORD });
    const { refresh_token } = loggedIn.body;
    const refreshed = await app.api.post('/auth/refresh', { refresh_token });
    for (const { status, headers } of [loggedIn, refreshed])
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  it('get another session and other tokens with each login [V7.2.4] [V7.2.3]', async () => {
    const logins = await Promise.all(Array.from({ length: 20 }, () => login(app, bob.email)));
    const ids = logins.flatMap(({ access_token, refresh_token }) => [
      refresh_token,
      access_token,
      String(claimsOf(access_token).sid),
      String(claimsOf(access_token).jti),
    ]);
    expect(new Set(ids).size).toBe(80);
    for (const { refresh_token } of logins) expect(Buffer.from(refresh_token, 'base64url').length).toBeGreaterThan(48);
  });

  it('find no account in a new database [V6.3.2]', async () => {
    const url = await cloneTemplate();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query('SELECT count(*)::int AS accounts FROM users');
    expect(rows).toEqual([{ accounts: 0 }]);
    await client.end();
    await dropDatabase(url);
  });

  it('without a token are told how to prove who they are, and of no error [R10]', async () => {
    const { paths } = (await app.api.get(`/${DOCUMENT}`)).body as { paths: Record<string, object> };
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/, '1')] as const),
    );
    const refused = await Promise.all(routes.map(([method, path]) => app.api.send(method, path)));
    const closed = refused.filter(({ status }) => status === 401);
    expect(closed.length).toBeGreaterThan(40);
    for (const { headers } of closed) expect(headers.get('www-authenticate')).toBe('Bearer realm="roost"');
  });

  it('that are not allowed are in the log, with who asked for what, at what time in UTC [V16.3.2] [V16.2.1] [V16.2.2]', async () => {
    const { body: mods } = await bob.api.get('/admin/users');
    expect(mods.code).toBe('insufficient_role');
    await app.api.get('/users/me');
    const lines = app.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ status }) => status);
    for (const expected of [
      { user: bob.id, path: '/api/v1/admin/users', status: 403, code: 'insufficient_role' },
      { path: '/api/v1/users/me', status: 401, code: 'authentication_required' },
    ])
      expect(lines).toContainEqual(
        expect.objectContaining({
          ...expected,
          method: 'GET',
          ip: '127.0.0.1',
          request_id: expect.any(String),
          time: expect.stringMatching(/Z$/),
        }),
      );
  });

  it('find nothing but routes: no history, settings, source or package [V13.4.1] [V6.3.4] [T60]', async () => {
    for (const path of [
      ...['/.git', '/.git/HEAD', '/.git/config', '/.env', '/.env.example', '/.npmrc', '/.data/postgres/PG_VERSION'],
      ...['/package.json', '/package-lock.json', '/dist/main.js', '/dist/main.js.map', '/src/main.ts', '/main.js.map'],
      ...['/node_modules/fastify/package.json', '/docs/../package.json', '/docs/%2e%2e/package.json', '/server-status'],
      ...[
        '/admin',
        '/phpinfo.php',
        '/actuator',
        '/debug',
        '/api/v1/debug',
        '/graphql',
        '/api/v2/users/me',
        '/swagger.json',
      ],
    ])
      expect([path, (await request(app.url, head(`GET ${path}`))).status]).toEqual([path, 404]);
  });

  it("show nothing of another person's account but what docs/security/policy.md says [V14.2.4] [V8.2.3] [V8.1.2]", async () => {
    const { text, body } = await bob.api.get(`/users/${ada.username}`);
    expect(text).not.toContain(ada.email);
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['role', 'status', 'disabled_reason']));
    expect(text).not.toMatch(/\$2[aby]\$|hashed|token_epoch|salt/);
  });

  it('show what docs/security/policy.md says of each class of data [V14.2.4] [V15.3.1] [V8.2.3] [V8.1.2]', async () => {
    const own = await ada.api.get('/auth/me');
    expect(own.body).toMatchObject({ email: ada.email, role: 'user' });
    expect(own.headers.get('cache-control')).toBe('no-store');
    const admin = await staff(app, 'admin');
    const listed = await admin.api.get(`/admin/users/${ada.id}`);
    expect(listed.body).toMatchObject({ email: ada.email });
    for (const { text } of [own, listed]) expect(text).not.toMatch(/\$2[aby]\$|hashed|token_epoch|salt/);
    const moderator = await staff(app, 'moderator');
    expectProblem(await moderator.api.get(`/admin/users/${ada.id}`), 403, 'insufficient_role');
  });

  it.each([1_000, 90_000, 1_000_000])(
    'with a password of %d characters are refused before a hash [T16] [V15.2.2]',
    async (size) => {
      const password = 'x'.repeat(size);
      const answers = [
        await app.api.post('/auth/register', { email: 'long@example.org', password }),
        await app.api.post('/auth/password/reset', { token: 'a', new_password: password }),
        await ada.api.put('/auth/password', { current_password: PASSWORD, new_password: password }),
      ];
      const expected = size > 100_000 ? 413 : 400;
      expect(answers.map(({ status }) => status)).toEqual([expected, expected, expected]);
      const refused = await app.api.post('/auth/login', { email: ada.email, password });
      expect(refused.status).toBe(size > 100_000 ? 413 : 401);
      expect((await login(app, ada.email)).access_token).not.toBe('');
    },
  );
});
