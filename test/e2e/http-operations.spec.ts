/** How Roost behaves towards proxies, browsers, floods, scrapers and a lost database. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';

import { TestApp } from '../support/app.js';
import { STRINGS } from '../support/hostile.js';
import { person, type Person } from '../support/people.js';
import { expectHardened, expectProblem, SECURITY_HEADERS } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { answerAfterAll, head, request } from '../support/raw.js';
import { Relay } from '../support/relay.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://roost.example.org',
  DATABASE_URL: 'postgres://roost:Vq7-of-nobody-else@127.0.0.1/roost',
  JWT_SECRET: 'Zt8kQ0vX3nR6yB1mW4uH7jL2pC5sF9dG',
  BCRYPT_COST: '10',
  RATE_LIMIT: 'on',
  LOGIN_GUARD: 'on',
};
/** Milliseconds. What takes longer cannot be held to a limit of a minute. */
const MOST_OF_A_MINUTE = 55_000;
const BEHIND_PROXY = { TRUST_PROXY: '127.0.0.1/32' };

let app: TestApp;

async function started(env: Record<string, string>): Promise<TestApp> {
  return (app = await TestApp.start({ env }));
}

afterEach(() => app.stop());

const get = async (path: string, headers: Record<string, string> = {}): ReturnType<typeof read> =>
  read(await fetch(app.url + path, { headers }));

async function read(response: Response): Promise<{ status: number; headers: Headers; text: string }> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** @returns the values of a metric, by the value of its only label */
async function counted(metric: string): Promise<Record<string, number>> {
  const { text } = await get('/metrics');
  const values = [...text.matchAll(new RegExp(`^${metric}\\{\\w+="(\\w+)"\\} (\\d+)$`, 'gm'))];
  return Object.fromEntries(values.map(([, label = '', value]) => [label, Number(value)]));
}

const loggedIp = (answer: { headers: Headers }): unknown =>
  app.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find(({ request_id }) => request_id === answer.headers.get('x-request-id'))?.ip;

describe('proxies (D9)', () => {
  const forwarded = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
    forwarded: 'for=203.0.113.8;proto=https;host=evil.example',
    'x-real-ip': '203.0.113.9',
    'cf-connecting-ip': '203.0.113.10',
    'true-client-ip': '203.0.113.11',
  };

  it('are not believed unless they are trusted [V4.1.3] [V15.3.4] [T30]', async () => {
    await started({});
    expect(loggedIp(await get('/health/live', forwarded))).toBe('127.0.0.1');
    const alice = await person(app);
    const page = await alice.api.with(forwarded).get('/users/me/activity?limit=1');
    expect(page.headers.get('link')).toMatch(/^<\/api\/v1\/users\/me\/activity\?/);
  });

  it('are not believed from an address outside of TRUST_PROXY', async () => {
    await started({ TRUST_PROXY: '10.0.0.0/8' });
    expect(loggedIp(await get('/health/live', forwarded))).toBe('127.0.0.1');
  });

  it('are believed about the address when trusted, to the last that is not [V15.3.4]', async () => {
    await started({ TRUST_PROXY: '127.0.0.1/32,10.0.0.0/8' });
    expect(loggedIp(await get('/health/live', { 'x-forwarded-for': '203.0.113.7' }))).toBe('203.0.113.7');
    const chain = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7, 10.1.2.3' };
    expect(loggedIp(await get('/health/live', chain))).toBe('203.0.113.7');
    expect(loggedIp(await get('/health/live', { 'x-real-ip': '203.0.113.9' }))).toBe('127.0.0.1');
  });

  it('are understood when they write ports and brackets', async () => {
    await started({ TRUST_PROXY: '127.0.0.1/32,10.0.0.0/8,2001:db8:1::/48' });
    const cases: [said: string, ip: string][] = [
      ['198.51.100.7:50123', '198.51.100.7'],
      ['198.51.100.7:50123, 10.0.0.5:443', '198.51.100.7'],
      ['198.51.100.7, 10.0.0.5:443,10.0.0.6', '198.51.100.7'],
      ['[2001:db8::7]:5000', '2001:db8::7'],
      ['[2001:db8::7]', '2001:db8::7'],
      ['"[2001:db8::7]:5000", [2001:db8:1::5]:443', '2001:db8::7'],
      ['203.0.113.1, 198.51.100.7:1, ::ffff:10.0.0.5', '198.51.100.7'],
    ];
    for (const [said, ip] of cases) {
      const answer = await get('/health/live', { 'x-forwarded-for': said });
      expect([said, loggedIp(answer)]).toEqual([said, ip]);
    }
  });

  describe('in front of a path', () => {
    /** A registration and a login make two events. */
    const links = async (
      headers: Record<string, string>,
      path = '/api/v1/users/me/activity?limit=1',
    ): Promise<string | null> => (await (await person(app)).api.with(headers).get(path)).headers.get('link');
    const server = async (headers: Record<string, string> = {}): Promise<unknown> =>
      (JSON.parse((await get('/openapi.json', headers)).text) as { servers: unknown }).servers;

    it('that PUBLIC_URL has, links and the document keep it, and it may be passed on or taken away', async () => {
      await started({ PUBLIC_URL: 'https://example.org/roost/' });
      expect(await links({})).toMatch(/^<\/roost\/api\/v1\/users\/me\/activity\?limit=1&cursor=[\w-]+>; rel="next"$/);
      expect(await server()).toEqual([{ url: '/roost' }]);
      expect((await get('/roost/health/live')).status).toBe(200);
      expect((await get('/health/live')).status).toBe(200);
      expectProblem(await get('/roosters/health/live'), 404, 'route_not_found');
    });

    it('that a trusted proxy names, links and the document keep it', async () => {
      await started(BEHIND_PROXY);
      expect(await links({ 'x-forwarded-prefix': '/behind/roost/' })).toMatch(
        /^<\/behind\/roost\/api\/v1\/users\/me\/activity\?/,
      );
      expect(await server({ 'x-forwarded-prefix': '/behind/roost' })).toEqual([{ url: '/behind/roost' }]);
      for (const prefix of [
        '//evil.example',
        'https://evil.example',
        '/a/../b',
        '/a>; rel="x"',
        '/a b',
        `/${'a'.repeat(300)}`,
      ])
        expect(await server({ 'x-forwarded-prefix': prefix })).toEqual([{ url: '/' }]);
    });

    it('that looks like a path of ours, requests are not mistaken for it', async () => {
      await started({ PUBLIC_URL: 'https://example.org/api' });
      expect(await links({})).toMatch(/^<\/api\/api\/v1\/users\/me\/activity\?/);
    });

    it('that nobody trusted names, nothing is believed', async () => {
      await started({});
      expect(await links({ 'x-forwarded-prefix': '/evil' })).toMatch(/^<\/api\/v1\/users\/me\/activity\?/);
      expect(await server({ 'x-forwarded-prefix': '/evil' })).toEqual([{ url: '/' }]);
    });
  });

  describe('that nobody named', () => {
    const warnings = (): unknown[] =>
      app.log
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event }) => event === 'proxy_not_trusted')
        .map(({ level, peer, header, msg }) => ({ level, peer, header, names: String(msg).includes('TRUST_PROXY') }));

    it.each([
      ['x-forwarded-for', ''],
      ['forwarded', ''],
      ['x-forwarded-for', '10.0.0.0/8,::1/128,127.0.0.2'],
    ])('are told of once, when they say %s and TRUST_PROXY is "%s"', async (header, named) => {
      await started({ TRUST_PROXY: named });
      for (let n = 0; n < 5; n += 1) await get(n % 2 ? '/health/live' : '/nowhere', { [header]: `203.0.113.${n}` });
      expect(warnings()).toEqual([{ level: 'warn', peer: '127.0.0.1', header, names: true }]);
    });

    it.each(['127.0.0.1', '127.0.0.0/8', '10.0.0.0/8,127.0.0.1/32'])(
      'are not those of TRUST_PROXY=%s',
      async (named) => {
        await started({ TRUST_PROXY: named });
        for (const header of ['x-forwarded-for', 'forwarded']) await get('/health/live', { [header]: '203.0.113.7' });
        expect(warnings()).toEqual([]);
      },
    );

    it('are nobody when nothing is forwarded', async () => {
      await started({});
      await get('/health/live', { 'x-real-ip': '203.0.113.7' });
      expect(warnings()).toEqual([]);
    });
  });
});

