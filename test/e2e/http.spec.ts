/** The rules of HTTP that hold on every route: one shape of error, closed methods, hardened answers. D1–D17 are the findings these tests answer. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { METHODS } from 'node:http';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { DataSource } from 'typeorm';

import { TestApp } from '../support/app.js';
import { person, type Person } from '../support/people.js';
import { expectHardened, expectProblem, UUID } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { exchange, head, request } from '../support/raw.js';

const JSON_TYPE = 'Content-Type: application/json';
const LOGIN = 'POST /api/v1/auth/login';

const documented = (
  JSON.parse(readFileSync(resolve('openapi.json'), 'utf8')) as { paths: Record<string, Record<string, unknown>> }
).paths;

interface Route {
  readonly path: string;
  readonly allowed: readonly string[];
}

/** Every documented address at each of its prefixes, and those that are no part of the document. */
const ROUTES: Route[] = [
  ...Object.entries(documented).flatMap(([path, item]) => {
    const methods = Object.keys(item).map((method) => method.toUpperCase());
    const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].sort();
    return [...new Set([path, path.replace('/api/v1/', '/api/')])].map((path) => ({ path, allowed }));
  }),
  ...['/metrics', '/openapi.json', '/docs'].map((path) => ({ path, allowed: ['GET', 'HEAD'] })),
];

