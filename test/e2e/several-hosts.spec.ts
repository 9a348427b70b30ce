/** DATABASE_URL with several hosts: connections are to the one that accepts writes, also after a failover. */
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { DataSource } from 'typeorm';

import { Client } from '../../src/database/connections/client.js';
import { HOSTS } from '../../src/database/connections/hosts.js';
import { checkDatabase } from '../../src/database/schema/check.js';
import { migrate } from '../../src/database/schema/migrate.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { CommandRunner } from '../support/command.js';
import { execute } from '../support/database.js';
import { login, person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { Relay } from '../support/relay.js';
import { Replicated, type Standby } from '../support/replicated.js';

/** Longer than any test. */
const FOREVER_MS = 600_000;

let servers: Replicated;
let standby: Standby;
let toStandby: Relay;
let toPrimary: Relay;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  servers = await Replicated.start(1);
  [standby] = servers.standbys as [Standby];
  toStandby = await Relay.to(standby.url);
  toPrimary = await Relay.to(servers.url);
});

afterAll(async () => {
  await toStandby.end();
  await toPrimary.end();
  await servers.stop();
});

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  jest.restoreAllMocks();
});

function urlOf(...hosts: Relay[]): string {
  const { username, password, pathname } = new URL(servers.url);
  const list = hosts.map(({ url }) => new URL(url).host).join(',');
  return `postgres://${username}:${password}@${list}${pathname}`;
}

async function start(...hosts: Relay[]): Promise<TestApp> {
  const app = await TestApp.start({ on: servers.url, through: { url: urlOf(...hosts) } });
  ending.push(() => app.stop());
  return app;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  ending.push(() => client.end());
  return client;
}

const rename = ({ api }: Person, name: string): Promise<Answer> => api.patch('/users/me', { display_name: name });

const nameOf = async ({ api }: Person): Promise<unknown> => (await api.get('/users/me')).body.display_name;

/** Counts what is asked by way of a relay: whether its server accepts writes. */
function watch(relay: Relay): { asked: number } {
  const seen = { asked: 0 };
  relay.breaksAt = (bytes) => {
    if (bytes.includes('pg_is_in_recovery')) seen.asked += 1;
    return false;
  };
  return seen;
}