describe('HTTPS in production', () => {
  it('is required by a trusted word, health excepted, and sends HSTS [V4.1.2] [V3.4.1] [V12.2.1] [V13.4.5] [T60]', async () => {
    await started({ ...PRODUCTION, ...BEHIND_PROXY });
    const hsts = 'max-age=63072000; includeSubDomains';
    const plain = await get('/api/v1/users/me');
    expectProblem(plain, 403, 'https_required');
    expect(plain.headers.get('strict-transport-security')).toBeNull();
    for (const path of ['/', '/openapi.json', '/healthy', '/api/v1/health/live', '/metrics/x', '/nowhere'])
      expectProblem(await get(path), 403, 'https_required');
    for (const path of ['/health/live', '/health/ready', '/metrics', '/.well-known/jwks.json'])
      expect([path, (await get(path)).status]).toEqual([path, 200]);
    for (const path of ['/api/v1/auth/revocations', '/api/auth/revocations'])
      expectProblem(await get(path), 401, 'authentication_required');
    const https = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
    const secure = await get('/api/v1/users/me', https);
    expectProblem(secure, 401, 'authentication_required');
    expect(secure.headers.get('strict-transport-security')).toBe(hsts);
    expectProblem(await get('/api/v1/users/me', { 'x-forwarded-proto': 'http' }), 403, 'https_required');
    expectProblem(await get('/docs', https), 404, 'route_not_found');
    expectProblem(await get('/docs/swagger-ui-bundle.js', https), 404, 'route_not_found');
    expectProblem(await get('/dev/mailbox', https), 404, 'route_not_found');
  });

  it('is judged by the connection of the client, however many proxies it went through', async () => {
    await started({ ...PRODUCTION, TRUST_PROXY: '127.0.0.1/32,10.0.0.0/8' });
    const one = '203.0.113.7';
    const two = '203.0.113.7, 10.0.0.5';
    const cases: [proto: string, addresses: string | undefined, secure: boolean][] = [
      ['HTTPS', one, true],
      [' https ', one, true],
      ['https', undefined, true],
      ['https', two, true],
      ['https,http', two, true],
      ['https, https', two, true],
      ['http,https', two, false],
      ['http', two, false],
      // What the client wrote itself stands first.
      ['https,http', one, false],
      ['https,http,https', two, false],
      ['http,https', undefined, true],
      ['wss', one, false],
      ['', one, false],
    ];
    for (const [proto, addresses, secure] of cases) {
      const answer = await get('/api/v1/users/me', {
        'x-forwarded-proto': proto,
        ...(addresses !== undefined && { 'x-forwarded-for': addresses }),
      });
      expect([proto, addresses, answer.status]).toEqual([proto, addresses, secure ? 401 : 403]);
      expect(answer.headers.has('strict-transport-security')).toBe(secure);
    }
  });

  it('is not believed from who is not trusted', async () => {
    await started({ ...PRODUCTION, TRUST_PROXY: '10.0.0.0/8', DOCS: 'on' });
    const claims = {
      'x-forwarded-proto': 'https',
      forwarded: 'proto=https',
      'x-forwarded-ssl': 'on',
      'front-end-https': 'on',
    };
    expectProblem(await get('/api/v1/users/me', claims), 403, 'https_required');
    const absolute = await request(app.url, head('GET https://roost.example.org/api/v1/users/me'));
    expectProblem(absolute, 403, 'https_required');
  });

  it('is not asked for where the public address is not https', async () => {
    await started({ ...PRODUCTION, PUBLIC_URL: 'http://10.0.0.1:3000', DOCS: 'on' });
    const answer = await get('/docs');
    expect(answer.status).toBe(200);
    expect(answer.headers.has('strict-transport-security')).toBe(false);
  });
});

