import { once } from 'node:events';
import { connect, type Server } from 'node:net';

import pg from 'pg';
import { DataSource } from 'typeorm';

import { Revocations } from '../../src/auth/revocations/revocations.js';
import { REVOCATION_PAGE } from '../../src/auth/revocations/revocations.query.js';
import { LISTENER_HEARTBEAT } from '../../src/database/listener.js';
import { CONNECTION_BOUNDS } from '../../src/http/connections/connection.js';
import type { Answer } from '../support/api.js';
import { TestApp, type TestAppOptions } from '../support/app.js';
import { claimsOf } from '../support/jwt.js';
import { login, person, type Person, type Tokens } from '../support/people.js';
import { eventually } from '../support/process.js';
import { textOf, watchAllQueries } from '../support/queries.js';
import { Relay } from '../support/relay.js';
import { expectDead, expectRefused, me, refresh, refreshed } from '../support/sessions.js';
import { soaked } from '../support/soak.js';

/** A test waits for what other instances learn, some of it by time-outs of several seconds. */

let here: TestApp;
let there: TestApp;
let ada: Person;
let bob: Person;
const others: TestApp[] = [];
const relays: Relay[] = [];

beforeAll(async () => {
  here = await TestApp.start();
});

beforeEach(async () => {
  ada = await person(here, 'ada');
  bob = await person(here, 'bob');
});

afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.end();
  for (const app of others.splice(0)) await app.stop();
  jest.restoreAllMocks();
});

afterAll(() => here.stop());

async function start(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await TestApp.start({ sharing: here, ...options });
  others.push(app);
  return app;
}

async function relayed(): Promise<Relay> {
  const relay = await Relay.to(here.databaseUrl);
  relays.push(relay);
  return relay;
}

const logout = (app: TestApp, { access_token }: Tokens, body?: object): Promise<Answer> =>
  app.api.as(access_token).post('/auth/logout', body);

/** Waits for the refusal: what comes before it must be 200, and what comes after it 401 again. */
async function untilRefused(app: TestApp, { access_token }: Tokens, code = 'token_revoked'): Promise<void> {
  await eventually(async () => {
    const { status, body } = await me(app, access_token);
    if (status !== 200) expect([status, body.code]).toEqual([401, code]);
    return status !== 200;
  });
  expectRefused(await me(app, access_token), code);
}

const isLive = async (app: TestApp, { access_token }: Tokens): Promise<boolean> =>
  (await me(app, access_token)).status === 200;

