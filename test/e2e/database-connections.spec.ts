/** What becomes of requests when connections to the database die, each in its own way. */
import { DataSource } from 'typeorm';

import { LoginGuard } from '../../src/auth/login-guard/login-guard.js';
import { NO_CLIENT } from '../../src/common/actor.js';
import { CANCEL, type LiveClient, liveClients } from '../../src/database/live-client.js';
import { TestApp } from '../support/app.js';
import { execute, someoneWaits } from '../support/database.js';
import { HAS_PGBOUNCER, PgBouncer } from '../support/pgbouncer.js';
import { PASSWORD, person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { Relay } from '../support/relay.js';

let owner: TestApp;
let wire: Relay;
let listenWire: Relay;
let app: TestApp;
let ada: Person;

beforeAll(async () => {
  owner = await TestApp.start();
  wire = await Relay.to(owner.databaseUrl);
  listenWire = await Relay.to(owner.databaseUrl);
  app = await TestApp.start({
    sharing: owner,
    through: wire,
    env: { DATABASE_DIRECT_URL: listenWire.url, LOGIN_GUARD: 'on' },
  });
  ada = await person(app, 'ada');
});

afterAll(async () => {
  await wire.end();
  await listenWire.end();
  await app.stop();
  await owner.stop();
});

/** A slow machine may take longer than a connection is waited for. */
const fillPool = (): Promise<void> =>
  eventually(() =>
    Promise.all(Array.from({ length: 20 }, () => app.nestApp.get(DataSource).query('SELECT pg_sleep(0.1)'))).then(
      () => true,
      () => false,
    ),
  );

describe('connections that die without a word while new ones work', () => {
  it('cost requests under way their answer, and none that comes after [V13.2.6]', async () => {
    await fillPool();
    wire.strand();
    expectProblem(await ada.api.get('/users/me'), 503, 'database_unavailable');
    for (let n = 0; n < 25; n += 1) expect((await ada.api.get('/users/me')).status).toBe(200);
    expect((await app.api.get('/health/ready')).status).toBe(200);
  });

  it('are noticed without any request', async () => {
    await fillPool();
    const lost = (): number => app.log.filter((line) => line.includes('idle database connection lost')).length;
    const before = lost();
    wire.strand();
    await eventually(() => lost() > before);
    expect((await ada.api.get('/users/me')).status).toBe(200);
    expect((await app.api.get('/health/ready')).status).toBe(200);
  });

  it('are replaced where notifications are heard', async () => {
    const heard = (): number => app.events.filter((event) => event === 'listener_connected').length;
    const before = heard();
    listenWire.strand();
    await eventually(() => heard() > before);
  });

  it('cost a transaction its answer once at most, and it is not done by halves [V2.3.3]', async () => {
    await fillPool();
    wire.strand();
    const email = 'half@example.org';
    const register = (): ReturnType<typeof app.api.post> =>
      app.api.post('/auth/register', { email, password: PASSWORD });
    const first = await register();
    // A background statement may have found out before: then nothing is lost at all.
    if (first.status !== 201) expectProblem(first, 503, 'database_unavailable');
    expect((await register()).status).toBe(first.status === 201 ? 409 : 201);
  });
});

describe('a database that is silent', () => {
  it('is not asked once more for a transaction, which would take longer than a request may', async () => {
    await fillPool();
    wire.freeze();
    try {
      const nothing = app.nestApp.get(DataSource).transaction(() => Promise.resolve());
      // A second attempt would end with a time-out of the connection.
      await expect(nothing).rejects.toThrow('Query read timeout');
    } finally {
      wire.thaw();
    }
    await eventually(async () => (await ada.api.get('/users/me')).status === 200);
  });

  it('keeps no login waiting for the count of its guess, which is taken back behind its answer', async () => {
    const guard = app.nestApp.get(LoginGuard);
    const guess = await guard.count({ identifier: { email: ada.email }, userId: ada.id, client: NO_CLIENT });
    const told = (): boolean => app.log.some((line) => line.includes('count of a guess could not be taken back'));
    wire.freeze();
    try {
      await guard.fail(guess, new Error('Query read timeout'));
      expect(told()).toBe(false);
      await eventually(told);
    } finally {
      wire.thaw();
    }
    await eventually(async () => (await ada.api.get('/users/me')).status === 200);
  });
});

describe('a statement that was answered with an error', () => {
  const connected = async (url: string, { pooled }: { pooled: boolean }): Promise<LiveClient> => {
    const Client = liveClients({ statement: 0, idleInTransaction: 0 });
    const client = new Client({ connectionString: url, query_timeout: 300 });
    client.on('error', () => undefined);
    await client.connect();
    return Object.assign(client, { pooled });
  };
  const tooLate = async (url: string, how: { pooled: boolean }): Promise<unknown[]> => {
    const client = await connected(url, how);
    const holder = await owner.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
      const writing = client.query('UPDATE users SET bio = $2 WHERE id = $1', [ada.id, 'too late']);
      await expect(writing).rejects.toThrow('Query read timeout');
      await eventually(async () => !(await someoneWaits(owner.pool)));
      await holder.query('COMMIT');
    } finally {
      holder.release();
    }
    return (await owner.pool.query('SELECT bio FROM users WHERE id = $1', [ada.id])).rows;
  };

  it('is not done later', async () => {
    expect(await tooLate(owner.databaseUrl, { pooled: false })).toEqual([{ bio: null }]);
  });

  (HAS_PGBOUNCER ? it : it.skip)('is not done later through PgBouncer, which goes on', async () => {
    const pgbouncer = await PgBouncer.before(owner.databaseUrl);
    try {
      expect(await tooLate(pgbouncer.url, { pooled: true })).toEqual([{ bio: null }]);
      await execute(pgbouncer.url, 'SELECT 1');
    } finally {
      await pgbouncer.stop();
    }
  });

  (HAS_PGBOUNCER ? it : it.skip)('is not done later, when it waited in the queue of PgBouncer', async () => {
    // A busy machine cancels later.
    for (const name of ['within', 'answer'] as const) jest.replaceProperty(CANCEL, name, 60_000);
    const pgbouncer = await PgBouncer.before(owner.databaseUrl);
    const holder = await owner.pool.connect();
    try {
      const clients = await Promise.all(Array.from({ length: 9 }, () => connected(pgbouncer.url, { pooled: true })));
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [ada.id]);
      const writing = clients.map((client) => client.query(`UPDATE users SET bio = 'late' WHERE id = $1`, [ada.id]));
      for (const outcome of await Promise.allSettled(writing)) expect(outcome.status).toBe('rejected');
      await holder.query('COMMIT');
      await Promise.all(clients.map((client) => client.end()));
      await holder.query('BEGIN; LOCK TABLE users; COMMIT');
      expect((await holder.query('SELECT bio FROM users WHERE id = $1', [ada.id])).rows).toEqual([{ bio: null }]);
    } finally {
      jest.restoreAllMocks();
      holder.release();
      await pgbouncer.stop();
    }
  });
});