describe('the document in production', () => {
  it('is the committed one, also without the reference', async () => {
    await started({ ...PRODUCTION, PUBLIC_URL: 'http://10.0.0.1:3000' });
    expectProblem(await get('/docs'), 404, 'route_not_found');
    const { servers, ...document } = JSON.parse((await get('/openapi.json')).text) as { servers: unknown };
    expect(servers).toEqual([{ url: '/' }]);
    const committed = JSON.parse(readFileSync(resolve('openapi.json'), 'utf8')) as object;
    expect(committed).toMatchObject(document);
    expect(Object.keys(committed).sort()).toEqual([...Object.keys(document), 'servers'].sort());
  });
});

describe('CORS (D12, T34) [V3.4.2] [T34]', () => {
  const APP = 'https://app.example.org';
  const preflight = (origin: string, path = '/api/v1/auth/sessions/1'): Promise<Response> =>
    fetch(app.url + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'authorization' },
    });

  it('reads no long list of headers that a page might send [T45]', async () => {
    await started({ CORS_ORIGINS: APP });
    const splits = jest.spyOn(STRINGS, 'split');
    const asked = (headers: string): Promise<Response> =>
      fetch(`${app.url}/health/live`, { headers: { origin: APP, 'access-control-request-headers': headers } });
    const long = await asked(`a${' '.repeat(15_000)}b,refresh-token-in`);
    const worked = splits.mock.contexts.filter((text) => String(text).length > 15_000);
    splits.mockRestore();
    expect(worked).toEqual([]);
    expect([long.status, long.headers.get('access-control-allow-credentials')]).toEqual([200, null]);
    const short = await asked('accept,  Refresh-Token-In ');
    expect(short.headers.get('access-control-allow-credentials')).toBe('true');
  });

  it('lets the listed origins use every method', async () => {
    await started({ CORS_ORIGINS: `${APP},http://localhost:5173` });
    for (const origin of [APP, 'http://localhost:5173']) {
      const answer = await preflight(origin);
      expect(answer.status).toBe(204);
      expectHardened(await read(answer));
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('vary')).toBe('origin, access-control-request-headers');
      expect(answer.headers.get('access-control-allow-methods')?.split(', ').sort()).toEqual([
        'DELETE',
        'GET',
        'HEAD',
        'PATCH',
        'POST',
        'PUT',
      ]);
      expect(answer.headers.get('access-control-allow-headers')).toBe(
        'authorization, content-type, idempotency-key, last-event-id',
      );
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    }
    const refused = await get('/api/v1/users/me', { origin: APP });
    expectProblem(refused, 401, 'authentication_required');
    expect(refused.headers.get('access-control-allow-origin')).toBe(APP);
    expect(refused.headers.get('access-control-expose-headers')).toMatch(
      /\bidempotency-replayed\b.*\blink\b.*\bretry-after\b/,
    );
  });

  it('lets the apps of listed origins in, whose schemes are their own', async () => {
    const origins = ['capacitor://localhost', 'tauri://localhost', 'chrome-extension://abcdefghijklmnop', 'app://-'];
    await started({ CORS_ORIGINS: origins.join() });
    for (const origin of origins) {
      expect((await preflight(origin)).status).toBe(204);
      const { headers } = await get('/health/live', { origin });
      expect(headers.get('access-control-allow-origin')).toBe(origin);
    }
    for (const origin of ['capacitor://evil', 'tauri://localhost:1', 'https://localhost', 'null'])
      expect((await get('/health/live', { origin })).headers.has('access-control-allow-origin')).toBe(false);
  });

  it('lets the listed origins send what libraries for tracing and caching add', async () => {
    await started({ CORS_ORIGINS: APP });
    const ask = async (headers: string, origin = APP): Promise<Headers> => {
      const answer = await fetch(`${app.url}/api/v1/users/me`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': headers },
      });
      return answer.headers;
    };
    const always = ['authorization', 'content-type', 'idempotency-key', 'last-event-id'];
    const added =
      'baggage,sentry-trace,traceparent,x-requested-with,cache-control,if-none-match,idempotency-key,x-request-id';
    const allowed = (headers: Headers): string[] => headers.get('access-control-allow-headers')?.split(', ') ?? [];
    expect(allowed(await ask(added))).toEqual([...new Set([...always, ...added.split(',')])]);
    expect(allowed(await ask(' Authorization,  X-Custom '))).toEqual([...always, 'x-custom']);
    expect((await ask(added)).get('vary')).toContain('access-control-request-headers');
    for (const strange of ['', 'a b', 'a;b', 'x,', '*/*', 'a'.repeat(2_000)])
      expect(allowed(await ask(strange))).toEqual(always);
    expect(allowed(await ask(added, 'https://evil.example'))).toEqual([]);
  });

  it('names no other origin', async () => {
    await started({ CORS_ORIGINS: APP });
    const others = [
      'https://evil.example',
      'null',
      'http://app.example.org',
      `${APP}.evil.example`,
      `${APP}:8443`,
      'https://evil-app.example.org',
      'https://x.app.example.org',
      'https://app.example.or',
      `${APP}/`,
      'HTTPS://APP.EXAMPLE.ORG',
      `${APP} https://evil.example`,
      '*',
    ];
    for (const origin of others) {
      for (const answer of [await preflight(origin), await fetch(`${app.url}/health/live`, { headers: { origin } })]) {
        expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
        expect(answer.headers.get('vary')).toBe('origin');
      }
      expectProblem(await read(await preflight(origin)), 405, 'method_not_allowed');
    }
  });

  it('leaves OPTIONS that is no preflight, and unknown addresses, as they are', async () => {
    await started({ CORS_ORIGINS: APP });
    const options = await read(
      await fetch(`${app.url}/api/v1/users/me`, { method: 'OPTIONS', headers: { origin: APP } }),
    );
    expectProblem(options, 405, 'method_not_allowed');
    expect(options.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH');
    expectProblem(await get('/nowhere', { origin: APP }), 404, 'route_not_found');
    expectProblem(
      await request(
        app.url,
        `OPTIONS /api/v1/users/me HTTP/1.1\r\nHost: a/\r\nConnection: close\r\nOrigin: ${APP}\r\nAccess-Control-Request-Method: GET\r\n\r\n`,
      ),
      400,
      'invalid_host',
    );
  });

  it('is off by default', async () => {
    await started({});
    expectProblem(await read(await preflight(APP)), 405, 'method_not_allowed');
    const { headers } = await get('/health/live', { origin: APP });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-') || name === 'vary')).toEqual([]);
  });
});

