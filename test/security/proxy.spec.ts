/** The load balancers that are shipped, before a real Roost. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { connect, type SecureVersion } from 'node:tls';

import { TestApp } from '../support/app.js';
import { HAProxy, HAS_HAPROXY } from '../support/haproxy.js';
import { HAS_NGINX, Nginx } from '../support/nginx.js';
import { eventually } from '../support/process.js';

const PROXIES = [
  ['deploy/haproxy/haproxy.cfg (skipped without haproxy and openssl)', HAProxy, HAS_HAPROXY],
  ['deploy/nginx/nginx.conf (skipped without nginx and openssl)', Nginx, HAS_NGINX],
] as const;

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
}

describe.each(PROXIES)('%s', (_, Proxy, isThere) => {
  const it = isThere ? test : test.skip;
  let app: TestApp;
  let proxy: HAProxy | Nginx;

  beforeAll(async () => {
    if (!isThere) return;
    app = await TestApp.start({ env: { TRUST_PROXY: '127.0.0.0/8', PUBLIC_URL: 'https://roost.example.org' } });
    const port = Number(new URL(app.url).port);
    proxy = await Proxy.before([port, port]);
    await eventually(async () => (await ask('/health/ready')).status === 200);
  });

  afterAll(async () => {
    if (!isThere) return;
    await proxy.stop();
    await app.stop();
  });

  const ask = async (path: string, options: RequestOptions = {}): Promise<Answer> => {
    const sent = request(proxy.url + path, { rejectUnauthorized: false, agent: false, ...options }).end();
    const [answer] = await once(sent, 'response');
    answer.resume();
    return { status: answer.statusCode, headers: answer.headers };
  };

  /** @returns the version that was agreed on, or the reason why none was */
  const agreeOn = async (version: SecureVersion): Promise<string | null> => {
    // Level 0: this client would speak what is too old today.
    const options = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0', rejectUnauthorized: false };
    const socket = connect(proxy.httpsPort, '127.0.0.1', options);
    try {
      await once(socket, 'secureConnect');
      return socket.getProtocol();
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      socket.destroy();
    }
  };

  it.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s [V12.1.1]', async (version) => {
    expect(await agreeOn(version)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s [V12.1.1]', async (version) => {
    expect(await agreeOn(version)).toBe(version);
  });

  it('sends plain requests to HTTPS, and asks Roost nothing for them', async () => {
    const answer = await fetch(`http://127.0.0.1:${proxy.httpPort}/api/v1/auth/me`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([
      308,
      `https://127.0.0.1:${proxy.httpPort}/api/v1/auth/me`,
    ]);
  });

  it('tells clients a shorter time to keep connections than it has itself', async () => {
    const agent = new Agent({ keepAlive: true });
    expect((await ask('/health/live', { agent })).headers['keep-alive']).toBe('timeout=25');
    agent.destroy();
  });

  it('tells Roost that the client came over TLS, and from which address', async () => {
    expect((await ask('/api/v1/auth/me')).status).toBe(401);
    const headers = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Prefix': '/evil' };
    expect((await ask('/api/v1/auth/me', { headers })).status).toBe(401);
    const seen = app.log.map((line) => JSON.parse(line) as { path?: string; ip?: string });
    expect(seen.findLast(({ path }) => path === '/api/v1/auth/me')?.ip).toBe('192.0.2.7');
  });
});