describe('HTTP', () => {
  let app: TestApp;
  let alice: Person;
  let bearer: string;

  beforeAll(async () => {
    app = await TestApp.start();
    alice = await person(app, 'alice');
    bearer = `Bearer ${alice.access_token}`;
  });

  afterAll(() => app.stop());

  /** Whatever was done to it, Roost goes on. */
  afterEach(async () => {
    const { status } = await app.api.get('/health/live');
    expect(status).toBe(200);
  });

  const send = (method: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, { method, headers: { ...headers, authorization: bearer } });

  const answered = async (response: Response): Promise<{ status: number; headers: Headers; text: string }> => ({
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  });

  const change = async (body: string, type = 'application/json'): ReturnType<typeof answered> =>
    answered(
      await fetch(`${app.url}/api/v1/users/me`, {
        method: 'PATCH',
        headers: { 'content-type': type, authorization: bearer },
        body,
      }),
    );

  const withLength = (requestLine: string, body: string, ...lines: string[]): string =>
    head(requestLine, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`, ...lines) + body;

  describe('what cannot be read is one problem+json (D8, D11) [R18] [R17] [V4.1.1] [T40] [T52] [R16] [R20]', () => {
    const host = (...lines: string[]): string =>
      ['GET /health/live HTTP/1.1', ...lines, 'Connection: close', '', ''].join('\r\n');
    const chunked = (...chunks: string[]): string =>
      head(LOGIN, JSON_TYPE, 'Transfer-Encoding: chunked') + chunks.join('');

    it.each([
      ['bytes that are not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'malformed_request'],
      ['a space in the address', head('GET /a b'), 400, 'malformed_request'],
      ['bare line feeds', 'GET /health/live HTTP/1.1\nHost: a\nConnection: close\n\n', 400, 'malformed_request'],
      ['a folded header', head('GET /health/live', 'X-A: b', ' c'), 400, 'malformed_request'],
      ['NUL in a header', head('GET /health/live', 'X-A: b\0c'), 400, 'malformed_request'],
      ['bytes beyond ASCII in the address', head('GET /\xff\xfe'), 400, 'malformed_request'],
      ['a broken chunk', chunked('zz\r\n{}\r\n0\r\n\r\n'), 400, 'malformed_request'],
      [
        'a length and chunks',
        chunked('0\r\n\r\n').replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n'),
        400,
        'malformed_request',
      ],
      [
        'two lengths',
        head(LOGIN, JSON_TYPE, 'Content-Length: 2', 'Content-Length: 3') + '{}',
        400,
        'malformed_request',
      ],
      ['a space before the colon', head(LOGIN, 'Transfer-Encoding : chunked') + '0\r\n\r\n', 400, 'malformed_request'],
      [
        'an unknown transfer encoding',
        head(LOGIN, JSON_TYPE, 'Transfer-Encoding: xchunked') + '0\r\n\r\n',
        400,
        'malformed_request',
      ],
      ['%ff in the path', head('GET /%ff'), 400, 'malformed_request'],
      ['a truncated sequence in the path', head('GET /api/v1/admin/users/%E0%A4%A'), 400, 'malformed_request'],
      ['%ff in the query', head('GET /health/live?q=%ff'), 400, 'malformed_request'],
      ['a truncated sequence in the query', head('GET /api/v1/users/me?q=%E0%A4%A'), 400, 'malformed_request'],
      ['a surrogate in the query', head('GET /api/v1/users/me?q=%ED%A0%80'), 400, 'malformed_request'],
      ['a name that is no UTF-8 in the query', head('GET /api/v1/users/me?%ff=1'), 400, 'malformed_request'],
      ['no Host', host(), 400, 'invalid_host'],
      ['an empty Host', host('Host:'), 400, 'invalid_host'],
      ['two Hosts', host('Host: a', 'host: b'), 400, 'invalid_host'],
      ['two equal Hosts', host('Host: a', 'Host: a'), 400, 'invalid_host'],
      ['a Host with a path', host('Host: evil.com/'), 400, 'invalid_host'],
      ['a Host with a user', host('Host: a@evil.com'), 400, 'invalid_host'],
      ['a Host list', host('Host: a, b'), 400, 'invalid_host'],
      ['a Host with a word for a port', host('Host: a:80x'), 400, 'invalid_host'],
      ['HTTP/0.9', 'GET /health/live\r\n\r\n', 400, 'http_version_not_supported'],
      [
        'HTTP/2.0 in clear',
        'GET /health/live HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n',
        400,
        'http_version_not_supported',
      ],
      ['no version', 'GET /health/live \r\nHost: a\r\n\r\n', 400, 'malformed_request'],
      ['an unknown version', 'GET /health/live HTTP/1.2\r\nHost: a\r\n\r\n', 400, 'malformed_request'],
      ['a large header', head('GET /health/live', `X-A: ${'a'.repeat(20_000)}`), 431, 'headers_too_large'],
      ['a large address', head(`GET /${'a'.repeat(20_000)}`), 431, 'headers_too_large'],
      [
        'more headers than Node shows',
        head('GET /health/live', ...Array<string>(2_100).fill('X: a')),
        431,
        'headers_too_large',
      ],
      ['a long parameter', head(`GET /api/v1/admin/users/${'1'.repeat(101)}`), 414, 'uri_too_long'],
      ['an unknown expectation', withLength(LOGIN, '{}', JSON_TYPE, 'Expect: a-miracle'), 417, 'expectation_failed'],
      ['a body over the limit', head(LOGIN, JSON_TYPE, 'Content-Length: 100001') + '{}', 413, 'payload_too_large'],
      [
        'chunks over the limit',
        chunked(...Array<string>(10).fill(`4000\r\n${'a'.repeat(0x4000)}\r\n`)),
        413,
        'payload_too_large',
      ],
    ])('%s', async (_title, bytes, status, code) => {
      expectProblem(await request(app.url, bytes), status, code);
    });

    it('an unknown address of 15 kB is 404', async () => {
      expectProblem(await request(app.url, head(`GET /${'a'.repeat(15_000)}`)), 404, 'route_not_found');
    });

    it('a request that is well-formed but rare is served', async () => {
      const patient = await exchange(app.url, withLength(LOGIN, '{}', JSON_TYPE, 'Expect: 100-continue'));
      expect(patient.map(({ status }) => status)).toEqual([100, 400]);
      expect(await request(app.url, 'GET /health/live HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200 });
      expect(await request(app.url, host('Host: [::1]:3000'))).toMatchObject({ status: 200 });
      expect(await request(app.url, head('GET /health/live', 'Upgrade: h2c'))).toMatchObject({ status: 200 });
    });

    it('never gives two answers to one request [V4.2.1] [T37]', async () => {
      const refused = head('POST /nowhere', 'Transfer-Encoding: chunked').replace('Connection: close\r\n', '');
      const early = await exchange(app.url, `${refused}zz\r\n`);
      expect(early.length).toBeLessThanOrEqual(1);
    });

    it.each([
      ['garbage', '\x01\r\n\r\n', 400],
      ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 404],
      ['an unknown method', head('FOO /health/live'), 405],
      ['a head over the limit', head('GET /health/live', `X-A: ${'a'.repeat(20_000)}`), 431],
      ['an unknown expectation', withLength(LOGIN, '{}', JSON_TYPE, 'Expect: a-miracle'), 417],
      ['a broken address', head('GET /%'), 400],
      ['a request that says it is the last', head('GET /nowhere'), 404],
      ['half a request and the end', 'GET /health/live HTTP/1.1\r\nHost', 400],
    ])('answers a slow login, then %s, in this order', async (title, bytes, status) => {
      const body = JSON.stringify({ email: alice.email, password: 'wrong password' });
      const login = withLength(LOGIN, body, JSON_TYPE).replace('Connection: close\r\n', '');
      const live = head('GET /health/live').replace('Connection: close\r\n', '');
      const answers = await exchange(app.url, login + live + bytes, { end: title.startsWith('half') });
      expect(answers.map((answer) => answer.status)).toEqual([401, 200, status]);
    });

    it('answers a client that closes its half right after the request', async () => {
      const body = JSON.stringify({ email: alice.email, password: 'wrong password' });
      const [answer, ...others] = await exchange(app.url, withLength(LOGIN, body, JSON_TYPE), { end: true });
      expect(answer?.status).toBe(401);
      expect(others).toEqual([]);
    });

    it('reads an absolute address as its path, and believes nothing of its host (T29) [T29]', async () => {
      const authorization = `Authorization: ${bearer}`;
      const page = await request(app.url, head('GET http://evil.com/api/v1/users/me/activity?limit=1', authorization));
      expect(page.status).toBe(200);
      expect(page.headers.get('link')).toMatch(/^<\/api\/v1\/users\/me\/activity\?/);
      expectProblem(
        await request(app.url, withLength('POST http://evil.com/api/v1/auth/login', '{}', JSON_TYPE)),
        400,
        'validation_failed',
      );
      expectProblem(await request(app.url, head('PUT http://evil.com/api/v1/users/me')), 405, 'method_not_allowed');
    });
  });

  describe('content types (D7, T38) [V3.5.2] [T38] [R16]', () => {
    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'text/json',
      'application/problem+json',
      'application/jsonx',
      'application/json\ta',
      'application/json a',
      'application/json;a',
      'application/json, text/plain',
      'application/json; charset=utf-16',
      'application/json; charset=utf-8; charset=utf-7',
      'application/json; charset=utf-16; charset=utf-8',
      'application/json; charset=latin1',
      '',
    ])('refuses %j', async (type) => {
      for (const target of ['PATCH /api/v1/users/me', LOGIN]) {
        const bytes = withLength(target, '{"bio":"x"}', `Content-Type: ${type}`, `Authorization: ${bearer}`);
        expectProblem(await request(app.url, bytes), 415, 'unsupported_media_type');
      }
    });

    it('refuses a body without a type', async () => {
      expectProblem(await request(app.url, withLength(LOGIN, '{}')), 415, 'unsupported_media_type');
    });

    it.each(['gzip', 'br', 'deflate', 'identity, gzip'])('refuses the encoding %s', async (encoding) => {
      const bytes = withLength(LOGIN, '{}', JSON_TYPE, `Content-Encoding: ${encoding}`);
      expectProblem(await request(app.url, bytes), 415, 'unsupported_media_type');
    });

    it.each([
      'application/json',
      'APPLICATION/JSON',
      'application/json;charset=UTF-8',
      'application/json ; charset="utf-8"',
      '  application/json',
      'application/json;',
      'application/json; ',
      'application/json;charset=utf8',
      'application/json; charset=UTF8;',
      'application/json; version=1; charset=utf-8',
    ])('takes %j', async (type) => {
      expect((await change('{"bio":"typed"}', type)).status).toBe(200);
    });
  });

  describe('an empty body of any type', () => {
    const types = ['application/x-www-form-urlencoded', 'text/plain', 'application/octet-stream', 'application/json'];

    it.each(types)('is no body: %s', async (type) => {
      const somebody = await person(app);
      const bytes = withLength(
        'POST /api/v1/auth/logout',
        '',
        `Content-Type: ${type}`,
        `Authorization: Bearer ${somebody.access_token}`,
      );
      expect((await request(app.url, bytes)).status).toBe(200);
      const needed = await request(app.url, withLength(LOGIN, '', `Content-Type: ${type}`));
      expectProblem(needed, 400, 'validation_failed');
    });
  });

  describe('unknown addresses', () => {
    it.each(['text/plain', 'application/json', 'multipart/form-data', 'application/x-www-form-urlencoded', '\t'])(
      'are 404 and not 415, 413 or 400 with a body of type %j',
      async (type) => {
        for (const body of ['', '{', 'a'.repeat(200_000)]) {
          const bytes =
            head('POST /nowhere', `Content-Type: ${type}`, `Content-Length: ${body.length}`) + body.slice(0, 10);
          expectProblem(await request(app.url, bytes), 404, 'route_not_found');
        }
      },
    );

    it.each([
      '/',
      '/api',
      '/api/v2/auth/me',
      '/api/v1/auth/me/',
      '//api/v1/auth/me',
      '/api/v1//auth/me',
      '/API/v1/auth/me',
      '/api/v1/auth/Me',
      '/api/v1/auth/me;a',
      '/api/v1%2Fauth/me',
      '/api/v1/./auth/me',
      '/api/v1/x/../auth/me',
      '/api/v1/auth/sessions/1/',
      '/api/v1/auth/me%20',
      '/api/v1/health/live',
      '*health/live',
      '/.env',
      '/.git/config',
      '/dist/main.js.map',
      '/package.json',
      '/__proto__',
      '/constructor',
    ])('%s is 404 also for who is logged in (T31, T60)', async (path) => {
      expectProblem(await request(app.url, head(`GET ${path}`, `Authorization: ${bearer}`)), 404, 'route_not_found');
    });

    it('a spelling that the router takes for a guarded route is guarded (T31) [T31]', async () => {
      for (const path of [
        '/api/v1/%61uth/me',
        '/%61pi/v1/auth/me',
        '/api/v1/auth/me#x',
        '/api/v1/auth/me?',
        'http://x/api/v1/auth/me',
      ]) {
        expectProblem(await request(app.url, head(`GET ${path}`)), 401, 'authentication_required');
      }
    });
  });

  describe('methods (D10, T32, T33)', () => {
    const candidates = [...new Set(METHODS).add('QUERY').add('FOO').add('get').add('X-CUSTOM!')];

    it.each(ROUTES)(
      '$path takes $allowed and nothing else [V4.1.4] [R14] [T32] [V13.4.4]',
      async ({ path, allowed }) => {
        const others = candidates.filter((method) => !allowed.includes(method));
        await Promise.all(
          others.map(async (method) => {
            const answer = await request(app.url, head(`${method} ${path}`));
            expect({ method, status: answer.status }).toEqual({ method, status: 405 });
            expect(answer.headers.get('allow')).toBe(allowed.join(', '));
            if (method !== 'HEAD') expectProblem(answer, 405, 'method_not_allowed');
          }),
        );
        for (const method of allowed) expect((await request(app.url, head(`${method} ${path}`))).status).not.toBe(405);
      },
    );

    it('are unknown on an unknown address', async () => {
      for (const method of candidates.filter((method) => method !== 'HEAD')) {
        expectProblem(await request(app.url, head(`${method} /nowhere`)), 404, 'route_not_found');
      }
      expectProblem(await request(app.url, head('CONNECT evil.com:443')), 404, 'route_not_found');
      expectProblem(await request(app.url, head('OPTIONS *')), 404, 'route_not_found');
    });

    it('are not overridden by a header, a field or a parameter [T32]', async () => {
      const path = '/api/v1/users/me';
      for (const header of ['x-http-method-override', 'x-http-method', 'x-method-override'])
        expect((await send('GET', path, { [header]: 'DELETE' })).status).toBe(200);
      expect((await send('GET', `${path}?_method=DELETE`)).status).toBe(200);
      expect((await send('POST', `${path}?_method=DELETE`)).status).toBe(405);
      expect((await alice.api.get('/users/me')).body.id).toBe(alice.id);
    });

    it('HEAD answers as GET does, without a body [R15] [T33]', async () => {
      // A stream has no end.
      const ending = ROUTES.filter(({ path, allowed }) => allowed.includes('GET') && !path.endsWith('/stream'));
      for (const { path } of ending) {
        const concrete = path.replace('{username}', alice.username);
        const authorization = `Authorization: ${bearer}`;
        const [got, headed] = [
          await request(app.url, head(`GET ${concrete}`, authorization)),
          await request(app.url, head(`HEAD ${concrete}`, authorization)),
        ];
        expect({ path, status: headed.status, text: headed.text }).toEqual({ path, status: got.status, text: '' });
        expect(headed.headers.get('content-type')).toBe(got.headers.get('content-type'));
      }
    });

    it('HEAD has no body either where its request cannot be read [R15]', async () => {
      for (const line of [`/${'a'.repeat(20_000)}`, '/%ff', '/a b']) {
        const answers = await exchange(app.url, head(`HEAD ${line}`));
        expect(answers.map(({ text }) => text)).toEqual(['']);
        expect(answers[0]?.status).toBeGreaterThanOrEqual(400);
      }
    });

    it('HEAD on a guarded route needs a token [R15] [T33]', async () => {
      for (const path of ['/api/v1/users/me', '/api/v1/admin/users/1', '/api/v1/auth/me']) {
        const answer = await request(app.url, head(`HEAD ${path}`));
        expect(answer).toMatchObject({ status: 401, text: '' });
        expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="roost"');
      }
    });
  });

  describe('errors of the routes themselves have the same shape (T40) [T40] [R18]', () => {
    it('401 [R10] [R11]', async () => {
      const without = await answered(await fetch(`${app.url}/api/v1/users/me`));
      expectProblem(without, 401, 'authentication_required');
      expect(without.headers.get('www-authenticate')).toBe('Bearer realm="roost"');
      const bad = await answered(await fetch(`${app.url}/api/v1/users/me`, { headers: { authorization: 'Bearer x' } }));
      expectProblem(bad, 401, 'invalid_token');
      expect(bad.headers.get('www-authenticate')).toBe('Bearer realm="roost", error="invalid_token"');
    });

    it('403 of a role that is missing says so (RFC 6750 section 3.1), any other 403 does not [R11]', async () => {
      const role = await alice.api.get('/admin/stats');
      expectProblem(role, 403, 'insufficient_role');
      expect(role.headers.get('www-authenticate')).toBe('Bearer realm="roost", error="insufficient_scope"');
      const body = { current_password: 'not hers', new_password: 'another long one' };
      const password = await alice.api.put('/auth/password', body);
      expectProblem(password, 403, 'wrong_password');
      expect(password.headers.has('www-authenticate')).toBe(false);
    });

    it('403, 404, 409, 422 and 400 under /auth', async () => {
      const bob = await person(app, 'bob');
      expectProblem(await alice.api.get(`/admin/users/${bob.id}`), 403, 'insufficient_role');
      expectProblem(await alice.api.delete('/auth/sessions/1'), 404, 'session_not_found');
      expectProblem(
        await app.api.post('/auth/register', { email: bob.email, password: 'long enough' }),
        409,
        'email_taken',
      );
      expectProblem(await alice.api.patch('/users/me', { bio: 1 }), 422, 'validation_failed');
      for (const path of ['/api/v1/auth/login', '/api/auth/login'])
        expectProblem(await app.api.post(path, {}), 400, 'validation_failed');
      const spelled = withLength('POST /api/v1/%61uth/login', '{}', JSON_TYPE);
      expectProblem(await request(app.url, spelled), 400, 'validation_failed');
    });

    it('500 tells the client nothing, and the log everything but values [V16.3.4] [V16.5.1] [R19] [V13.4.2]', async () => {
      await app.pool.query('ALTER TABLE users RENAME COLUMN bio TO elsewhere');
      try {
        const broken = await change('{"bio":"canary-of-the-500"}');
        expectProblem(broken, 500, 'internal_error');
        const line = app.log.find((line) => line.includes('"unexpected error"')) ?? '';
        expect(JSON.parse(line)).toMatchObject({
          level: 'error',
          request_id: broken.headers.get('x-request-id'),
          err: { message: expect.stringContaining('bio'), stack: expect.any(String) },
        });
        expect(app.log.join('')).not.toMatch(/canary-of-the-500|UPDATE users/);
      } finally {
        await app.pool.query('ALTER TABLE users RENAME COLUMN elsewhere TO bio');
      }
      expect((await change('{"bio":"works again"}')).status).toBe(200);
    });

    it('a client that goes away is no failure of ours, nor of the database', async () => {
      const before = app.log.length;
      const accepted = once(app.nestApp.getHttpServer(), 'connection');
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
      const [accepting] = (await accepted) as [Socket];
      const gone = once(accepting, 'close');
      const lines = ['Content-Length: 100', JSON_TYPE, 'Expect: 100-continue'];
      socket.write(head('POST /api/v1/auth/login', ...lines));
      await once(socket, 'data');
      socket.destroy();
      await gone;
      await app.api.get('/health/ready');
      expect(app.log.slice(before).filter((line) => !line.includes('"level":"info"'))).toEqual([]);
    });
  });

  describe('every answer', () => {
    it('is hardened and carries a request id of ours [V13.4.6] [V3.2.1] [V3.4.3]', async () => {
      const spoofed = { 'x-request-id': 'spoofed', 'request-id': 'spoofed' };
      for (const path of [
        '/health/live',
        '/health/ready',
        '/openapi.json',
        '/metrics',
        '/.well-known/jwks.json',
        '/api/v1/users/me',
        '/nowhere',
        '/api/v1/auth/login',
      ]) {
        const answer = await answered(await send('GET', path, spoofed));
        expectHardened(answer);
        expect(answer.text).not.toContain('spoofed');
      }
      expect(app.log.join('')).not.toContain('spoofed');
    });

    it('has another request id', async () => {
      const ids = await Promise.all(
        Array.from({ length: 20 }, async () => (await app.api.get('/health/live')).headers.get('x-request-id')),
      );
      for (const id of ids) expect(id).toMatch(UUID);
      expect(new Set(ids).size).toBe(20);
    });

    it('echoes nothing into headers (T35) [V1.2.1] [T35]', async () => {
      const { headers } = await request(
        app.url,
        head('GET /api/v1/users/me/activity?limit=1%0d%0aX-Injected:1', `Authorization: ${bearer}`),
      );
      expect(headers.has('x-injected')).toBe(false);
      const link = await alice.api.get('/users/me/activity?limit=1&cursor=%0d%0aX-Injected:%201');
      expect(link.headers.has('x-injected')).toBe(false);
    });

    it('ignores ranges and conditions that would make two answers of one (T55) [T55]', async () => {
      const rarities: Record<string, string>[] = [
        { range: 'bytes=0-0,2-2' },
        { range: 'bytes=-1' },
        { 'if-none-match': '*' },
        { 'accept-encoding': 'gzip;q=1' },
        { accept: 'image/png' },
      ];
      for (const headers of rarities) {
        const answer = await send('GET', '/api/v1/users/me', headers);
        expect(answer.status).toBe(200);
        expect(answer.headers.has('content-encoding')).toBe(false);
      }
    });
  });

  it('/health/ready asks the database at most once a second, however often it is asked itself', async () => {
    const questions = jest.spyOn(app.nestApp.get(DataSource), 'query');
    const asked = (): number => questions.mock.calls.filter(([query]) => query === 'SELECT 1').length;
    try {
      app.clock.advance('1s');
      const startedAt = performance.now();
      for (let n = 0; n < 5; n += 1)
        for (const { status } of await Promise.all(Array.from({ length: 20 }, () => app.api.get('/health/ready'))))
          expect(status).toBe(200);
      expect(asked()).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startedAt) / 1_000));
      const before = asked();
      app.clock.advance('1s');
      expect((await app.api.get('/health/ready')).status).toBe(200);
      expect(asked()).toBe(before + 1);
    } finally {
      questions.mockRestore();
    }
  });

  describe('the request log', () => {
    it('has one bounded JSON line a request, without query and without what a client smuggles in (T36) [V16.4.1] [V16.2.4] [T36]', async () => {
      const marker = `log-${Date.now()}`;
      const nasty = [
        `/${marker}%0d%0a{"level":"fatal"}`,
        `/${marker}%1b[31m`,
        `/${marker}%E2%80%A8`,
        `/${marker}/${'a'.repeat(10_000)}`,
        `/${marker}?token=secret-in-query`,
      ];
      const before = app.log.length;
      for (const path of nasty)
        await request(
          app.url,
          head(
            `GET ${path.replaceAll(/["{}]/g, encodeURIComponent)}`,
            'User-Agent: "}{"level":"fatal"',
            'X-Request-Id: a\tb',
          ),
        );
      const lines = app.log.slice(before);
      expect(lines).toHaveLength(nasty.length);
      for (const line of lines) {
        expect(line.match(/\n/g)).toHaveLength(1);
        expect(line.length).toBeLessThan(600);
        expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]|fatal"\}|secret-in-query/);
        const entry = JSON.parse(line) as Record<string, unknown>;
        expect(entry).toMatchObject({
          level: 'info',
          msg: 'request',
          method: 'GET',
          status: 404,
          code: 'route_not_found',
          ip: '127.0.0.1',
          request_id: expect.stringMatching(UUID),
        });
        expect(String(entry.path).length).toBeLessThanOrEqual(256);
      }
    });

    it('has one line, and metrics count one, of a request whose client left before its answer', async () => {
      const left: [what: string, bytes: string, status: number][] = [
        ['in its body', head('PATCH /api/v1/users/me', JSON_TYPE, 'Content-Length: 100') + '{', 400],
        ['while it waits', head('GET /api/v1/users/me', `Authorization: ${bearer}`), 200],
      ];
      const counted = async (): Promise<number> => {
        const { text } = await request(app.url, head('GET /metrics'));
        const counts = text.matchAll(
          /^http_request_duration_seconds_count\{.*route="\/api\/v1\/users\/me".*\} (\d+)$/gm,
        );
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      };
      for (const [what, bytes, status] of left) {
        const before = app.log.length;
        const countedBefore = await counted();
        const lines = (): string[] =>
          app.log.slice(before).filter((line) => line.includes('"path":"/api/v1/users/me"'));
        const client = await app.pool.connect();
        try {
          await client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
          const accepted = once(app.nestApp.getHttpServer(), 'connection');
          const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
          const [accepting] = (await accepted) as [Socket];
          const gone = new Promise((resolve) => accepting.once('close', resolve));
          socket.write(bytes);
          while (accepting.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve));
          socket.resetAndDestroy();
          await gone;
        } finally {
          await client.query('ROLLBACK');
          client.release();
        }
        await eventually(() => lines().length > 0);
        expect([what, lines().length, await counted()]).toEqual([what, 1, countedBefore + 1]);
        expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ status, client_left: true });
      }
    });

    it('never shows a password or a token, whatever is done with them (T61) [V16.2.5] [T61]', async () => {
      const password = `canary-${process.pid}-password`;
      const email = 'canary@example.org';
      await app.api.post('/auth/register', { email, password });
      const { body: tokens } = await app.api.post('/auth/login', { email, password });
      await app.api.post('/auth/login', { email, password: `${password}-wrong` });
      await app.api.post('/auth/refresh', { refresh_token: tokens.refresh_token });
      await fetch(`${app.url}/api/v1/users/me?access_token=${tokens.access_token}&password=${password}`);
      await request(app.url, withLength(LOGIN, `{"email":"${email}","password":"${password}"`, JSON_TYPE));
      await app.api.as(tokens.access_token).post('/auth/logout', {});
      const log = app.log.join('');
      for (const secret of [password, tokens.access_token, tokens.refresh_token, email])
        expect(log).not.toContain(secret);
      expect(log).toContain('"path":"/api/v1/auth/login"');
    });
  });
});