describe('a refusal of what cannot be parsed or routed', () => {
  const ORIGIN = 'https://app.example.org';
  const lines = [
    'Host: roost.example.org',
    `Origin: ${ORIGIN}`,
    'X-Forwarded-Proto: https',
    'X-Forwarded-For: 203.0.113.5',
    'Connection: close',
  ];
  const CASES: [name: string, start: string, status: number][] = [
    ['an unknown method', 'FOO /api/v1/users/me HTTP/1.1', 405],
    ['a broken percent-encoding', 'GET /api/v1/admin/users/%zz HTTP/1.1', 400],
    ['broken UTF-8', 'GET /api/v1/admin/users/%ff HTTP/1.1', 400],
    ['a long part', `GET /api/v1/admin/users/${'a'.repeat(150)} HTTP/1.1`, 414],
    ['garbage', 'GET / HTTP/9.9', 400],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1', 404],
  ];
  const refuse = (start: string): ReturnType<typeof request> =>
    request(app.url, `${[start, ...lines].join('\r\n')}\r\n\r\n`);

  /** To bytes that arrive after others. */
  const lateAnswer = async (first: string, then: string): Promise<string> => {
    const accepted = once(app.nestApp.getHttpServer(), 'connection');
    const client = connect(Number(new URL(app.url).port), '127.0.0.1');
    const [server] = (await accepted) as [Socket];
    const chunks: Buffer[] = [];
    client.on('data', (chunk) => chunks.push(chunk)).write(first);
    while (server.bytesRead < first.length) await new Promise((resolve) => setImmediate(resolve));
    client.write(then);
    await once(client, 'close');
    return Buffer.concat(chunks).toString();
  };

  it('can be read by pages of listed origins, says HSTS, is logged and counts against the address [V3.4.1] [V3.4.4]', async () => {
    await started({ ...PRODUCTION, ...BEHIND_PROXY, CORS_ORIGINS: ORIGIN });
    const startedAt = performance.now();
    for (const [name, start, status] of CASES) {
      const answer = await refuse(start);
      expect([name, answer.status]).toEqual([name, status]);
      expect([name, answer.headers.get('access-control-allow-origin')]).toEqual([name, ORIGIN]);
      expect([name, answer.headers.has('strict-transport-security')]).toEqual([name, true]);
      expect([name, /"address";r=\d+/.test(answer.headers.get('ratelimit') ?? '')]).toEqual([name, true]);
    }
    expect(app.log.filter((line) => line.includes('"status":400')).length).toBeGreaterThan(0);
    expect(await counted('http_unparsed_requests_total')).toEqual({
      method_not_allowed: 1,
      malformed_request: 1,
      route_not_found: 1,
    });
    const body = ['Content-Type: application/json', 'Transfer-Encoding: chunked', '', ''];
    const chunked = ['POST /api/v1/auth/logout HTTP/1.1', ...lines, ...body].join('\r\n');
    const late = await lateAnswer(chunked, 'no length\r\n');
    expect(late).toMatch(/^HTTP\/1\.1 400 /);
    expect(late).toContain(`access-control-allow-origin: ${ORIGIN}\r\n`);
    expect(late).toContain('strict-transport-security: ');
    expect(app.log.filter((line) => /request refused|not believed/.test(line)).join('')).not.toContain('"127.0.0.1"');
    const garbage = CASES[4]?.[1] ?? '';
    const statuses = new Set<number>();
    let sent = 0;
    // On a slow machine the minute of the address may end before its limit is met, and another one begins.
    for (; !statuses.has(429) && (sent < 600 || performance.now() - startedAt > MOST_OF_A_MINUTE); sent += 50)
      for (const { status } of await Promise.all(Array.from({ length: 50 }, () => refuse(garbage))))
        statuses.add(status);
    expect([...statuses].sort()).toEqual([400, 429]);
    expect((await refuse('GET /api/v1/users/me HTTP/1.1')).status).toBe(429);
    const { malformed_request = 0, rate_limited = 0 } = await counted('http_unparsed_requests_total');
    expect([rate_limited > 0, malformed_request + rate_limited]).toEqual([true, sent + 2]);
    const size = 5_000_000;
    const large = ['POST /api/v1/auth/logout HTTP/1.1', `Content-Length: ${size}`, ...lines, '', ''].join('\r\n');
    const early = await answerAfterAll(app.url, large, Buffer.alloc(size, 'a'));
    expect(early).toMatch(/^HTTP\/1\.1 429 [^]*"rate_limited"/);
    // Sampled: one line a minute for each code and address.
    expect(app.log.filter((line) => line.includes('request refused')).length).toBeLessThan(10);
  });
});

