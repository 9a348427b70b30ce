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
import { expectDead, expectLive } from '../support/sessions.js';
import { TestStream } from '../support/stream.js';

let folder: string;
let server: EmbeddedPostgres;
/** The database of the second server. */
let restored: string;
let before: TestApp;
/** The server of before. */
let first: URL;
let ada: Person;
let bob: Person;
const streams: TestStream[] = [];

const TABLES = ['users', 'sessions', 'user_stats', 'follows', 'posts', 'revocations'];
/** As on a server that has counted further. */
const FURTHER = [
  'UPDATE posts SET tx = tx + 1000000',
  `SELECT setval('posts_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM posts))`,
  'UPDATE revocations SET tx = (tx::text::bigint + 1000000)::text::xid8',
];

beforeAll(async () => {
  before = await TestApp.start();
  first = new URL(before.databaseUrl);
  // A server that trusts everybody asks for none; the second one does.
  first.password ||= 'of-this-test';
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
});

beforeEach(async () => {
  [ada, bob] = [await person(before, 'ada'), await person(before, 'bob')];
  await ada.api.put(`/users/${bob.username}/follow`);
});

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

afterAll(async () => {
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

/** As pg_dump and pg_restore do. */
async function restore(): Promise<void> {
  const target = new pg.Client({ connectionString: restored });
  await target.connect();
  try {
    await target.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await migrate(restored);
    for (const table of TABLES) {
      const { rows } = await before.pool.query(`SELECT coalesce(json_agg(t), '[]') AS rows FROM ${table} t`);
      await target.query(
        `ALTER TABLE ${table} DISABLE TRIGGER USER;
         DELETE FROM ${table};
         INSERT INTO ${table} OVERRIDING SYSTEM VALUE
         SELECT * FROM json_populate_recordset(NULL::${table}, ${target.escapeLiteral(JSON.stringify(rows[0].rows))});
         ALTER TABLE ${table} ENABLE TRIGGER USER`,
      );
    }
    for (const statement of FURTHER) await target.query(statement);
  } finally {
    await target.end();
  }
}

/** An instance that starts on the restored database. */
async function startThere(): Promise<TestApp> {
  await migrate(restored);
  return TestApp.start({ on: restored });
}

interface Running {
  readonly through: TestApp;
  /** Its server is the other one from now on. */
  readonly move: () => Promise<void>;
}

/** An instance that was running before. */
async function whileRunning(work: (running: Running) => Promise<void>): Promise<void> {
  const wire = await Relay.to(first.href);
  const through = await TestApp.start({ sharing: before, through: wire });
  const move = async (): Promise<void> => {
    await wire.cut();
    wire.redirect(restored);
    await wire.restore();
    await eventually(() => through.events.includes('restored_rows'));
  };
  try {
    await work({ through, move });
  } finally {
    await wire.end();
    await through.stop();
  }
}

const addPosts = (): Promise<unknown> =>
  before.pool.query('INSERT INTO posts (author_id, text) SELECT $1, $2 FROM generate_series(1, 130)', [bob.id, 'x']);

it('revives no session that had ended, and ends none that lives', async () => {
  const other = await login(before, ada.email);
  await other.api.post('/auth/logout');
  await restore();
  const there = await startThere();
  try {
    await expectDead(there, other);
    await expectLive(there, ada);
  } finally {
    await there.stop();
  }
});

it('is noticed by an instance that was running: people log in again, and what it knows to have ended stays so', async () => {
  const phone = await login(before, bob.email);
  await restore();
  await whileRunning(async ({ through, move }) => {
    // After the dump: what it does not know.
    await phone.api.post('/auth/logout');
    await before.pool.query(
      `WITH raised AS (UPDATE users SET token_epoch = token_epoch + 5 WHERE id = $1 RETURNING token_epoch)
       INSERT INTO revocations (user_id, min_epoch) SELECT $1, token_epoch FROM raised`,
      [bob.id],
    );
    await eventually(async () => (await through.api.as(bob.access_token).get('/users/me')).status === 401);
    await move();
    await eventually(async () => {
      const { status, body } = await through.api.post('/auth/login', { email: bob.email, password: PASSWORD });
      return status === 200 && (await through.api.as(body.access_token).get('/users/me')).status === 200;
    });
    expectProblem(await through.api.as(phone.access_token).get('/users/me'), 401, 'token_revoked');
  });
});

it('makes no old post new: not for who was there before, and the next one comes once', async () => {
  await addPosts();
  const { lastEventId } = await open(before);
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
  } finally {
    await there.stop();
  }
});

it('is noticed by an instance that was running, whose streams begin anew', async () => {
  await addPosts();
  await restore();
  await whileRunning(async ({ through, move }) => {
    const stream = await open(through);
    await move();
    await stream.until(() => stream.of('reset').length > 0);
    for (const text of ['next', 'and next']) {
      await post(bob, text, through);
      await stream.until(() => stream.texts.includes(text));
    }
    expect(stream.texts).toEqual(['next', 'and next']);
  });
});
