import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';

import { cloneTemplate, dropDatabase } from '../support/database.js';
import { childrenOf, eventually, isAlive, RoostFolder, type RoostProcess } from '../support/process.js';
import { Relay } from '../support/relay.js';
import { Smtp } from '../support/smtp.js';

const PASSWORD = 'correct horse battery';
const MISSING = 'postgres://nobody:hunter2hunter2@127.0.0.1:1/none';
/** What workers and their primary wait for each other. */
const LATE_MS = 1_000;
const PRODUCTION = { NODE_ENV: 'production', BCRYPT_COST: '10', JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(' };

interface Reply {
  readonly id: string;
  readonly status: number;
  readonly limits: string;
  readonly text: string;
}

interface Sent {
  readonly agent?: Agent;
  readonly from?: string;
  readonly body?: object;
}

/** On a connection of its own, unless the agent has one: the workers take turns. */
async function ask(url: string, { agent = new Agent(), from, body }: Sent = {}): Promise<Reply> {
  const headers = { ...(from && { 'x-forwarded-for': from }), ...(body && { 'content-type': 'application/json' }) };
  const sent = request(url, { agent, method: body ? 'POST' : 'GET', headers });
  sent.end(body && JSON.stringify(body));
  const [reply] = await once(sent, 'response');
  const text = (await reply.toArray()).join('');
  const id = String(reply.headers['x-request-id']);
  return { id, status: reply.statusCode, limits: String(reply.headers.ratelimit), text };
}

/** The pids of the processes that serve, by their number; the latest of each. */
function workersOf({ output }: RoostProcess): number[] {
  const pids: number[] = [];
  for (const [, number, pid] of output.matchAll(/"worker_started","worker":(\d+),"pid":(\d+)/g))
    pids[Number(number) - 1] = Number(pid);
  return pids;
}

describe('two workers', () => {
  const folder = new RoostFolder();
  let smtp: Smtp;
  let database: string;
  let roost: RoostProcess;
  let url: string;
  let pids: number[];

  beforeAll(async () => {
    [smtp, database] = [await Smtp.start(), await cloneTemplate()];
    const servers = { DATABASE_URL: database, SMTP_URL: smtp.url, TRUST_PROXY: '127.0.0.1' };
    roost = folder.start({ ...PRODUCTION, ...servers, HOST: '127.0.0.1', MAIL_FROM: 'a@example.org', WORKERS: '2' });
    url = await roost.ready();
    pids = workersOf(roost);
  });

  afterAll(async () => {
    await folder.remove();
    await smtp.stop();
    await dropDatabase(database);
  });

  const register = (name: string): Promise<Reply> =>
    ask(`${url}/api/v1/auth/register`, {
      from: '192.0.2.9',
      body: { email: `${name}@example.org`, password: PASSWORD },
    });

  /** Of a worker that does not answer the primary within a second, sums have what it said before: they are asked for again. */
  const countOf = async (route: string): Promise<number> => {
    const askedAt = performance.now();
    const { text } = await ask(`${url}/metrics`);
    if (performance.now() - askedAt >= LATE_MS) return countOf(route);
    expect(text).toMatch(/^roost_workers [12]$/m);
    return Number(new RegExp(`_seconds_count\\{method="GET",route="${route}",status="200"\\} (\\d+)`).exec(text)?.[1]);
  };

  /** Windows end at moments of the clock, which differ by address. Both kinds of limit have them in common. */
  const addressAtStartOfWindow = async (): Promise<string> => {
    for (let n = 1; ; n += 1) {
      const from = `198.51.100.${n}`;
      const { limits } = await ask(`${url}/api/v1/nothing`, { from });
      if (Number(/"address";r=599;t=(\d+)/.exec(limits)?.[1]) > 40) return from;
    }
  };

  it('say once that Roost is ready', () => {
    expect(roost.output.match(/Roost is ready/g)).toHaveLength(1);
    expect(childrenOf(roost.pid)).toEqual(expect.arrayContaining(pids));
    expect(new Set(pids).size).toBe(2);
  });

  it('count together what proves an identity, to the request', async () => {
    const right = [...Array.from({ length: 20 }, (_, n) => 59 - n), 40];
    let seen: number[];
    let slowestMs: number;
    do {
      const from = await addressAtStartOfWindow();
      slowestMs = 0;
      const login = async (): Promise<Reply> => {
        const askedAt = performance.now();
        const reply = await ask(`${url}/api/v1/auth/login`, { from, body: {} });
        slowestMs = Math.max(slowestMs, performance.now() - askedAt);
        return reply;
      };
      seen = [];
      for (let n = 0; n < 20; n += 1) seen.push(Number(/"authentication";r=(\d+)/.exec((await login()).limits)?.[1]));
      const replies = await Promise.all(Array.from({ length: 60 }, login));
      seen.push(replies.filter(({ status }) => status !== 429).length);
      // A worker counts by itself where the primary is late, and nowhere else.
    } while (slowestMs >= LATE_MS && seen.join() !== right.join());
    expect(seen).toEqual(right);
  });

  it('keep to the limit of an address within a tenth', async () => {
    const path = `${url}/api/v1/nothing`;
    const from = await addressAtStartOfWindow();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const replies = await Promise.all(Array.from({ length: 800 }, () => ask(path, { agent, from })));
    agent.destroy();
    const passed = replies.filter(({ status }) => status === 404).length;
    expect(passed).toBeGreaterThan(540);
    expect(passed).toBeLessThan(660);
  });

  it('add their metrics up, whichever is asked', async () => {
    for (let n = 0; n < 10; n += 1) expect((await ask(`${url}/health/live`)).status).toBe(200);
    expect([await countOf('/health/live'), await countOf('/health/live')]).toEqual([10, 10]);
  });

  it('show sums of what each has, and the largest of what all share', async () => {
    const { text } = await ask(`${url}/metrics`);
    const valueOf = (sample: string): number => Number(text.split(`\n${sample} `)[1]?.split('\n')[0]);
    expect(valueOf('roost_workers')).toBe(2);
    expect(valueOf('database_pool_connections_max{pool="primary"}')).toBe(20);
    expect(valueOf('revocations_age_seconds')).toBeLessThan(60);
    expect(valueOf('revocations_cursor')).toBeGreaterThan(0);
  });

  it('serve by turns, and send each mail once, from the first', async () => {
    const names = ['anna', 'berta', 'cleo', 'dora', 'ella', 'fay'];
    for (const name of names) expect((await register(name)).status).toBe(201);
    const senders = (): string[] =>
      Array.from(roost.output.matchAll(/"worker":(\d),"event":"mail_sent"/g), ([, by = '']) => by);
    await roost.until(() => senders().length === names.length);
    expect(new Set(senders())).toEqual(new Set(['1']));
    expect(smtp.mails).toHaveLength(names.length);
    expect(roost.output).toMatch(/"worker":1,.*"path":"\/api\/v1\/auth\/register"/);
    expect(roost.output).toMatch(/"worker":2,.*"path":"\/api\/v1\/auth\/register"/);
  });

  it('replace the one that sends mail, while the other goes on with each of its connections', async () => {
    const before = await countOf('/health/live');
    const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const firsts = await Promise.all(agents.map((agent) => ask(`${url}/health/live`, { agent })));
    const servedBy = (id: string): string | undefined =>
      new RegExp(`"worker":(\\d),"request_id":"${id}"`).exec(roost.output)?.[1];
    await roost.until(() => firsts.every(({ id }) => servedBy(id) !== undefined));
    const kept = agents.filter((_, index) => servedBy(firsts[index]?.id ?? '') === '2');
    expect(kept.length).toBeGreaterThan(0);
    await countOf('/health/live');
    process.kill(pids[0] ?? 0, 'SIGKILL');
    const replies = kept.map((agent) => ask(`${url}/health/live`, { agent }));
    for (const { status } of await Promise.all(replies)) expect(status).toBe(200);
    for (const agent of agents) agent.destroy();
    expect((await register('again')).status).toBe(201);
    await eventually(() => smtp.mailsTo('again@example.org').length === 1);
    expect(roost.output).toMatch(/"worker_ended","worker":1,"code":null,"signal":"SIGKILL"/);
    const [replaced, other] = workersOf(roost);
    expect([replaced === pids[0], other]).toEqual([false, pids[1]]);
    expect(await countOf('/health/live')).toBe(before + 8 + kept.length);
  });

  it('lose no connection that was on its way to a worker that is killed', async () => {
    const [pid = 0] = workersOf(roost);
    process.kill(pid, 'SIGSTOP');
    const replies = Array.from({ length: 4 }, () => ask(`${url}/health/live`));
    const answered = new Set<number>();
    replies.forEach((reply, index) => void reply.then(() => answered.add(index)));
    await eventually(() => answered.size >= 3);
    process.kill(pid, 'SIGKILL');
    for (const { status } of await Promise.all(replies)) expect(status).toBe(200);
    await roost.until(() => workersOf(roost)[0] !== pid);
  });

  it('drain together, and end in order when all are told', async () => {
    pids = workersOf(roost);
    const tell = (): void => {
      for (const pid of [...pids, roost.pid]) process.kill(pid, 'SIGTERM');
    };
    tell();
    for (let n = 0; n < 4; n += 1) await eventually(async () => (await ask(`${url}/health/ready`)).status === 503);
    expect((await ask(`${url}/health/live`)).status).toBe(200);
    tell();
    expect(await roost.exit()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    for (const line of roost.output.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});

describe('workers that start and end', () => {
  const folder = new RoostFolder();

  afterAll(() => folder.remove());

  it('answer from the start, reset no connection, and end with a primary that is killed', async () => {
    const database = await cloneTemplate();
    const relay = await Relay.to(database);
    await relay.cut();
    const roost = folder.start({ DATABASE_URL: relay.url, WORKERS: '2' });
    await roost.until(() => /"port":\d+/.test(roost.output));
    const url = `http://127.0.0.1:${/"port":(\d+)/.exec(roost.output)?.[1]}/health/ready`;
    expect(JSON.parse((await ask(url)).text)).toMatchObject({ status: 503, code: 'starting' });
    await relay.restore();
    const seen = new Set([503]);
    while (!seen.has(200)) seen.add((await ask(url)).status);
    expect([...seen]).toEqual([503, 200]);
    await roost.ready();
    const pids = workersOf(roost);
    roost.kill('SIGKILL');
    await eventually(() => !pids.some(isAlive));
    await relay.end();
    await dropDatabase(database);
  });

  it('leave no database of their own behind', async () => {
    const roost = folder.start({ WORKERS: '2' });
    await roost.ready();
    const all = [...childrenOf(roost.pid), folder.databasePid() ?? 0];
    expect(all.length).toBeGreaterThan(3);
    roost.kill('SIGKILL');
    await eventually(() => !all.some(isAlive));
  });

  it('say once what prevents a start', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const taken = folder.start({ PORT: String(port), DATABASE_URL: MISSING, WORKERS: '2' });
    const database = await cloneTemplate();
    const refused = folder.start({ ADMIN_EMAIL: 'x', ADMIN_PASSWORD: PASSWORD, DATABASE_URL: database, WORKERS: '2' });
    expect([await taken.exit(), await refused.exit()]).toEqual([1, 1]);
    other.close();
    await dropDatabase(database);
    expect(taken.output).toBe(
      `\nRoost could not start.\n\nPort ${port} is already in use: stop what listens there, or set PORT.\n\n`,
    );
    expect(refused.output.match(/could not start/g)).toHaveLength(1);
    expect(refused.output).toMatch(/- ADMIN_EMAIL must be an e-mail address\n/);
  });
});