describe('a request that cannot be parsed, from behind a proxy', () => {
  const VICTIM = '198.51.100.99';
  const ipsOf = (): unknown[] =>
    app.log.filter((line) => line.includes('request refused')).map((line) => (JSON.parse(line) as { ip: string }).ip);

  it.each([
    ['in a line of its own', `X-Forwarded-For: ${VICTIM}\r\nx-forwarded-for: 203.0.113.7`, '203.0.113.7'],
    ['at the end of the line', `X-Forwarded-For: ${VICTIM}, 203.0.113.7`, '203.0.113.7'],
    ['in a part that has not come yet', `X-Forwarded-For: ${VICTIM}`, '127.0.0.1'],
  ])('is that of the address that the proxy names %s [T30]', async (where, forwarded, counted) => {
    await started({ ...BEHIND_PROXY, RATE_LIMIT: 'on' });
    const end = where.includes('not come') ? '' : '\r\n\r\n';
    await request(app.url, `FOO / HTTP/1.1\r\nHost: a\r\n${forwarded}${end}`);
    expect(ipsOf()).toEqual([counted]);
    expect(await remaining({ 'x-forwarded-for': VICTIM })).toBe(599);
  });

  const remaining = async (headers: Record<string, string>): Promise<number> =>
    Number(/"address";r=(\d+)/.exec((await get('/api/v1/users/me', headers)).headers.get('ratelimit') ?? '')?.[1]);
});

describe('connections of one address', () => {
  it('are so many at a time, and no more [T46]', async () => {
    await started({ RATE_LIMIT: 'on', CONNECTIONS_PER_ADDRESS: '3' });
    const port = Number(new URL(app.url).port);
    const open = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'));
    const refused = connect(port, '127.0.0.1').on('error', () => undefined);
    refused.resume();
    await once(refused, 'close');
    expect(app.log.join('')).toContain('"reason":"too_many_of_address"');
    for (const socket of open) socket.destroy();
    await eventually(async () => (await fetch(`${app.url}/health/live`).catch(() => undefined))?.status === 200);
    const { too_many_of_address = 0, ...others } = await counted('http_connections_closed_total');
    // Those that were refused until the first ones had gone, too.
    expect([too_many_of_address >= 1, others]).toEqual([true, {}]);
  });
});