/** Of Roost at a server, besides those that look whether it accepts writes. */
async function connectionsAt(superuserUrl: string): Promise<number> {
  const admin = await connect(superuserUrl);
  const { rows } = await admin.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name IN ('roost', 'roost-listen')`,
  );
  return rows[0]?.count ?? 0;
}

class Writer {
  readonly acknowledged: string[] = [];
  refused = 0;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(private readonly who: Person) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    for (let n = 0; !this.stopped; n += 1) {
      const email = `${n}.${this.who.email}`;
      const answer = await this.who.api.post('/admin/users', { email });
      if (answer.status === 201) this.acknowledged.push(email);
      else {
        expectProblem(answer, 503, 'database_unavailable');
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        this.refused += 1;
      }
    }
  }
}

/** Requests at once, each with a connection. */
const HELD = 5;

describe('several hosts', () => {
  it('are served by the one that accepts writes, wherever it is in the list', async () => {
    const app = await start(toStandby, toPrimary);
    const ada = await person(app, 'ada');
    expect((await rename(ada, 'one')).status).toBe(200);
    expect((await app.api.get('/health/ready')).status).toBe(200);
    expect(await connectionsAt(servers.superuserUrl)).toBeGreaterThan(1);
    expect(await connectionsAt(standby.superuserUrl)).toBe(0);
  });

  it('are migrated and examined at the one that accepts writes', async () => {
    const url = urlOf(toStandby, toPrimary);
    expect(await migrate(url)).toEqual([]);
    const findings = await checkDatabase({ url, directUrl: undefined, connections: 20 });
    expect(findings.filter(({ verdict }) => verdict === 'missing')).toEqual([]);
    expect(findings).toContainEqual(expect.objectContaining({ name: 'writable', verdict: 'ok' }));
  });

  it('hide the password where a connection is printed', async () => {
    const client = await connect(urlOf(toStandby, toPrimary));
    expect(inspect(client, { depth: 10 })).not.toContain(new URL(servers.url).password);
  });

  it('are 503 while none accepts writes, and the log says why of each, without the password', async () => {
    const app = await start(toStandby, toPrimary);
    const ada = await person(app, 'ada');
    await toPrimary.cut();
    try {
      await eventually(async () => (await ada.api.get('/users/me')).status === 503);
      const answer = await rename(ada, 'none');
      expectProblem(answer, 503, 'database_unavailable');
      expect(answer.headers.get('retry-after')).not.toBeNull();
      expect((await app.api.get('/health/ready')).status).toBe(503);
    } finally {
      await toPrimary.restore();
    }
    const [one, other] = [toStandby, toPrimary].map(({ url }) => new URL(url).host);
    const reason = `no host of the database accepts writes: ${one} (it is a standby), ${other} (connect ECONNREFUSED ${other})`;
    const inEitherOrder = reason.replace(/: (.*\)), (.*\))$/, ': $2, $1');
    expect(app.log.some((line) => line.includes(reason) || line.includes(inEitherOrder))).toBe(true);
    expect(app.log.join()).not.toContain(new URL(servers.url).password);
    await eventually(async () => (await rename(ada, 'again')).status === 200);
  });

  it('do not wait for one that is silent', async () => {
    jest.replaceProperty(HOSTS, 'answer', FOREVER_MS);
    const silent = await Relay.to(servers.url);
    silent.freeze();
    ending.push(() => silent.end());
    const client = new Client({ connectionString: urlOf(silent, toPrimary), connectionTimeoutMillis: FOREVER_MS });
    await client.connect();
    expect(client.port).toBe(Number(new URL(toPrimary.url).port));
    await client.end();
  });

  it.each([
    ['', 'the second'],
    ['?target_session_attrs=read-write', 'the second'],
    ['?target_session_attrs=primary', 'the second'],
    ['?target_session_attrs=any', 'the first'],
  ])('are chosen from as libpq does: %s', async (query, which) => {
    const { port } = await connect(`${urlOf(toStandby, toPrimary)}${query}`);
    const chosen = which === 'the first' ? toStandby : toPrimary;
    expect(port).toBe(Number(new URL(chosen.url).port));
  });

  it('are one that must accept writes, if the URL asks for that', async () => {
    const asked = '?target_session_attrs=read-write';
    await expect(connect(`${urlOf(toStandby)}${asked}`)).rejects.toThrow('it is a standby');
    await connect(`${urlOf(toPrimary)}${asked}`);
  });

  it('are asked again when they refused, while another one is silent', async () => {
    jest.replaceProperty(HOSTS, 'answer', FOREVER_MS);
    const next = await servers.add();
    const [silent, toNext] = [await Relay.to(servers.url), await Relay.to(next.url)];
    ending.push(
      () => silent.end(),
      () => toNext.end(),
    );
    silent.freeze();
    const seen = watch(toNext);
    const connecting = new Client({
      connectionString: urlOf(silent, toNext),
      connectionTimeoutMillis: FOREVER_MS,
    }).connect();
    await eventually(() => seen.asked > 1);
    await next.promote();
    const client = await connecting;
    expect(client.port).toBe(Number(new URL(toNext.url).port));
    await client.end();
  });

  it('are asked once when they refuse for good, while another one is silent', async () => {
    for (const [name, ms] of [
      ['answer', 1_000],
      ['headStart', 50],
    ] as const)
      jest.replaceProperty(HOSTS, name, ms);
    const [silent, refusing] = [await Relay.to(servers.url), await Relay.to(servers.url)];
    ending.push(
      () => silent.end(),
      () => refusing.end(),
    );
    silent.freeze();
    let asked = 0;
    refusing.breaksAt = (bytes) => {
      if (bytes.includes('roost-hosts')) asked += 1;
      return false;
    };
    const { username, pathname } = new URL(servers.url);
    const list = [silent, refusing].map(({ url }) => new URL(url).host).join(',');
    await expect(connect(`postgres://${username}:wrong@${list}${pathname}`)).rejects.toThrow(
      'password authentication failed',
    );
    expect(asked).toBe(1);
  });

  it('have a rest after none accepted writes, however many connections are asked for', async () => {
    jest.replaceProperty(HOSTS, 'rest', FOREVER_MS);
    jest.replaceProperty(HOSTS, 'headStart', FOREVER_MS);
    const refusing = await Promise.all([Relay.to(standby.url), Relay.to(standby.url)]);
    ending.push(...refusing.map((relay) => () => relay.end()));
    const seen = refusing.map(watch);
    const url = urlOf(...refusing);
    await expect(connect(url)).rejects.toThrow('no host of the database accepts writes');
    const another = new Client({ connectionString: url, connectionTimeoutMillis: 100 });
    await expect(another.connect()).rejects.toThrow('timeout expired');
    expect(seen).toEqual([{ asked: 1 }, { asked: 1 }]);
  });

  it('have one time for a connection and for the question whether they accept writes', async () => {
    const slow = await Relay.to(servers.url);
    ending.push(() => slow.end());
    // The password takes three times there and back, the question a fourth.
    slow.delayMs = 100;
    jest.replaceProperty(HOSTS, 'answer', 700);
    await expect(connect(urlOf(slow, slow))).rejects.toThrow(/timeout expired.*timeout expired/);
    // A single host has all the time that its user has.
    const alone = await connect(`${urlOf(slow)}?target_session_attrs=read-write`);
    await alone.end();
  });

  it('have passwords in a password file by their names, also where their addresses are given', async () => {
    const { username, password, pathname } = new URL(servers.url);
    const file = join(tmpdir(), `roost-pgpass-${process.pid}`);
    writeFileSync(file, `db.internal:*:*:*:${decodeURIComponent(password)}\n`, { mode: 0o600 });
    ending.push(() => rm(file));
    const ports = [toStandby, toPrimary].map(({ url }) => new URL(url).port);
    const hosts = `other.internal,db.internal${pathname}?port=${ports.join(',')}&hostaddr=127.0.0.1,127.0.0.1`;
    const check = new CommandRunner(join(__dirname, '../../scripts/db.mjs'), { PGPASSFILE: file });
    ending.push(() => check.end());
    const { code } = await check.run(['check'], { env: { DATABASE_URL: `postgres://${username}@${hosts}` } });
    expect(code).toBe(0);
  });

  it('leave a server whose connections live, and only read', async () => {
    const next = await servers.add();
    const toNext = await Relay.to(next.url);
    ending.push(() => toNext.end());
    const app = await start(toPrimary, toNext);
    const ada = await person(app, 'ada');
    const set = (value: string): Promise<void> =>
      execute(
        servers.superuserUrl,
        'SET default_transaction_read_only = off',
        `ALTER SYSTEM SET default_transaction_read_only = ${value}`,
        'SELECT pg_reload_conf()',
      );
    const database = app.nestApp.get(DataSource);
    const readTogether = (): Promise<unknown[]> =>
      Promise.all(Array.from({ length: HELD }, () => database.query('SELECT pg_sleep(0.1)')));
    await servers.caughtUp(next);
    await readTogether();
    await set('on');
    try {
      await next.promote();
      expectProblem(await rename(ada, 'there'), 503, 'database_unavailable');
      await readTogether();
      const answers: number[] = [];
      await eventually(async () => {
        answers.push((await rename(ada, 'there')).status);
        return answers.at(-1) === 200;
      });
      expect(answers.length).toBeLessThan(HELD);
      expect(await nameOf(ada)).toBe('there');
    } finally {
      await set('off');
    }
  });

  it('leave a server that falls silent', async () => {
    const next = await servers.add();
    const [toSilent, toNext] = [await Relay.to(servers.url), await Relay.to(next.url)];
    ending.push(
      () => toSilent.end(),
      () => toNext.end(),
    );
    const app = await start(toSilent, toNext);
    const ada = await person(app, 'ada');
    await servers.caughtUp(next);
    toSilent.freeze();
    await next.promote();
    await eventually(async () => (await rename(ada, 'there')).status === 200);
    expect(await nameOf(ada)).toBe('there');
  });

  it('lose nothing that was acknowledged in a failover, and the old primary is not used when it is a standby', async () => {
    const app = await start(toStandby, toPrimary);
    const people = await Promise.all(Array.from({ length: 4 }, () => person(app)));
    await execute(servers.url, `UPDATE users SET role = 'admin'`);
    const admins = await Promise.all(people.map(async (who) => ({ ...who, ...(await login(app, who.email)) })));
    const writers = admins.map((who) => new Writer(who));
    const acknowledged = (): string[] => writers.flatMap((writer) => writer.acknowledged);
    const whenMore = async (): Promise<void> => {
      const before = acknowledged().length;
      await eventually(() => acknowledged().length > before + 20);
    };
    await whenMore();
    await servers.stopPrimary();
    await eventually(() => writers.every(({ refused }) => refused > 0));
    await standby.promote();
    await whenMore();
    const old = await servers.rejoin(standby);
    toPrimary.redirect(old.url);
    await execute(
      standby.superuserUrl,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'roost%'`,
    );
    await whenMore();
    await Promise.all(writers.map((writer) => writer.stop()));

    const kept = await (
      await connect(standby.url)
    ).query<{ emails: string[] }>('SELECT array_agg(email) AS emails FROM users');
    const emails = new Set(kept.rows[0]?.emails);
    expect(acknowledged().filter((email) => !emails.has(email))).toEqual([]);
    expect(app.events).toContain('listener_connected');
    expect(app.log.some((line) => line.includes(`"host":"${new URL(toStandby.url).host}"`))).toBe(true);

    const other = await start(toPrimary, toStandby);
    expect((await rename(await person(other), 'new')).status).toBe(200);
    expect(await connectionsAt(old.superuserUrl)).toBe(0);
    expect(await connectionsAt(standby.superuserUrl)).toBeGreaterThan(1);
  });
});
