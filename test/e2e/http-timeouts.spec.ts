/** Clients that take their time, with the limits turned down (D2, T45). */
import { once } from 'node:events';
import { connect } from 'node:net';

import { TIMEOUTS } from '../../src/app.js';
import { TestApp } from '../support/app.js';
import { person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { head, request } from '../support/raw.js';

const LOGIN = 'POST /api/v1/auth/login';
const UNFINISHED = head(LOGIN, 'Content-Type: application/json', 'Content-Length: 100').replace(
  'Connection: close\r\n',
  '',
);

describe('a slow client', () => {
  let app: TestApp;
  /** On the same database, with the usual limits. */
  let usual: TestApp;

  beforeAll(async () => {
    usual = await TestApp.start();
    Object.entries({ headers: 300, request: 400, handler: 1_500, check: 20 }).forEach(([name, ms]) =>
      jest.replaceProperty(TIMEOUTS, name as keyof typeof TIMEOUTS, ms),
    );
    app = await TestApp.start({ sharing: usual });
  });

  afterAll(async () => {
    await app.stop();
    await usual.stop();
  });

  it('has a limit on each part of a request, and ours for the whole is the last to pass', () => {
    jest.restoreAllMocks();
    expect(TIMEOUTS.headers).toBeLessThanOrEqual(TIMEOUTS.request);
    expect(TIMEOUTS.handler).toBeGreaterThan(TIMEOUTS.request + TIMEOUTS.check);
  });

  it.each([
    ['that sends nothing', ''],
    ['that does not finish its headers', 'GET /health/live HTTP/1.1\r\nHost: a\r\n'],
    ['that does not finish its body', `${UNFINISHED}{"email":`],
    [
      'that does not finish a chunk',
      head(LOGIN, 'Content-Type: application/json', 'Transfer-Encoding: chunked') + '10\r\n{',
    ],
  ])('%s is answered 408', async (_title, bytes) => {
    expectProblem(await request(app.url, bytes), 408, 'request_timeout');
    expect(app.log.filter((line) => !line.includes('"level":"info"'))).toEqual([]);
  });

  it('that drips is cut, and others are served meanwhile [T45]', async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk)).on('error', () => undefined);
    socket.write(UNFINISHED);
    const drip = setInterval(() => socket.write(' '), 20);
    let others = 0;
    const closed = once(socket, 'close');
    while (!socket.destroyed) others += (await app.api.get('/health/live')).status === 200 ? 1 : NaN;
    await closed;
    clearInterval(drip);
    expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 408 /);
    expect(others).toBeGreaterThan(0);
  });

  it('that waits for a lock is answered 503', async () => {
    const { access_token } = await person(usual);
    const client = await app.pool.connect();
    try {
      await client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const answer = await app.api.as(access_token).get('/users/me');
      expectProblem(answer, 503, 'overloaded');
      expect(answer.headers.get('retry-after')).toBe('1');
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    expect((await usual.api.as(access_token).get('/users/me')).status).toBe(200);
  });
});