describe('rate limits (D20, T30, T54)', () => {
  const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });

  /** Twenty at a time. */
  const flood = async (
    times: number,
    send: (n: number) => Promise<{ status: number }>,
  ): Promise<Map<number, number>> => {
    const seen = new Map<number, number>();
    for (let n = 0; n < times; n += 20) {
      const batch = Array.from({ length: Math.min(20, times - n) }, (_, k) => send(n + k));
      for (const { status } of await Promise.all(batch)) seen.set(status, (seen.get(status) ?? 0) + 1);
    }
    return seen;
  };

  const cycle = <T>(items: readonly T[], n: number): T => items[n % items.length] as T;

  const drop = async (response: Promise<Response>): Promise<Response> => {
    const answer = await response;
    await answer.arrayBuffer();
    return answer;
  };

  it('hold an address to 600 a minute in all, however it writes its requests [V2.4.1] [T30] [T54] [R20] [R21]', async () => {
    await started({ RATE_LIMIT: 'on', ...BEHIND_PROXY });
    let headers = {};
    const variants: ((path?: string) => Promise<Response>)[] = [
      () => fetch(`${app.url}/api/v1/users/me`, { headers }),
      () => fetch(`${app.url}/api/users/me`, { headers }),
      () => fetch(`${app.url}/api/v1/%75sers/me?x`, { headers }),
      () => fetch(`${app.url}/api/v1/users/me`, { method: 'HEAD', headers }),
      () => fetch(`${app.url}/api/v1/users/me`, { method: 'PURGE', headers }),
      () => fetch(`${app.url}/nowhere/${performance.now()}`, { headers }),
      () => fetch(`${app.url}/openapi.json`, { headers }),
      () =>
        fetch(`${app.url}/api/v1/users/me`, {
          method: 'PATCH',
          headers: { ...headers, 'content-type': 'application/json' },
          body: '{',
        }),
      () =>
        fetch(`${app.url}/api/v1/users/me`, {
          method: 'PATCH',
          headers: { ...headers, 'content-type': 'text/plain' },
          body: 'x',
        }),
      () => fetch(`${app.url}/metrics`, { headers }),
    ];
    const attempt = async (host: number): ReturnType<typeof get> => {
      const startedAt = performance.now();
      headers = from(`203.0.113.${host}`);
      const seen = await flood(600, (n) => drop(cycle(variants, n)()));
      const statuses: number[] = [];
      for (const variant of variants) statuses.push((await drop(variant())).status);
      const last = await get('/nowhere', headers);
      if (performance.now() - startedAt > MOST_OF_A_MINUTE) return attempt(host + 1);
      expect(seen.has(429)).toBe(false);
      expect(new Set(statuses)).toEqual(new Set([429]));
      return last;
    };
    const refused = await attempt(1);
    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=600;w=60');
    expect(refused.headers.get('ratelimit')).toMatch(/^"address";r=0;t=\d+$/);
    expect((await get('/health/live', headers)).status).toBe(200);
    expect((await get('/health/ready', headers)).status).toBe(200);
    expectProblem(await get('/nowhere', from('203.0.113.2')), 404, 'route_not_found');
  });

  it('take an IPv6 network of /64 for one address, in every spelling [V15.3.4] [T30]', async () => {
    await started({ RATE_LIMIT: 'on', ...BEHIND_PROXY });
    const post = (address: string): Promise<Response> =>
      drop(
        fetch(`${app.url}/api/v1/auth/login`, {
          method: 'POST',
          headers: { ...from(address), 'content-type': 'application/json' },
          body: '{}',
        }),
      );
    const seen = await flood(60, (n) => post(`2001:db8:0:1::${(n + 1).toString(16)}`));
    expect([...seen]).toEqual([[400, 60]]);
    for (const spelled of [
      '2001:db8:0:1::ffff',
      '2001:0DB8:0000:0001:0000:0000:0000:0001',
      '2001:db8:0:1:ffff:ffff:ffff:ffff',
    ])
      expect((await post(spelled)).status).toBe(429);
    expect((await post('2001:db8:0:2::1')).status).toBe(400);
    await flood(60, () => post('203.0.113.5'));
    expect((await post('::ffff:203.0.113.5')).status).toBe(429);
    expect((await post('203.0.113.6')).status).toBe(400);
  });

  it('hold authentication to 60 a minute an address, whatever it says of its address [V2.4.1] [T30]', async () => {
    await started({ RATE_LIMIT: 'on' });
    const spoof = (n: number): Record<string, string> => {
      const address = `203.0.113.${n}`;
      return {
        ...from(address),
        'x-real-ip': address,
        forwarded: `for=${address}`,
        'cf-connecting-ip': address,
        'x-client-ip': address,
      };
    };
    const paths = [
      '/api/v1/auth/login',
      '/api/auth/login',
      '/api/v1/%61uth/login',
      '/api/v1/auth/password/reset',
      '/api/v1/auth/email/confirm',
    ];
    const post = (n: number): Promise<Response> =>
      drop(
        fetch(app.url + cycle(paths, n), {
          method: 'POST',
          headers: { ...spoof(n), 'content-type': 'application/json' },
          body: '{}',
        }),
      );
    expect((await flood(60, post)).has(429)).toBe(false);
    for (const n of paths.keys()) expect((await post(n)).status).toBe(429);
    const refused = await app.api.post('/auth/login', {});
    expectProblem(refused, 429, 'rate_limited');
    expect(refused.headers.get('ratelimit')).toMatch(/^"address";r=\d+;t=\d+, "authentication";r=0;t=\d+$/);
    expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=600;w=60, "authentication";q=60;w=60');
    for (const path of ['/api/v1/users/me', '/api/v1/auth/me', '/api/v1/auth/sessions'])
      expectProblem(await get(path), 401, 'authentication_required');
  });

  it('never end the sessions of an office behind one address', async () => {
    await started({ RATE_LIMIT: 'on', LOGIN_GUARD: 'on' });
    const alice = await person(app);
    const refresh = (): Promise<{ status: number }> =>
      app.api.post('/auth/refresh', { refresh_token: alice.refresh_token });
    expect([...(await flood(100, refresh))]).toEqual([[200, 100]]);
    expect([...(await flood(100, () => alice.api.get('/auth/me')))]).toEqual([[200, 100]]);
    expect([...(await flood(100, () => alice.api.get('/auth/sessions')))]).toEqual([[200, 100]]);
    expect((await alice.api.post('/auth/logout')).status).toBe(200);
  });

  it('hold registration to 20 an hour an address', async () => {
    await started({ RATE_LIMIT: 'on' });
    const seen = await flood(20, () => app.api.post('/auth/register', {}));
    expect([...seen]).toEqual([[400, 20]]);
    const refused = await app.api.post('/auth/register', {});
    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expectProblem(await app.api.post('/auth/login', {}), 400, 'validation_failed');
  });

  it('hold a user to 1,200 a minute, from however many addresses', async () => {
    await started({ RATE_LIMIT: 'on', ...BEHIND_PROXY });
    const bob = await person(app);
    const me = (who: Person, n: number): Promise<Response> =>
      drop(
        fetch(`${app.url}/api/v1/users/me`, {
          headers: { ...from(`198.51.100.${n % 200}`), authorization: `Bearer ${who.access_token}` },
        }),
      );
    const attempt = async (): Promise<Response> => {
      const alice = await person(app);
      const startedAt = performance.now();
      const seen = await flood(1_200, (n) => me(alice, n));
      const last = await me(alice, 201);
      if (performance.now() - startedAt > MOST_OF_A_MINUTE) return attempt();
      expect([...seen]).toEqual([[200, 1_200]]);
      return last;
    };
    const refused = await attempt();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('ratelimit')).toMatch(/"user";r=0;t=\d+$/);
    expect((await me(bob, 202)).status).toBe(200);
  });
});

