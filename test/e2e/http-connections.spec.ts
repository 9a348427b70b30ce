/** What clients do to their connections, and what becomes of them. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import { CONNECTION_BOUNDS } from '../../src/http/connections/connection.js';
import { maxConnections } from '../../src/http/connections/connections.js';
import { StartingServer } from '../../src/starting-server.js';
import { TestApp } from '../support/app.js';
import { person } from '../support/people.js';
import { answerAfterAll, head } from '../support/raw.js';

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
}

async function received(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  client.on('data', (chunk) => chunks.push(chunk));
  await closed(client);
  return Buffer.concat(chunks).toString();
}

describe('a connection', () => {
  let app: TestApp;

  beforeAll(async () => {
    const small = { checkMs: 20, stalledMs: 200, lingerMs: 200, idleMs: 3_000, waitingRequests: 3 };
    for (const [name, value] of Object.entries(small))
      jest.replaceProperty(CONNECTION_BOUNDS, name as keyof typeof small, value);
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

  it.each([
    ['a refusal', '\x01\r\n\r\n'],
    ['a refused CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a last answer', head('GET /health/live')],
  ])('is closed after %s that its client neither reads nor follows by closing', async (_title, bytes) => {
    const { client, server } = await opened();
    client.pause().write(bytes);
    await closed(server);
    client.destroy();
  });

  it('is closed when its client does not read the answers [T45]', async () => {
    const { client, server } = await opened();
    client.pause();
    // The next request follows an answer: too many that wait would end the connection for another reason.
    let answered = -1;
    const more = setInterval(() => {
      if (server.bytesWritten <= answered) return;
      answered = server.bytesWritten;
      client.write('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n');
    }, 1);
    await closed(server);
    clearInterval(more);
    client.destroy();
    expect(app.log.join('')).toContain('"reason":"not_read"');
  });

  it('is closed when it only sends empty lines', async () => {
    const { client, server } = await opened();
    client.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    const more = setInterval(() => client.write('\r\n'), 50);
    await closed(server);
    clearInterval(more);
    client.destroy();
  });

  const size = 5_000_000;
  it.each([
    ['413', 'POST /api/v1/auth/login', [`Content-Length: ${size}`, 'Content-Type: application/json']],
    ['413', 'POST /api/v1/auth/login', ['Transfer-Encoding: chunked', 'Content-Type: application/json']],
    ['415', 'POST /api/v1/auth/login', [`Content-Length: ${size}`, 'Content-Type: text/plain']],
    ['404', 'POST /nowhere', [`Content-Length: ${size}`]],
    ['405', 'POST /health/live', ['Transfer-Encoding: chunked']],
  ])('%s reaches a client that first writes all of its body (%s %j)', async (status, target, lines) => {
    jest.replaceProperty(CONNECTION_BOUNDS, 'lingerMs', 60_000);
    const chunked = `${size.toString(16)}\r\n${'a'.repeat(size)}\r\n0\r\n\r\n`;
    const body = lines[0]?.startsWith('Content') ? Buffer.alloc(size, 'a') : chunked;
    const answer = await answerAfterAll(app.url, head(target, ...lines), body);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('503 reaches such a client while Roost starts', async () => {
    jest.replaceProperty(CONNECTION_BOUNDS, 'lingerMs', 60_000);
    const starting = await StartingServer.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${starting.number}`;
    try {
      const login = head('POST /api/v1/auth/login', `Content-Length: ${size}`, 'Content-Type: application/json');
      expect(await answerAfterAll(url, login, Buffer.alloc(size, 'a'))).toMatch(/^HTTP\/1\.1 503 [^]*"starting"/);
    } finally {
      starting.close();
    }
  });

  it('ends after the answers that are due when more requests wait than it may have', async () => {
    const { client } = await opened();
    client.write('GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10));
    const answers = (await received(client)).match(/HTTP\/1\.1 200 /g);
    expect(answers).toHaveLength(1 + CONNECTION_BOUNDS.waitingRequests);
    expect(app.log.join('')).toContain('"reason":"too_many_waiting"');
  });

  it.each([
    ['400', CONNECTION_BOUNDS.chunks],
    ['413', CONNECTION_BOUNDS.chunks + 1],
  ])('%s is the answer to a body of blanks in %d chunks', async (status, chunks) => {
    const { client } = await opened();
    const lines = ['Transfer-Encoding: chunked', 'Content-Type: application/json'];
    client.write(head('POST /api/v1/auth/login', ...lines) + '1\r\n \r\n'.repeat(chunks) + '0\r\n\r\n');
    expect((await received(client)).match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(app.log.at(-1)).toContain(`"status":${status}`);
  });

  it('ends with an answer that comes before all chunks of the body', async () => {
    const { client } = await opened();
    client.write('POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n');
    expect(await received(client)).toMatch(/^HTTP\/1\.1 404 [^]*\r\nconnection: close\r\n/);
  });

  it('is closed when the answers that are due before its end take too long', async () => {
    const { access_token } = await person(app);
    const due = jest.replaceProperty(CONNECTION_BOUNDS, 'dueMs', 100);
    const { client } = await opened();
    const holder = await app.pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      client.write(`GET /api/v1/users/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${access_token}\r\n\r\n\x01`);
      expect(await received(client)).toBe('');
    } finally {
      due.restore();
      await holder.query('ROLLBACK');
      holder.release();
    }
    expect(app.log.join('')).toContain('"reason":"not_answered"');
  });

  describe('of too many', () => {
    it.each([
      ['Max open files            1024                 524288               files', 768],
      [
        'Max cpu time  1  1  seconds\nMax open files            524288 524288 files \nMax locked memory 9 9 bytes',
        524_032,
      ],
      ['Max open files            100                  100                  files', 1],
      ['Max open files            unlimited            unlimited            files', undefined],
      ['', undefined],
    ])('leaves descriptors to the database, logs and files: %j', (limits, most) => {
      expect(maxConnections(limits)).toBe(most);
    });

    it('is closed, and told of', async () => {
      const server = app.nestApp.getHttpServer();
      if (existsSync('/proc/self/limits'))
        expect(server.maxConnections).toBe(maxConnections(readFileSync('/proc/self/limits', 'utf8')));
      const { client } = await opened();
      const most = server.maxConnections;
      server.maxConnections = 1;
      expect(await received(connect(Number(new URL(app.url).port), '127.0.0.1'))).toBe('');
      server.maxConnections = most;
      client.destroy();
      expect(app.log.join('')).toContain('"reason":"too_many_connections"');
      expect((await app.api.get('/health/live')).status).toBe(200);
    });
  });

  it('with half a head does not keep the server from stopping', async () => {
    const { client, server } = await opened();
    client.write('GET /health/live HT');
    while (server.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve));
    const answer = received(client);
    await app.nestApp.close();
    expect(await answer).toMatch(/^HTTP\/1\.1 503 /);
  });
});

describe('a connection to a server that starts', () => {
  it.each([50_000, 5_000_000])('gives its answer to a client that first writes all of a body of %d', async (size) => {
    jest.replaceProperty(CONNECTION_BOUNDS, 'lingerMs', 60_000);
    const starting = await StartingServer.listen(0, '127.0.0.1');
    const client = connect(starting.number, '127.0.0.1').on('error', () => undefined);
    client.pause().write(head('POST /api/v1/auth/login', `Content-Length: ${size}`));
    await new Promise((resolve) => client.write(Buffer.alloc(size, 'a'), resolve));
    expect(await received(client.resume())).toMatch(/^HTTP\/1\.1 503 /);
    starting.close();
  });
});
