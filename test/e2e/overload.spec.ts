/** More requests than an instance can serve. */
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';

import { DataSource } from 'typeorm';

import { SERVE_QUEUE } from '../../src/http/connections/serve-queue.js';
import { TURNS } from '../../src/limits/turns.js';
import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { claimsOf } from '../support/jwt.js';
import { login, PASSWORD, person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { head } from '../support/raw.js';
import { Relay } from '../support/relay.js';

const PEOPLE = 10;
/** The product's, which other tests wait longer than. */
const USUAL = { queue: { ...SERVE_QUEUE }, turns: { ...TURNS } };

let owner: TestApp;
let wire: Relay;
let app: TestApp;
let people: Person[];

beforeAll(async () => {
  Object.assign(SERVE_QUEUE, USUAL.queue);
  Object.assign(TURNS, USUAL.turns);
  owner = await TestApp.start();
  wire = await Relay.to(owner.databaseUrl);
  app = await TestApp.start({ sharing: owner, through: wire, env: { PUBLIC_URL: 'http://127.0.0.1/roost' } });
  people = await Promise.all(Array.from({ length: PEOPLE }, (_, n) => person(app, `person${n}`)));
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(async () => {
  wire.thaw();
  await app.stop();
  await wire.end();
  await owner.stop();
});

const metric = async (name: string): Promise<number> => {
  const { text } = await app.api.get('/metrics');
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
};

interface RequestLine {
  readonly code?: string;
  readonly ms: number;
  readonly client_left?: boolean;
}

const requestsSince = (line: number): RequestLine[] =>
  app.log
    .slice(line)
    .map((text) => JSON.parse(text) as RequestLine & { msg: string })
    .filter(({ msg }) => msg === 'request');

it('refuses what waits behind too many requests of a silent database, with the time to come back [V2.4.1]', async () => {
  const shed = await metric('http_requests_shed_total');
  wire.freeze();
  // As many as the pool has connections and as may wait for one; then those that must not begin.
  const first = people.flatMap(({ api }) => Array.from({ length: 5 }, () => api.get('/users/me')));
  await eventually(async () => (await metric('http_requests_waiting')) > 0);
  const second = people.map(({ api }) => api.get('/users/me'));
  expect((await app.api.get('/health/live')).status).toBe(200);
  for (const answer of await Promise.all(second)) {
    expectProblem(answer, 503, 'overloaded');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(answer.body).toMatchObject({ 'violated-policies': ['waiting_requests'] });
  }
  for (const { status } of await Promise.all(first)) expect(status).toBe(503);
  expect(await metric('http_requests_shed_total')).toBeGreaterThanOrEqual(shed + PEOPLE);

  wire.thaw();
  await eventually(async () => (await app.api.get('/health/ready')).status === 200);
  for (const { api } of people) expect((await api.get('/users/me')).status).toBe(200);
  expect(await metric('http_requests_waiting')).toBe(0);
});

it('answers monitors and those who verify tokens meanwhile, also under the prefix of PUBLIC_URL', async () => {
  wire.freeze();
  const first = people.flatMap(({ api }) => Array.from({ length: 5 }, () => api.get('/users/me')));
  await eventually(async () => (await metric('http_requests_waiting')) > 0);
  for (const path of ['/health/live', '/roost/health/live', '/roost/metrics', '/roost/.well-known/jwks.json'])
    expect((await fetch(app.url + path)).status).toBe(200);
  const refused = await fetch(`${app.url}/roost/api/v1/users/me`);
  expect([refused.status, ((await refused.json()) as { type: string }).type]).toEqual([
    503,
    '/roost/problems/overloaded',
  ]);
  await Promise.all(first);
  wire.thaw();
  await eventually(async () => (await app.api.get('/health/ready')).status === 200);
});

it('does nothing for a client that has left, and counts the wait of the others', async () => {
  const [ada, ...others] = people as [Person, ...Person[]];
  const id = String(claimsOf((await login(app, ada.email)).access_token).sid);
  // The one that leaves must still wait when it does, however slow the machine is: behind many.
  const burst = jest.replaceProperty(SERVE_QUEUE, 'burst', 600_000);
  wire.freeze();
  const first = others.flatMap(({ api }) => Array.from({ length: 20 }, () => api.get('/users/me')));
  await eventually(async () => (await metric('http_requests_waiting')) > 0);
  const before = app.log.length;
  const arrived = new Promise<IncomingMessage>((resolve) => {
    const server: Server = app.nestApp.getHttpServer();
    server.on('request', (request) => request.method === 'DELETE' && resolve(request));
  });
  const left = connect(Number(new URL(app.url).port), '127.0.0.1').on('error', () => undefined);
  left.write(head(`DELETE /api/v1/auth/sessions/${id}`, `Authorization: Bearer ${ada.access_token}`));
  const { socket } = await arrived;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  left.resetAndDestroy();
  await closed;
  burst.restore();
  await eventually(() => requestsSince(before).some(({ client_left }) => client_left === true));
  wire.thaw();
  await Promise.all(first);
  await eventually(async () => (await app.api.get('/health/ready')).status === 200);
  expect((await ada.api.get('/auth/sessions')).body).toContainEqual(expect.objectContaining({ id }));
  expect(await metric('http_requests_in_flight')).toBe(1);
  const refusals = requestsSince(before).filter(({ code, client_left }) => code === 'overloaded' && !client_left);
  expect(refusals.length).toBeGreaterThan(0);
  // They have waited for longer than the least that is refused.
  for (const { ms } of refusals) expect(ms).toBeGreaterThan(SERVE_QUEUE.standing);
});

it('leaves the connection of a refused request usable, and its body unread', async () => {
  wire.freeze();
  const all: Promise<Answer>[] = [];
  const login = { email: people[0]?.email, password: PASSWORD };
  // Those before give up after some seconds, and nothing waits behind them any more.
  await eventually(async () => {
    all.push(...people.flatMap(({ api }) => Array.from({ length: 5 }, () => api.get('/users/me'))));
    await eventually(async () => (await metric('http_requests_waiting')) > 0);
    return (await app.api.post('/auth/login', login)).body.code === 'overloaded';
  });
  expect((await app.api.get('/health/live')).status).toBe(200);
  await Promise.all(all);
  wire.thaw();
  await eventually(async () => (await app.api.get('/health/ready')).status === 200);
  expect((await app.api.post('/auth/login', login)).status).toBe(200);
});

it('is ready while its pool is busy, without waiting for a connection', async () => {
  // One that was never asked, so it remembers no answer.
  const asked = await TestApp.start({ sharing: owner });
  const database = asked.nestApp.get(DataSource);
  await database.query('SELECT 1');
  const busy = Promise.all(Array.from({ length: 60 }, () => database.query('SELECT pg_sleep(0.2)')));
  const questions = jest.spyOn(database, 'query');
  try {
    expect((await asked.api.get('/health/ready')).status).toBe(200);
    expect(questions).not.toHaveBeenCalled();
  } finally {
    questions.mockRestore();
    await busy;
    await asked.stop();
  }
});