/** Pages of other names that were made to point here (DNS rebinding) are of the same origin for a browser. */
describe('routes that trust the network', () => {
  const ask = async (path: string, host: string): Promise<number> => {
    const bytes = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const answer = await request(app.url, bytes);
    if (answer.status === 421) expectProblem(answer, 421, 'unknown_host');
    return answer.status;
  };
  const TRUSTING = ['/dev/mailbox', '/metrics', '/docs', '/docs/', '/docs/swagger-ui-init.js'];

  it('answer to localhost, loopback addresses and the host of PUBLIC_URL only', async () => {
    await started({ PUBLIC_URL: 'https://Roost.example.org/base', TRUST_PROXY: '127.0.0.1/32' });
    const known = ['localhost', 'LOCALHOST:3000', '127.0.0.1', '127.0.0.2:81', '[::1]:3000', 'roost.example.org'];
    const unknown = [
      'evil.example',
      'evil.example:3000',
      'localhost.evil.example',
      '192.168.1.5',
      '[fd00::1]',
      '0.0.0.0',
    ];
    for (const path of TRUSTING) {
      for (const host of known) expect([path, host, await ask(path, host)]).toEqual([path, host, 200]);
      for (const host of unknown) expect([path, host, await ask(path, host)]).toEqual([path, host, 421]);
    }
    for (const host of unknown) expect(await ask('/health/live', host)).toBe(200);
    expect(await ask('/api/v1/users/me', 'evil.example')).toBe(401);
  });

  it('answer to ALLOWED_HOSTS, too', async () => {
    await started({
      ALLOWED_HOSTS: 'Roost.internal, 10.0.0.7,[fd00::7]',
      METRICS_TOKEN: 'the-scrapers-token-nobody-else-knows-1',
    });
    for (const host of ['roost.internal:3000', '10.0.0.7', '[fd00::7]:3000', 'localhost'])
      expect([host, await ask('/dev/mailbox', host)]).toEqual([host, 200]);
    expect(await ask('/dev/mailbox', 'evil.example')).toBe(421);
    expect(await ask('/metrics', 'evil.example')).toBe(401);
  });

  it('answer to every name with ALLOWED_HOSTS=*', async () => {
    await started({ ALLOWED_HOSTS: '*' });
    for (const path of TRUSTING) expect([path, await ask(path, 'anything.example')]).toEqual([path, 200]);
  });
});

