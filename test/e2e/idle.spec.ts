/** What an instance asks of the database by itself while nobody uses it, and how it resumes. */
import pg from 'pg';

import { REVOCATION_POLL } from '../../src/auth/revocations/revocation-poll.js';
import { Revocations } from '../../src/auth/revocations/revocations.js';
import { Activity } from '../../src/common/schedule.js';
import { Listener, LISTENER_HEARTBEAT } from '../../src/database/listener.js';
import { TestApp, type TestAppOptions } from '../support/app.js';
import { person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { textOf } from '../support/queries.js';
import { Relay } from '../support/relay.js';
import { expectRefused, me } from '../support/sessions.js';
import { Smtp } from '../support/smtp.js';
import { TestStream } from '../support/stream.js';

const EVERY_MS = 20;
const READ = /FROM revocations r WHERE/;
/** Of one token, where memory is not trusted. */
const STANDING = 'FROM sessions s JOIN users u';

let here: TestApp;
let there: TestApp;
let wire: Relay;
let ada: Person;
let bob: Person;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  here = await TestApp.start();
});

afterAll(() => here.stop());

beforeEach(async () => {
  wire = await Relay.to(here.databaseUrl);
  ending.push(() => wire.end());
  jest.replaceProperty(REVOCATION_POLL, 'everyMs', EVERY_MS);
  jest.replaceProperty(LISTENER_HEARTBEAT, 'everyMs', EVERY_MS);
  ada = await person(here, 'ada');
  bob = await person(here, 'bob');
});

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  jest.restoreAllMocks();
});

async function start(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await TestApp.start({ sharing: here, ...options });
  ending.push(() => app.stop());
  return app;
}

/** As if nobody had used them for long. Resolves when nothing that they ask by themselves is under way. */
async function rest(...apps: TestApp[]): Promise<void> {
  const begun = jest.spyOn(Revocations.prototype, 'rest');
  for (const app of apps) Object.assign(app.nestApp.get(Activity), { usedAt: -Infinity });
  const all = apps.map((app) => app.nestApp.get(Revocations));
  await eventually(() => all.every((each) => begun.mock.contexts.includes(each) || !each.isCurrent));
  begun.mockRestore();
  const listeners = apps.map((app) => app.nestApp.get<Listener, { readonly postponed?: unknown }>(Listener));
  await eventually(() => listeners.every(({ postponed }) => postponed !== undefined));
}

/** What all instances send. */
async function sentDuring(work: (texts: () => string[]) => Promise<unknown>): Promise<string[]> {
  const queries = jest.spyOn(pg.Client.prototype, 'query');
  const texts = (): string[] => queries.mock.calls.map(([query]) => textOf(query));
  try {
    await work(texts);
    return texts();
  } finally {
    queries.mockRestore();
  }
}

/** Resolves when each of these was sent. */
const untilSent = (...patterns: RegExp[]): Promise<unknown> =>
  sentDuring((texts) =>
    eventually(() => {
      const sent = texts();
      return patterns.every((pattern) => sent.some((text) => pattern.test(text)));
    }),
  );

const whilePolling = (): Promise<string[]> => {
  const from = performance.now();
  return sentDuring(() => eventually(() => performance.now() - from > 25 * EVERY_MS));
};

const statusOf = async (app: TestApp, { access_token }: Person): Promise<number> =>
  (await app.api.as(access_token).patch('/users/me', { display_name: '' })).status;

describe('an instance that nobody uses', () => {
  it('asks nothing, also with a mail server and when it is notified', async () => {
    const smtp = await Smtp.start();
    ending.push(() => smtp.stop());
    there = await start({ env: { SMTP_URL: smtp.url, MAIL_FROM: 'roost@example.org' } });
    await untilSent(READ, /^SELECT 1$/, /^NOTIFY echo_/);
    await rest(here, there);
    await here.pool.query('NOTIFY revocations');
    expect(await whilePolling()).toEqual([]);
  });

  it('reads once what is new for all requests that come at the same time', async () => {
    there = await start();
    await rest(here, there);
    jest.replaceProperty(REVOCATION_POLL, 'everyMs', 600_000);
    const sent = await sentDuring(async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => statusOf(there, bob)));
      expect(new Set(answers)).toEqual(new Set([422]));
    });
    expect(sent.filter((text) => text.includes('FROM revocations r WHERE'))).toHaveLength(1);
    expect(sent.filter((text) => text.includes(STANDING))).toEqual([]);
  });

  it('refuses with the first answer who was logged out elsewhere meanwhile, and hears of the next at once', async () => {
    there = await start();
    expect([await statusOf(there, ada), await statusOf(there, bob)]).toEqual([422, 422]);
    await rest(there);
    await ada.api.post('/auth/logout');
    const sent = await sentDuring(async () => {
      expectRefused(await me(there, ada.access_token), 'token_revoked');
      expect(await statusOf(there, bob)).toBe(422);
      await bob.api.post('/auth/logout');
      await eventually(async () => (await statusOf(there, bob)) === 401);
    });
    expect(sent.filter((text) => text.includes(STANDING))).toEqual([]);
  });

  it('reconnects a lost listener when it is used again', async () => {
    there = await start({ env: { DATABASE_DIRECT_URL: wire.url } });
    await rest(there);
    jest.replaceProperty(REVOCATION_POLL, 'everyMs', 600_000);
    await wire.cut();
    await eventually(() => there.events.includes('listener_lost'));
    await wire.restore();
    await ada.api.post('/auth/logout');
    expectRefused(await me(there, ada.access_token), 'token_revoked');
    await eventually(() => there.events.includes('listener_connected'));
    expect(await statusOf(there, bob)).toBe(422);
    await bob.api.post('/auth/logout');
    await eventually(async () => (await statusOf(there, bob)) === 401);
  });

  it('replaces a listener that died without a word when it is used again', async () => {
    there = await start({ env: { DATABASE_DIRECT_URL: wire.url } });
    await rest(there);
    wire.strand();
    expect(await statusOf(there, bob)).toBe(422);
    await eventually(() => there.events.includes('listener_connected'));
  });

  it('answers 503 while the database is away, and refuses what ended meanwhile when it is back', async () => {
    there = await start({ through: wire });
    expect([await statusOf(there, ada), await statusOf(there, bob)]).toEqual([422, 422]);
    await rest(there);
    await wire.cut();
    await ada.api.post('/auth/logout');
    expectProblem(await me(there, bob.access_token), 503, 'database_unavailable');
    expectProblem(await me(there, ada.access_token), 503, 'database_unavailable');
    await wire.restore();
    await eventually(async () => {
      const status = await statusOf(there, ada);
      expect([401, 503]).toContain(status);
      return status === 401;
    });
    await eventually(async () => (await statusOf(there, bob)) === 422);
    await eventually(() => there.events.includes('revocations_read'));
  });
});

describe('an instance with an open stream', () => {
  it('goes on reading, and rests when the stream has ended', async () => {
    there = await start();
    const stream = await TestStream.open(there, ada);
    Object.assign(there.nestApp.get(Activity), { usedAt: -Infinity });
    await rest(here);
    await untilSent(READ);
    expect(there.nestApp.get(Revocations).isCurrent).toBe(true);
    await ada.api.post('/auth/logout');
    await stream.untilEnded();
    expect(stream.endCode).toBe('token_revoked');
    await rest(there);
  });
});