describe('behind a pooler', () => {
  let pooler: Relay;
  let behind: TestApp;

  beforeAll(async () => {
    pooler = await Relay.to(owner.databaseUrl);
    pooler.isPooler = true;
    behind = await TestApp.start({ sharing: owner, through: pooler, env: { DATABASE_DIRECT_URL: owner.databaseUrl } });
  });

  afterAll(async () => {
    await behind.stop();
    await pooler.end();
  });

  const timeouts = `SELECT current_setting('statement_timeout') AS statement,
                           current_setting('idle_in_transaction_session_timeout') AS idle`;

  it('limits hold for each transaction, and are not left behind in the pooler’s connections', async () => {
    const database = behind.nestApp.get(DataSource);
    const within = await database.transaction((tx) => tx.query(timeouts));
    expect(within).toEqual([{ statement: '4s', idle: '10s' }]);
    expect(await database.query(timeouts)).toEqual([{ statement: '0', idle: '0' }]);
  });

  it('says once that single statements are not limited, and how they would be', () => {
    const said = behind.log.filter((line) => line.includes('database_unlimited'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('ALTER ROLE');
  });

  it('takes the limit of the role', async () => {
    const { username, pathname } = new URL(owner.databaseUrl);
    await execute(
      owner.databaseUrl,
      `ALTER ROLE ${username} IN DATABASE ${pathname.slice(1)} SET statement_timeout = '3s'`,
    );
    const limited = await TestApp.start({ sharing: owner, through: pooler });
    try {
      expect(await limited.nestApp.get(DataSource).query(timeouts)).toEqual([{ statement: '3s', idle: '0' }]);
      expect(limited.events).not.toContain('database_unlimited');
    } finally {
      await limited.stop();
    }
  });
});

it('connections that were opened while the database only read are replaced by ones that write, one for each refusal', async () => {
  const most = 4;
  const only = await TestApp.start({ env: { DATABASE_POOL_MAX: String(most) } });
  try {
    const bob = await person(only, 'bob');
    const name = new URL(only.databaseUrl).pathname.slice(1);
    const set = (value: string): Promise<void> =>
      execute(
        only.databaseUrl,
        'SET default_transaction_read_only = off',
        `ALTER DATABASE ${name} SET default_transaction_read_only = ${value}`,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND '${value}' = 'on'`,
      );
    const write = (): ReturnType<typeof bob.api.patch> => bob.api.patch('/users/me', { bio: 'there' });
    await set('on');
    const open = (): Promise<unknown> =>
      Promise.all(Array.from({ length: most }, () => only.nestApp.get(DataSource).query('SELECT pg_sleep(0.2)')));
    await eventually(() =>
      open().then(
        () => true,
        () => false,
      ),
    );
    expectProblem(await write(), 503, 'database_unavailable');
    await open();
    await set('off');
    const seen: number[] = [];
    // What the instance asks by itself may hold one of them while others are replaced.
    for (let n = 0; n < 3 * most; n += 1) seen.push((await write()).status);
    expect(seen.filter((status) => status !== 200).length).toBeLessThanOrEqual(most);
    expect(seen.slice(-most)).toEqual(Array(most).fill(200));
  } finally {
    await only.stop();
  }
});

it('without a pooler, limits hold for each connection', async () => {
  const [limits] = await app.nestApp.get(DataSource).query(`SELECT current_setting('statement_timeout') AS statement`);
  expect(limits).toEqual({ statement: '4s' });
});