describe('operations', () => {
  describe('the reference at /docs', () => {
    it('may run its own scripts, and nothing else [V3.4.3]', async () => {
      await started({});
      for (const path of ['/docs', '/docs/']) {
        const page = await get(path);
        expect(page.status).toBe(200);
        const policy = page.headers.get('content-security-policy') ?? '';
        expect(policy).toMatch(/^default-src 'none'; script-src 'self';/);
        expect(/script-src[^;]*/.exec(policy)?.[0]).toBe("script-src 'self'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=/);
        const sources = [...page.text.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, source = '']) => source);
        expect(sources.length).toBeGreaterThan(4);
        for (const source of sources) {
          const url = new URL(source, app.url + path);
          expect(url.origin).toBe(app.url);
          const asset = await fetch(url);
          expect({ source, status: asset.status }).toEqual({ source, status: 200 });
          expect(asset.headers.get('x-content-type-options')).toBe('nosniff');
          if (source.endsWith('.js')) expect(asset.headers.get('content-type')).toMatch(/^application\/javascript/);
          await asset.arrayBuffer();
        }
      }
      expect((await get('/docs/swagger-ui-init.js')).text).toContain('/api/v1/users/me');
    });

    it('serves nothing from outside of its folder [T60]', async () => {
      await started({});
      for (const path of [
        '/docs/../package.json',
        '/docs/%2e%2e/package.json',
        '/docs/..%2f..%2f..%2fpackage.json',
        '/docs/%2e%2e%2f%2e%2e%2fpackage.json',
        '/docs/....//package.json',
        '/docs/%5c..%5cpackage.json',
        '/docs//etc/passwd',
        '/docs/nothing.js',
      ]) {
        const { status, text } = await request(app.url, head(`GET ${path}`));
        expect({ path, status }).toEqual({ path, status: 404 });
        expect(text).toContain('"route_not_found"');
      }
    });

    it('is off when asked', async () => {
      await started({ DOCS: 'off' });
      expectProblem(await get('/docs'), 404, 'route_not_found');
      expect((await get('/openapi.json')).status).toBe(200);
    });
  });

  it('/openapi.json is the committed document', async () => {
    await started({});
    const answer = await get('/openapi.json');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(Object.keys((JSON.parse(answer.text) as { paths: object }).paths)).toContain(
      '/api/v1/auth/sessions/{session_id}',
    );
  });

  describe('/metrics', () => {
    it('answers local addresses, and nobody whose request was forwarded [V13.4.5]', async () => {
      await started({});
      const answer = await get('/metrics');
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(answer.text).toContain('http_request_duration_seconds');
      for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])
        expectProblem(await get('/metrics', { [header]: '127.0.0.1' }), 403, 'metrics_forbidden');
    });

    it('sees through trusted proxies', async () => {
      await started(BEHIND_PROXY);
      expectProblem(await get('/metrics', { 'x-forwarded-for': '203.0.113.7' }), 403, 'metrics_forbidden');
      expectProblem(await get('/metrics', { 'x-forwarded-for': '10.0.0.1, 203.0.113.7' }), 403, 'metrics_forbidden');
      expectProblem(await get('/metrics', { 'x-forwarded-for': '2001:db8::1' }), 403, 'metrics_forbidden');
      expect((await get('/metrics', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(200);
    });

    it('needs METRICS_TOKEN where it is set [V13.4.5] [T60]', async () => {
      const token = 'the-scrapers-token-nobody-else-knows-1';
      await started({ METRICS_TOKEN: token, ...BEHIND_PROXY });
      expectProblem(await get('/metrics'), 401, 'authentication_required');
      for (const authorization of [
        'Bearer wrong',
        token,
        `Basic ${token}`,
        `Bearer ${token}x`,
        `Bearer ${token.slice(0, -1)}`,
        'Bearer ',
      ])
        expectProblem(await get('/metrics', { authorization }), 401, 'invalid_token');
      const bearer = { authorization: `Bearer ${token}`, 'x-forwarded-for': '203.0.113.7' };
      expect((await get('/metrics', bearer)).status).toBe(200);
      expect((await get('/metrics', { ...bearer, authorization: `bearer ${token}` })).status).toBe(200);
      expect(app.log.join('')).not.toContain(token);
    });

    it('has a bounded number of series, whatever is asked for [T54]', async () => {
      await started({});
      for (let n = 0; n < 20; n += 1) await get(`/nowhere/${n}/canary`);
      await get('/api/v1/admin/users/12345678');
      const { text } = await get('/metrics');
      expect(text).toContain('route="none",status="404"');
      expect(text).toContain('route="/api/v1/admin/users/:user_id"');
      expect(text).not.toMatch(/canary|12345678/);
    });
  });
});

describe('a lost database', () => {
  let owner: TestApp;
  let relay: Relay;
  let alice: Person;

  beforeEach(async () => {
    owner = await TestApp.start();
    relay = await Relay.to(owner.databaseUrl);
    app = await TestApp.start({ sharing: owner, through: relay });
    alice = await person(app);
    await alice.api.patch('/users/me', { bio: 'kept' });
  });

  afterEach(async () => {
    await relay.cut();
    await owner.stop();
  });

  const everyRoute = (): Promise<{ status: number; headers: Headers; text: string }[]> =>
    Promise.all([
      app.api.get('/health/ready'),
      alice.api.get('/users/me'),
      alice.api.patch('/users/me', { bio: 'x' }),
      alice.api.get('/auth/me'),
      app.api.post('/auth/login', { email: alice.email, password: 'long enough' }),
      app.api.post('/auth/refresh', { refresh_token: alice.refresh_token }),
      app.api.post('/auth/register', { email: 'new@example.org', password: 'long enough' }),
    ]);

  it('is 503 with Retry-After, and over by itself when it is back [V16.5.2]', async () => {
    await relay.cut();
    for (const answer of await everyRoute()) {
      expectProblem(answer, 503, 'database_unavailable');
      expect(answer.headers.get('retry-after')).toBe('2');
    }
    expect((await app.api.get('/health/live')).status).toBe(200);
    expect(app.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    await relay.restore();
    expect((await app.api.get('/health/ready')).status).toBe(200);
    expect((await alice.api.get('/users/me')).body).toMatchObject({ bio: 'kept' });
  });

  it('that hangs is 503, too', async () => {
    relay.freeze();
    for (const answer of await everyRoute()) expectProblem(answer, 503, 'database_unavailable');
  });

  it('whose connections were ended is asked anew', async () => {
    await owner.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'roost'",
    );
    const statuses = (await Promise.all(Array.from({ length: 5 }, () => alice.api.get('/users/me')))).map(
      ({ status }) => status,
    );
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect((await alice.api.get('/users/me')).status).toBe(200);
  });
});

it('every answer is hardened in every mode [V3.4.4] [V3.2.1] [V3.4.5] [V3.4.6] [V14.3.2]', async () => {
  await started({ CORS_ORIGINS: 'https://app.example.org', RATE_LIMIT: 'on' });
  for (const path of ['/health/live', '/api/v1/users/me', '/nowhere', '/openapi.json'])
    expect(Object.fromEntries((await get(path)).headers)).toMatchObject(SECURITY_HEADERS);
});