describe('what ended on one instance is refused on the other', () => {
  beforeAll(async () => {
    there = await TestApp.start({ sharing: here });
  });

  afterEach(() => {
    there.clock.offsetMs = 0;
  });

  afterAll(() => there.stop());

  const ENDS: [string, (phone: Tokens) => Promise<unknown>][] = [
    ['a logout', (phone) => logout(here, phone)],
    ['a logout by refresh token', ({ refresh_token }) => here.api.post('/auth/logout', { refresh_token })],
    ['a logout of all others', () => logout(here, ada, { scope: 'others' })],
    ['a logout of all', () => logout(here, ada, { scope: 'global' })],
    [
      'the end of a session from a list',
      async () => {
        const { body } = await ada.api.get('/auth/sessions');
        const other = (body as { id: string; current: boolean }[]).find(({ current }) => !current);
        return ada.api.delete(`/auth/sessions/${other?.id}`);
      },
    ],
    [
      'the reuse of a refresh token',
      async (phone) => {
        await refreshed(here, (await refreshed(here, phone.refresh_token)).refresh_token);
        expectRefused(await refresh(here, phone.refresh_token), 'refresh_token_reused');
      },
    ],
  ];

  it.each(ENDS)('by %s [V8.3.2] [V7.4.2] [T13]', async (_, end) => {
    const phone = await login(here, ada.email);
    expect(await isLive(there, phone)).toBe(true);
    await end(phone);
    await untilRefused(there, phone);
    await expectDead(here, phone);
    expect(await isLive(there, bob)).toBe(true);
  });

  it('by more logins than an account may have', async () => {
    const few = await start({ env: { SESSIONS_PER_USER: '1' } });
    await login(few, ada.email);
    await untilRefused(there, ada);
    await untilRefused(here, ada);
  });

  it('when a change of the account ends its older tokens, and a refresh helps', async () => {
    await here.pool.query(
      `WITH changed AS (UPDATE users SET token_epoch = token_epoch + 1 WHERE id = $1 RETURNING id, token_epoch)
       INSERT INTO revocations (user_id, min_epoch) SELECT id, token_epoch FROM changed`,
      [ada.id],
    );
    await untilRefused(there, ada, 'token_stale');
    await untilRefused(here, ada, 'token_stale');
    expect(await isLive(here, await refreshed(there, ada.refresh_token))).toBe(true);
    expect(await isLive(there, bob)).toBe(true);
  });

  it('also when their clocks differ by a minute, either way', async () => {
    there.clock.advance('60s');
    const [phone, tablet] = [await login(here, ada.email), await login(there, ada.email)];
    expect([await isLive(there, phone), await isLive(here, tablet)]).toEqual([true, true]);
    await logout(here, phone);
    await untilRefused(there, phone);
    await logout(there, tablet);
    await untilRefused(here, tablet);
  });

  it('also by a transaction that stays open while later ones commit and are read', async () => {
    const slow = await login(here, ada.email);
    const quick = await Promise.all(Array.from({ length: 5 }, () => login(here, ada.email)));
    const writer = await here.pool.connect();
    try {
      await writer.query('BEGIN');
      await writer.query('INSERT INTO revocations (session_id) VALUES ($1)', [sessionOf(slow)]);
      for (const tokens of quick) {
        await logout(here, tokens);
        await untilRefused(there, tokens);
      }
      expect(await isLive(there, slow)).toBe(true);
      await writer.query('COMMIT');
    } finally {
      writer.release();
    }
    await untilRefused(there, slow);
  });

  it('and nothing comes of a transaction that is rolled back', async () => {
    const writer = await here.pool.connect();
    try {
      await writer.query('BEGIN');
      await writer.query('INSERT INTO revocations (session_id) VALUES ($1)', [sessionOf(ada)]);
      await writer.query('ROLLBACK');
    } finally {
      writer.release();
    }
    await logout(here, bob);
    await untilRefused(there, bob);
    expect(await isLive(there, ada)).toBe(true);
  });

  it('and no token of a refresh that races it survives [T12]', async () => {
    for (let round = 0; round < soaked(200, 20); round += 1) {
      const phone = await login(here, ada.email);
      const [raced] = await Promise.all([refresh(there, phone.refresh_token), logout(here, phone)]);
      expect([200, 401]).toContain(raced.status);
      const last = raced.status === 200 ? (raced.body as Tokens) : phone;
      await expectDead(here, last);
      expectRefused(await refresh(there, last.refresh_token), 'invalid_refresh_token');
      await untilRefused(there, last);
    }
  });
});

describe('the end of a session', () => {
  it('is notified with its commit, and nothing is notified where nothing ended', async () => {
    const ear = new pg.Client({ connectionString: here.databaseUrl });
    const heard: string[] = [];
    ear.on('notification', ({ channel }) => heard.push(channel));
    await ear.connect();
    try {
      await ear.query('LISTEN revocations; LISTEN last');
      expect((await logout(here, ada, { scope: 'others' })).status).toBe(200);
      await ear.query('NOTIFY last');
      await eventually(() => heard.includes('last'));
      expect(heard.splice(0)).toEqual(['last']);
      await logout(here, ada);
      await eventually(() => heard.length > 0);
      expect(heard).toEqual(['revocations']);
    } finally {
      await ear.end();
    }
  });
});

describe('an instance that starts after the end of a session', () => {
  it('refuses it from its first answer', async () => {
    await logout(here, ada);
    const late = await start();
    expectRefused(await me(late, ada.access_token), 'token_revoked');
    expect(await isLive(late, bob)).toBe(true);
  });

  it('however many pages of them there are', async () => {
    const replaced = jest.replaceProperty(REVOCATION_PAGE, 'rows', 10);
    const queries = jest.spyOn(pg.Client.prototype, 'query');
    try {
      await here.pool.query(
        'INSERT INTO revocations (session_id) SELECT gen_random_uuid() FROM generate_series(1, 95)',
      );
      await logout(here, ada);
      const late = await start();
      const texts = queries.mock.calls.map(([query]) => textOf(query));
      expectRefused(await me(late, ada.access_token), 'token_revoked');
      expect(texts.filter((text) => text.includes('ORDER BY r.id LIMIT')).length).toBeGreaterThan(9);
    } finally {
      queries.mockRestore();
      replaced.restore();
    }
  });
});

