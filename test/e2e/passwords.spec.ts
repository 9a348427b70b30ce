import { connect } from 'node:net';
import { availableParallelism } from 'node:os';

import bcrypt from 'bcrypt';

import { HashQueue } from '../../src/auth/hash-queue.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { PASSWORD, person, type Person } from '../support/people.js';
import { eventually } from '../support/process.js';

describe('passwords', () => {
  let app: TestApp;
  let ada: Person;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  beforeEach(async () => {
    ada = await person(app, 'ada');
  });

  const login = (password: string): Promise<Answer> => app.api.post('/auth/login', { email: ada.email, password });

  describe('in a flood', () => {
    let end: () => void;
    const queue = (): HashQueue => app.nestApp.get(HashQueue);

    beforeEach(() => {
      const over = new Promise<void>((resolve) => (end = resolve));
      while (!queue().isFull) void queue().run(() => over);
    });

    afterEach(() => over());

    async function over(): Promise<void> {
      end();
      await eventually(() => !queue().isFull);
    }

    it.each([
      ['a login', () => login(PASSWORD)],
      ['a registration', () => app.api.post('/auth/register', { email: 'new@example.org', password: PASSWORD })],
    ])('refuse %s with the seconds after which it may try again', async (_, send) => {
      const answer = await send();
      expect([answer.status, answer.body.code]).toEqual([503, 'overloaded']);
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
    });

    it('keep nothing waiting that needs no hash', async () => {
      expect((await ada.api.get('/tasks')).status).toBe(200);
      expect((await app.api.post('/auth/refresh', { refresh_token: ada.refresh_token })).status).toBe(200);
    });

    it('work again when it is over', async () => {
      expect((await login(PASSWORD)).status).toBe(503);
      await over();
      expect((await login(PASSWORD)).status).toBe(200);
    });
  });

  it('are not hashed for a client that hung up while it waited', async () => {
    const queue = app.nestApp.get(HashQueue);
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    for (let core = 0; core < availableParallelism(); core += 1) void queue.run(() => over);
    const [wait, compare] = [jest.spyOn(queue, 'run'), jest.spyOn(bcrypt, 'compare')];
    try {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
      const body = JSON.stringify({ email: ada.email, password: PASSWORD });
      const fields = ['Host: 127.0.0.1', 'Content-Type: application/json', `Content-Length: ${body.length}`];
      socket.write(['POST /api/v1/auth/login HTTP/1.1', ...fields, '', body].join('\r\n'));
      await eventually(() => wait.mock.calls.length === 1);
      socket.destroy();
      await eventually(() => wait.mock.calls[0]?.[1]?.() === true);
      end();
      expect((await login(PASSWORD)).status).toBe(200);
      expect(compare).toHaveBeenCalledTimes(1);
    } finally {
      end();
      wait.mockRestore();
      compare.mockRestore();
    }
  });
});
