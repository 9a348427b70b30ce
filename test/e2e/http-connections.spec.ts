/** What clients do to their connections, and what becomes of them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { TestApp } from '../support/app.js';
import { head } from '../support/raw.js';

describe('a connection', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  /** @returns both ends of a connection */
  const opened = async (): Promise<{ client: Socket; server: Socket }> => {
    const accepted = once(app.nestApp.getHttpServer(), 'connection');
    const client = connect(Number(new URL(app.url).port), '127.0.0.1');
    client.on('error', () => undefined);
    const [server] = (await accepted) as [Socket];
    return { client, server };
  };

  it.each([
    ['before it asks', ''],
    ['after CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['after an Upgrade', head('GET /health/live', 'Connection: upgrade', 'Upgrade: websocket')],
    ['after garbage', '\x01\r\n\r\n'],
    ['after an unknown expectation', head('POST /api/v1/auth/login', 'Content-Length: 2', 'Expect: a-miracle')],
    ['in the middle of a head', 'GET /health/live HT'],
  ])('may be reset %s', async (_title, bytes) => {
    for (const patience of [() => undefined, () => new Promise((resolve) => setImmediate(resolve))]) {
      const { client, server } = await opened();
      const closed = new Promise((resolve) => server.once('close', resolve));
      client.write(bytes);
      await patience();
      client.resetAndDestroy();
      await closed;
    }
    expect((await app.api.get('/health/live')).status).toBe(200);
  });
});
