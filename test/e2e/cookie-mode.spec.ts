/** Cookie mode: the refresh token out of the reach of scripts, and what other sites cannot do with it. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';

import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

import type { Answer, Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { claimsOf } from '../support/jwt.js';
import { PASSWORD, person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { expectRefused, me } from '../support/sessions.js';
import { enrol, ticketOf } from '../support/totp.js';

const PAGE = 'https://app.example.org';
const NAME = '__Host-roost_refresh';
const CLEARED = `${NAME}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`;

describe('cookie mode', () => {
  let app: TestApp;
  let page: Api;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start({ env: { CORS_ORIGINS: PAGE } });
    page = app.api.with({ origin: PAGE, 'sec-fetch-site': 'same-site', 'refresh-token-in': 'cookie' });
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  const login = (api = page): Promise<Answer> => api.post('/auth/login', { email: ada.email, password: PASSWORD });
  const cookieIn = ({ headers }: Answer): string => headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const tokenIn = (answer: Answer): string => cookieIn(answer).slice(NAME.length + 1);
  const bearing = (answer: Answer): Api => page.with({ cookie: cookieIn(answer) });

  it('keeps the refresh token in a cookie of this host, over TLS, that no script reads and no other site sends [V3.3.1] [V3.3.2] [V3.3.4]', async () => {
    const answer = await login();
    expect([answer.status, answer.body]).toEqual([
      200,
      { access_token: expect.any(String), refresh_token_in: 'cookie', token_type: 'bearer', expires_in: 86_400 },
    ]);
    expect(answer.headers.getSetCookie()).toEqual([
      `${NAME}=${tokenIn(answer)}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Strict`,
    ]);
    expect(answer.text).not.toContain(tokenIn(answer));
    expect((await app.api.post('/auth/refresh', { refresh_token: tokenIn(answer) })).status).toBe(200);
  });

  it('is chosen for each request: without its header nothing is different, and a cookie is not looked at', async () => {
    const plain = await app.api.with({ origin: PAGE }).post('/auth/login', { email: ada.email, password: PASSWORD });
    expect(plain.headers.getSetCookie()).toEqual([]);
    expect(plain.headers.get('access-control-allow-credentials')).toBeNull();
    expect(plain.body.refresh_token).toEqual(expect.any(String));
    const { cookie } = { cookie: cookieIn(await login()) };
    expectProblem(await app.api.with({ cookie }).post('/auth/refresh', {}), 400, 'validation_failed');
  });

  it('refreshes by the cookie, and gives the next one', async () => {
    const first = await login();
    const next = await bearing(first).post('/auth/refresh');
    expect([next.status, Object.keys(next.body).sort()]).toEqual([
      200,
      ['access_token', 'expires_in', 'refresh_token_in', 'token_type'],
    ]);
    expect(tokenIn(next)).not.toBe(tokenIn(first));
    expect((await me(app, next.body.access_token)).body.email).toBe(ada.email);
    const again = await bearing(first).post('/auth/refresh', {});
    expect(tokenIn(again)).toBe(tokenIn(next));
  });

  it.each([
    ['without a cookie', {}],
    ['with an empty one', { cookie: `${NAME}=` }],
    ['with a made up one', { cookie: `${NAME}=abc` }],
    ['with one of strange signs', { cookie: `${NAME}=a"b\\c` }],
    ['with a cookie of another name', { cookie: 'roost_refresh=abc' }],
  ])('refuses a refresh %s, and clears the cookie', async (_, headers) => {
    const answer = await page.with(headers).post('/auth/refresh');
    expectRefused(answer, 'invalid_refresh_token');
    expect(answer.headers.getSetCookie()).toEqual([CLEARED]);
  });

  it('finds its cookie among others', async () => {
    const cookie = `a=1; ${cookieIn(await login())}; ${NAME}x=2`;
    expect((await page.with({ cookie }).post('/auth/refresh')).status).toBe(200);
  });

  it('clears the cookie when two parties hold it', async () => {
    const first = await login();
    const second = await bearing(first).post('/auth/refresh');
    await bearing(second).post('/auth/refresh');
    const stolen = await bearing(first).post('/auth/refresh');
    expectRefused(stolen, 'refresh_token_reused');
    expect(stolen.headers.getSetCookie()).toEqual([CLEARED]);
  });

  it('refuses a token in the body beside it', async () => {
    const answer = await bearing(await login()).post('/auth/refresh', { refresh_token: ada.refresh_token });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors[0]).toMatchObject({ pointer: '#/refresh_token', code: 'not_with_cookie' });
  });

  it.each([[[]], [null], [1], ['"x"'], [[1]]])('refuses the body %j, as without a cookie', async (body) => {
    const first = await login();
    for (const path of ['/auth/refresh', '/auth/logout'])
      expectProblem(await bearing(first).post(path, body), 400, 'validation_failed');
    expect((await bearing(first).post('/auth/refresh', {})).status).toBe(200);
  });

  it('ends the session of the cookie, or that of the access token, and clears the cookie', async () => {
    const [first, second] = [await login(), await login()];
    const byCookie = await bearing(first).post('/auth/logout');
    expect([byCookie.status, byCookie.headers.getSetCookie()]).toEqual([200, [CLEARED]]);
    expectRefused(await me(app, first.body.access_token), 'token_revoked');
    const byToken = await bearing(second).as(second.body.access_token).post('/auth/logout', { scope: 'global' });
    expect([byToken.status, byToken.headers.getSetCookie()]).toEqual([200, [CLEARED]]);
    expectRefused(await bearing(second).post('/auth/refresh'), 'invalid_refresh_token');
  });

  it('leaves the cookie alone when the other sessions end', async () => {
    const answer = await login();
    const others = await bearing(answer).as(answer.body.access_token).post('/auth/logout', { scope: 'others' });
    expect([others.status, others.headers.getSetCookie()]).toEqual([200, []]);
    expect((await bearing(answer).post('/auth/refresh')).status).toBe(200);
  });

  it('gives no cookie before the second step', async () => {
    const { authenticator } = await enrol(app, ada);
    expect((await login()).headers.getSetCookie()).toEqual([]);
    const body = { mfa_ticket: await ticketOf(app, ada), totp: authenticator.next() };
    const step = await page.post('/auth/login/second-factor', body);
    expect([step.body.refresh_token_in, cookieIn(step).startsWith(`${NAME}=`)]).toEqual(['cookie', true]);
  });

  it('gives no cookie for a wrong password', async () => {
    const wrong = await page.post('/auth/login', { email: ada.email, password: 'wrong horse battery' });
    expectRefused(wrong, 'invalid_credentials');
    expect(wrong.headers.getSetCookie()).toEqual([]);
  });

  describe('from another site', () => {
    it.each([
      ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      [
        'a page of the same site that is not listed',
        { origin: 'https://x.example.org', 'sec-fetch-site': 'same-site' },
      ],
      ['a page without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
      ['the listed page over plain HTTP', { origin: 'http://app.example.org', 'sec-fetch-site': 'cross-site' }],
      ['a look-alike', { origin: `${PAGE}.evil.example`, 'sec-fetch-site': 'cross-site' }],
      ['a browser that says nothing', {}],
      ['an address that was typed', { 'sec-fetch-site': 'none' }],
      ['a site that contradicts its origin', { origin: 'https://evil.example', 'sec-fetch-site': 'same-site' }],
      ['an unknown kind of site', { origin: PAGE, 'sec-fetch-site': 'x' }],
    ])('refuses %s, and changes nothing [V3.5.1]', async (_, headers) => {
      const answer = await login();
      const foreign = app.api.with({ ...headers, cookie: cookieIn(answer), 'refresh-token-in': 'cookie' });
      for (const path of ['/auth/refresh', '/auth/logout']) {
        const refused = await foreign.post(path);
        expectProblem(refused, 403, 'cross_site_request');
        expect(refused.headers.getSetCookie()).toEqual([]);
      }
      expectRefused(await login(foreign), 'cross_site_request', 403);
      expect((await me(app, answer.body.access_token)).status).toBe(200);
    });

    it('answers its own pages, known by their browser or by their host', async () => {
      const { host } = new URL(app.url);
      const cookie = cookieIn(await login());
      for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: `http://${host}` }])
        expect(
          (await app.api.with({ ...headers, cookie, 'refresh-token-in': 'cookie' }).post('/auth/refresh')).status,
        ).toBe(200);
    });

    it('refuses its own origin where the browser says that it is of another site', async () => {
      const headers = { origin: app.url, 'sec-fetch-site': 'cross-site', 'refresh-token-in': 'cookie' };
      expectRefused(await login(app.api.with(headers)), 'cross_site_request', 403);
    });

    it.each(['true', 'header', ''])('refuses the mode %j', async (mode) => {
      const answer = await login(page.with({ 'refresh-token-in': mode }));
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '#/refresh-token-in', in: 'header' }]);
    });

    it('lets listed pages send credentials in this mode only', async () => {
      const preflight = (asked: string, origin = PAGE): Promise<Response> =>
        fetch(`${app.url}/api/v1/auth/refresh`, {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
        });
      const allowed = await preflight('content-type,refresh-token-in');
      expect([allowed.status, allowed.headers.get('access-control-allow-credentials')]).toEqual([204, 'true']);
      expect((await preflight('content-type')).headers.get('access-control-allow-credentials')).toBeNull();
      const evil = await preflight('refresh-token-in', 'https://evil.example');
      expect(evil.headers.get('access-control-allow-origin')).toBeNull();
      expect(evil.headers.get('access-control-allow-credentials')).toBeNull();
      expect((await login()).headers.get('access-control-allow-credentials')).toBe('true');
    });
  });

  it('keeps tokens out of the log', async () => {
    const answer = await login();
    await bearing(answer).post('/auth/refresh');
    expect(app.log.join()).not.toContain(tokenIn(answer));
  });

  describeInBrowser('in Chromium', () => {
    let pages: Server;
    let origin: string;
    let served: TestApp;

    beforeAll(async () => {
      pages = createServer((request, response) => {
        const file = /^\/client\/(\w+)\.js$/.exec(request.url ?? '')?.[1];
        response.setHeader('content-type', file === undefined ? 'text/html' : 'text/javascript');
        response.end(file === undefined ? '<title>x</title>' : compiled(file));
      });
      await once(pages.listen(0, '127.0.0.1'), 'listening');
      origin = `http://localhost:${(pages.address() as AddressInfo).port}`;
      served = await TestApp.start({ env: { CORS_ORIGINS: origin }, sharing: app });
    });

    afterAll(async () => {
      await served.stop();
      pages.close();
    });

    it('logs in, survives a reload by the cookie, and is over after the logout', async () => {
      const eve = await person(served, 'eve');
      const browser = await openBrowser();
      try {
        const tab = await browser.newPage();
        const run = (script: string): Promise<unknown> =>
          tab.evaluate(`(async () => {
            const { RoostClient } = await import('/client/index.js');
            const url = '${served.url.replace('127.0.0.1', 'localhost')}';
            const roost = new RoostClient({ url, refreshTokenIn: 'cookie' });
            ${script}
          })()`);
        await tab.goto(origin);
        expect(await run('return roost.restore()')).toBe(false);
        const visible = await run(`
          await roost.login({ email: '${eve.email}', password: '${PASSWORD}' });
          return [(await roost.get('/auth/me')).data.email, document.cookie, localStorage.length]`);
        expect(visible).toEqual([eve.email, '', 0]);
        await tab.reload();
        expect(await run(`return [await roost.restore(), (await roost.get('/auth/me')).data.email]`)).toEqual([
          true,
          eve.email,
        ]);
        const cookies = await tab.context().cookies();
        expect(cookies).toEqual([
          expect.objectContaining({ name: NAME, httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }),
        ]);
        await run(`await roost.restore(); await roost.logout()`);
        expect(await tab.context().cookies()).toEqual([]);
        expect(await run('return roost.restore()')).toBe(false);
      } finally {
        await browser.close();
      }
    });
  });

  it('is of the same session as any other: its access token has the same claims', async () => {
    expect(claimsOf((await login()).body.access_token)).toMatchObject({ sub: ada.id, role: 'user' });
  });
});

function compiled(file: string): string {
  const source = readFileSync(join(__dirname, `../../clients/typescript/src/${file}.ts`), 'utf8');
  const { ES2022: target } = ScriptTarget;
  return transpileModule(source, { compilerOptions: { target, module: ModuleKind.ES2022 } }).outputText;
}
