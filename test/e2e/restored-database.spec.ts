/** What a dump brings along when it is restored into another server: numbers of transactions that were not given there. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded.js';
import { migrate } from '../../src/database/schema/migrate.js';
import { TestApp } from '../support/app.js';
import { execute } from '../support/database.js';
import { login, PASSWORD, person, type Person } from '../support/people.js';
import { expectProblem } from '../support/problems.js';
import { eventually } from '../support/process.js';
import { Relay } from '../support/relay.js';
import { expectDead } from '../support/sessions.js';
import { TestStream } from '../support/stream.js';

let folder: string;
let server: EmbeddedPostgres;
/** The database of the second server. */
let restored: string;
let before: TestApp;
let wire: Relay;
let through: TestApp;
let ada: Person;
let bob: Person;
const streams: TestStream[] = [];

beforeAll(async () => {
  before = await TestApp.start();
  const first = new URL(before.databaseUrl);
  // A server that trusts everybody asks for none; the second one does.
  first.password ||= 'of-this-test';
  wire = await Relay.to(first.href);
  through = await TestApp.start({ sharing: before, through: wire });
  const { username, password, pathname } = first;
  folder = mkdtempSync(join(tmpdir(), 'roost-restored-'));
  // As root, the server runs as another user, who has to be able to enter.
  chmodSync(folder, 0o755);
  server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), database: pathname.slice(1) });
  // The same name and password, so that one wire leads to either.
  const isThere = new URL(server.superuserUrl).username === username;
  const role = isThere ? `ALTER ROLE ${username}` : `CREATE ROLE ${username} SUPERUSER LOGIN`;
  await execute(server.superuserUrl, `${role} PASSWORD '${decodeURIComponent(password)}'`);
  restored = Object.assign(new URL(first), { port: new URL(server.url).port }).href;
  [ada, bob] = [await person(before, 'ada'), await person(before, 'bob')];
  await ada.api.put(`/users/${bob.username}/follow`);
});

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

afterAll(async () => {
  await wire.end();
  await through.stop();
  await before.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (app: TestApp, lastEventId?: string): Promise<TestStream> => {
  const stream = await TestStream.open(app, ada, { lastEventId });
  streams.push(stream);
  return stream;
};

const post = (author: Person, text: string, app: TestApp): Promise<unknown> =>
  app.api.as(author.access_token).post('/posts', { text });

/** As pg_dump and pg_restore do, from a server that has counted further. */
async function restore(): Promise<void> {
  const target = new pg.Client({ connectionString: restored });
  await target.connect();
  try {
    await target.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await migrate(restored);
    for (const table of ['users', 'sessions', 'user_stats', 'follows', 'posts', 'revocations'] as const) {
      const { rows } = await before.pool.query(`SELECT coalesce(json_agg(t), '[]') AS rows FROM ${table} t`);
      await target.query(
        `ALTER TABLE ${table} DISABLE TRIGGER USER;
         DELETE FROM ${table};
         INSERT INTO ${table} OVERRIDING SYSTEM VALUE
         SELECT * FROM json_populate_recordset(NULL::${table}, ${target.escapeLiteral(JSON.stringify(rows[0].rows))});
         ALTER TABLE ${table} ENABLE TRIGGER USER`,
      );
    }
    await target.query(
      `UPDATE posts SET tx = tx + 1000000;
       UPDATE revocations SET tx = (tx::text::bigint + 1000000)::text::xid8;
       SELECT setval('posts_id_seq', (SELECT max(id) + 1 FROM posts))`,
    );
  } finally {
    await target.end();
  }
}

/** An instance that starts on the restored database. */
async function startThere(): Promise<TestApp> {
  await migrate(restored);
  return TestApp.start({ on: restored });
}

it('makes nothing old new: not for who was there before, and the next post comes once', async () => {
  await before.pool.query('INSERT INTO posts (author_id, text) SELECT $1, $2 FROM generate_series(1, 130)', [
    bob.id,
    'x',
  ]);
  const { lastEventId } = await open(before);
  const other = await login(before, ada.email);
  await before.api.as(other.access_token).post('/auth/logout');
  await restore();
  const there = await startThere();
  try {
    const [resumed, fresh] = [await open(there, lastEventId), await open(there)];
    for (const text of ['next', 'and next']) {
      await post(bob, text, there);
      await resumed.until(() => resumed.texts.includes(text));
      await fresh.until(() => fresh.texts.includes(text));
    }
    expect(resumed.events.map(({ event }) => event)).toEqual(['reset', 'post', 'post']);
    expect(fresh.texts).toEqual(['next', 'and next']);
    await expectDead(there, other);
  } finally {
    await there.stop();
  }
});

it('is noticed by an instance that was running, whose streams begin anew', async () => {
  await before.pool.query('INSERT INTO posts (author_id, text) SELECT $1, $2 FROM generate_series(1, 130)', [
    bob.id,
    'y',
  ]);
  const phone = await login(before, bob.email);
  await restore();
  const stream = await open(through);
  // After the dump: what it does not know.
  await before.api.as(phone.access_token).post('/auth/logout');
  await before.pool.query(
    `WITH raised AS (UPDATE users SET token_epoch = token_epoch + 5 WHERE id = $1 RETURNING token_epoch)
     INSERT INTO revocations (user_id, min_epoch) SELECT $1, token_epoch FROM raised`,
    [bob.id],
  );
  await eventually(async () => (await through.api.as(bob.access_token).get('/users/me')).status === 401);
  await wire.cut();
  wire.redirect(restored);
  await wire.restore();
  await eventually(() => through.events.includes('restored_rows'));
  await stream.until(() => stream.of('reset').length > 0);
  await eventually(async () => {
    const { status, body } = await through.api.post('/auth/login', { email: bob.email, password: PASSWORD });
    return status === 200 && (await through.api.as(body.access_token).get('/users/me')).status === 200;
  });
  const { body } = await through.api.post('/auth/login', { email: bob.email, password: PASSWORD });
  for (const text of ['next', 'and next']) {
    await through.api.as(body.access_token).post('/posts', { text });
    await stream.until(() => stream.texts.includes(text));
  }
  expect(stream.texts).toEqual(['next', 'and next']);
  expectProblem(await through.api.as(phone.access_token).get('/users/me'), 401, 'token_revoked');
});