describe('authentication', () => {
  it('makes no query', async () => {
    const requests = Array.from({ length: 50 });
    const { result, statements } = await watchAllQueries(() =>
      Promise.all(requests.map(() => bob.api.patch('/users/me', { display_name: '' }))),
    );
    expect(new Set(result.map(({ status }) => status))).toEqual(new Set([422]));
    expect(statements).toEqual([]);
  });

  it('makes no query to refuse what has ended either', async () => {
    await logout(here, ada);
    const { statements } = await watchAllQueries(async () => {
      for (let count = 0; count < 20; count += 1) expectRefused(await me(here, ada.access_token), 'token_revoked');
    });
    expect(statements).toEqual([]);
  });

  it('leaves a list its one query', async () => {
    const { statements } = await watchAllQueries(() => bob.api.get('/users/me'));
    expect(statements).toHaveLength(1);
  });
});

describe('the listening connection', () => {
  let wire: Relay;

  const listeners = async (): Promise<number | null> =>
    (
      await here.pool.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'roost-listen' AND datname = current_database()`,
      )
    ).rowCount;

  beforeEach(async () => {
    wire = await relayed();
    there = await start({ env: { DATABASE_DIRECT_URL: wire.url } });
  });

  it('is not needed: when it is cut, the table is read every second', async () => {
    await wire.cut();
    await logout(here, ada);
    await untilRefused(there, ada);
    expect(await isLive(there, bob)).toBe(true);
  });

  it('comes back by itself, with one line for its loss and one for its return', async () => {
    await wire.cut();
    await eventually(() => there.events.includes('listener_lost'));
    await logout(here, ada);
    await wire.restore();
    await eventually(() => there.events.includes('listener_connected'));
    await untilRefused(there, ada);
    expect(there.events.filter((event) => event.startsWith('listener'))).toEqual([
      'listener_lost',
      'listener_connected',
    ]);
    await logout(here, bob);
    await untilRefused(there, bob);
  });

  it('may be dead without a word: what happens meanwhile is known all the same, and it is replaced', async () => {
    wire.freeze();
    await logout(here, ada);
    await untilRefused(there, ada);
    await eventually(() => there.events.includes('listener_lost'));
    wire.thaw();
    await eventually(() => there.events.includes('listener_connected'));
    await logout(here, bob);
    await untilRefused(there, bob);
  });

  it('is replaced also when it is lost while the instance notifies itself over the pool', async () => {
    const pool = await relayed();
    jest.replaceProperty(LISTENER_HEARTBEAT, 'everyMs', 20);
    const late = await start({ through: pool, env: { DATABASE_DIRECT_URL: wire.url } });
    pool.freeze();
    const queries = jest.spyOn(late.nestApp.get(DataSource), 'query');
    const echo = (): Promise<unknown> | undefined =>
      queries.mock.calls.flatMap(([text], index) =>
        text.startsWith('NOTIFY echo_') ? [queries.mock.results[index]?.value as Promise<unknown>] : [],
      )[0];
    await eventually(() => echo() !== undefined);
    await wire.cut();
    await eventually(() => late.events.includes('listener_lost'));
    pool.thaw();
    // It fails where the pool was silent for long.
    await echo()?.catch(() => undefined);
    await wire.restore();
    await eventually(() => late.events.includes('listener_connected'));
  });

  it('is replaced also when it is lost in the moment in which it begins to listen', async () => {
    await wire.cut();
    await eventually(() => there.events.includes('listener_lost'));
    const held = new Promise<void>((resolve) => {
      wire.breaksAt = (bytes) => {
        if (bytes.includes('LISTEN posts')) {
          wire.freeze();
          resolve();
        }
        return false;
      };
    });
    await wire.restore();
    await held;
    await here.pool.query(
      `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
        WHERE application_name = 'roost-listen' AND datname = current_database() ORDER BY backend_start DESC LIMIT 1`,
    );
    wire.breaksAt = () => false;
    wire.thaw();
    await eventually(() => there.events.includes('listener_connected'));
    await logout(here, bob);
    await untilRefused(there, bob);
    await eventually(async () => (await listeners()) === 2);
  });

  it('does not keep an instance from stopping when it is silent', async () => {
    wire.freeze();
    others.splice(others.indexOf(there), 1);
    await there.stop();
  });

  it('may be away when an instance starts', async () => {
    await wire.cut();
    const late = await start({ env: { DATABASE_DIRECT_URL: wire.url } });
    await logout(here, ada);
    await untilRefused(late, ada);
  });

  it('is said to be deaf when LISTEN is accepted and nothing is heard', async () => {
    const muted = await relayed();
    muted.dropNotifications = true;
    const deaf = await start({ env: { DATABASE_DIRECT_URL: muted.url } });
    await logout(here, ada);
    await untilRefused(deaf, ada);
    await eventually(() => deaf.events.includes('listener_deaf'));
    expect(there.events).not.toContain('listener_deaf');
  });
});

describe('an instance that is stopping', () => {
  it('refuses what has ended meanwhile to the last request', async () => {
    // The rest of the request comes only when this instance knows what has ended.
    jest.replaceProperty(CONNECTION_BOUNDS.stopping, 'unfinishedMs', 60_000);
    there = await start();
    const body = JSON.stringify({ bio: 'too late' });
    const socket = connect(Number(new URL(there.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes) => (answer += bytes.toString()));
    const closed = once(socket, 'close');
    // Before its head is read, a connection is idle, and closed at once.
    const begun = once(there.nestApp.getHttpServer() as Server, 'request');
    socket.write(
      `PATCH /api/v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.access_token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    await begun;
    others.splice(others.indexOf(there), 1);
    const stopped = there.stop();
    await logout(here, ada);
    // Nothing else can be asked any more of an instance that has stopped listening.
    const { sub, sid } = claimsOf(ada.access_token) as { sub: string; sid: string };
    const principal = { userId: sub, sessionId: sid, role: 'user', epoch: 0 } as const;
    const isKnown = async (): Promise<boolean> => {
      try {
        await there.nestApp.get(Revocations).check(principal);
        return false;
      } catch {
        return true;
      }
    };
    await eventually(isKnown);
    socket.write(body.slice(5));
    await closed;
    await stopped;
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('an instance that is cut off from the database', () => {
  let wire: Relay;

  beforeEach(async () => {
    wire = await relayed();
    there = await start({ through: wire });
    expect([await isLive(there, ada), await isLive(there, bob)]).toEqual([true, true]);
  });

  const untilClosed = (tokens: Tokens): Promise<void> =>
    eventually(async () => {
      const { status, headers } = await there.api.as(tokens.access_token).patch('/users/me', { display_name: '' });
      if (status === 503) expect(headers.get('retry-after')).toBe('2');
      else expect(status).toBe(422);
      return status === 503;
    });

  /** Never a success between the refusals. */
  const untilOpen = async (): Promise<void> => {
    await eventually(async () => {
      const { status, body } = await me(there, ada.access_token);
      if (status !== 503) expectRefused({ status, body } as Answer, 'token_revoked');
      return status !== 503;
    });
    expect(await isLive(there, bob)).toBe(true);
  };

  it('refuses everybody once what it knows is five seconds old, and never lets in who was logged out meanwhile [V16.5.3]', async () => {
    await wire.cut();
    await logout(here, ada);
    await untilClosed(bob);
    expect((await there.api.as(ada.access_token).patch('/users/me', { display_name: '' })).status).toBe(503);
    await wire.restore();
    await untilOpen();
    await eventually(() => there.events.includes('revocations_read'));
    expect(there.events.filter((event) => event.startsWith('revocations'))).toEqual([
      'revocations_unread',
      'revocations_read',
    ]);
  });

  it('does so, too, while the database is frozen', async () => {
    wire.freeze();
    await logout(here, ada);
    await untilClosed(bob);
    wire.thaw();
    await untilOpen();
  });

  it('asks the database for each request when only the table of revocations cannot be read', async () => {
    const holder = await here.pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE revocations IN ACCESS EXCLUSIVE MODE');
      await eventually(() => there.events.includes('revocations_unread'));
      await eventually(
        async () =>
          (await watchAllQueries(() => there.api.as(bob.access_token).patch('/users/me', { display_name: '' })))
            .statements.length > 0,
      );
      await here.pool.query('UPDATE sessions SET revoked_at = now() WHERE user_id = $1', [ada.id]);
      expectRefused(await me(there, ada.access_token), 'token_revoked');
      expect(await isLive(there, bob)).toBe(true);
      await here.pool.query('UPDATE users SET token_epoch = token_epoch + 1 WHERE id = $1', [bob.id]);
      expectRefused(await me(there, bob.access_token), 'token_stale');
      await here.pool.query('DELETE FROM users WHERE id = $1', [bob.id]);
      expectRefused(await me(there, bob.access_token), 'token_revoked');
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });
});

function sessionOf({ access_token }: Tokens): string {
  return String(claimsOf(access_token).sid);
}
