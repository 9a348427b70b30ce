/** `npm run db:backup` and `db:restore`: the real commands, on databases of the tests. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

import pg from 'pg';

import { writeDump } from '../../src/database/dump.js';
import { TestApp } from '../support/app.js';
import { dropDatabase, emptyDatabase, notAnalyzed } from '../support/database.js';
import { login, person, staff } from '../support/people.js';
import { eventually } from '../support/process.js';

const SCRIPT = join(__dirname, '../../scripts/db.mjs');

/** Tables with rows after a restore, and the statistics of which are made then. */
const FILLED = ['users', 'audit_events', 'tasks', 'posts', 'user_stats'];

describe('a dump of the database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roost-dump-'));
  const file = join(folder, 'roost.dump');
  let app: TestApp;
  let empty: string;

  beforeAll(async () => {
    app = await TestApp.start();
    empty = await emptyDatabase();
  });

  afterAll(async () => {
    await app.stop();
    await dropDatabase(empty);
    rmSync(folder, { recursive: true });
  });

  const run = (url: string, ...args: string[]): { code: number | null; said: string } => {
    const env = { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: url };
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
      env,
      encoding: 'utf8',
      cwd: folder,
    });
    return { code: status, said: stdout + stderr };
  };

  const TEXT = 'Tab\t, line\nand \\. alone\n\\.\n«ü» 🦉 \\N';

  it('brings everything back in an empty database, and goes on from there', async () => {
    const ada = await person(app, 'ada');
    await ada.api.patch('/users/me', { bio: TEXT });
    expect(run(app.databaseUrl, 'backup', file)).toEqual({
      code: 0,
      said: expect.stringMatching(/^Wrote \d+ rows to /) as string,
    });
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(run(empty, 'restore', file)).toEqual({
      code: 0,
      said: expect.stringMatching(/^Restored \d+ rows\.\n$/) as string,
    });
    expect(await notAnalyzed(empty, FILLED)).toEqual([]);
    expect(run(empty, 'backup', join(folder, 'again'))).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'again'), 'utf8')).toBe(readFileSync(file, 'utf8'));

    const restored = await TestApp.start({ through: { url: empty }, sharing: app });
    try {
      const { access_token } = await login(restored, ada.email);
      const api = restored.api.as(access_token);
      expect((await api.get('/users/me')).body.bio).toBe(TEXT);
      expect((await api.patch('/users/me', { bio: 'the next' })).status).toBe(200);
      expect((await api.as(ada.access_token).get('/auth/me')).status).toBe(200);
    } finally {
      await restored.stop();
    }
    expect(run(empty, 'restore', file)).toEqual({
      code: 1,
      said: expect.stringMatching(/^The table \w+ already has rows\. /) as string,
    });
  });

  it('brings tasks, posts and follows back, with the counts of both, and new ones get new ids', async () => {
    const [ada, bob] = [await person(app, 'ada'), await staff(app, 'moderator')];
    await ada.api.post('/tasks', { title: '\\.', description: TEXT });
    for (const text of ['one', TEXT]) await bob.api.post('/posts', { text });
    await ada.api.put(`/users/${bob.username}/follow`);
    const url = await emptyDatabase();
    expect(run(app.databaseUrl, 'backup', file)).toMatchObject({ code: 0 });
    expect(run(url, 'restore', file)).toMatchObject({ code: 0 });
    const restored = await TestApp.start({ through: { url }, sharing: app });
    try {
      const api = restored.api.as((await login(restored, ada.email)).access_token);
      expect((await api.get('/tasks')).body).toMatchObject([{ title: '\\.', description: TEXT }]);
      expect((await api.get('/timeline')).body.map((post: { text: string }) => post.text)).toEqual([TEXT, 'one']);
      expect((await api.get(`/users/${bob.username}`)).body).toMatchObject({ posts_count: 2, followers_count: 1 });
      expect((await api.post('/tasks', { title: 'the next' })).status).toBe(201);
      expect((await api.post('/posts', { text: 'the next' })).status).toBe(201);
    } finally {
      await restored.stop();
      await dropDatabase(url);
    }
  });

  it('has every row as it is on a slow disk, too', async () => {
    await app.pool.query(
      `INSERT INTO users (email, username, hashed_password, bio)
       SELECT 'row' || n || '@example.org', 'row' || n, '!', repeat(md5(n::text), 15) FROM generate_series(1, 7000) n`,
    );
    let written = '';
    const disk = new Writable({
      // As while less waits to be written than a stream takes, which pauses nothing.
      highWaterMark: 1_048_576,
      write: (chunk: Buffer, _, done) => {
        setTimeout(() => {
          written += chunk.toString('latin1');
          done();
        }, 1);
      },
    });
    await writeDump(app.databaseUrl, disk);
    await finished(disk.end());
    const { rows } = await app.pool.query<{ bio: string }>(`SELECT bio FROM users WHERE hashed_password = '!'`);
    const found = new Set(written.match(/[0-9a-f]{480}/g));
    expect(rows.filter(({ bio }) => !found.has(bio))).toEqual([]);
  });

  it('leaves nothing behind when it is cut off, or is none', async () => {
    const database = await emptyDatabase();
    const whole = statSync(file).size;
    truncateSync(file, whole - 3);
    expect(run(database, 'restore', file)).toEqual({ code: 1, said: 'The dump is incomplete: its end is missing.\n' });
    expect(run(database, 'restore', SCRIPT)).toEqual({
      code: 1,
      said: 'This is not a dump made by npm run db:backup.\n',
    });
    expect(run(database, 'restore', join(folder, 'none')).code).toBe(1);
    expect(run(database, 'backup', join(folder, 'nowhere/file')).code).toBe(1);
    expect(run(database, 'backup').said).toMatch(/^Usage:/);
    expect(run(database, 'restore', join(folder, 'again')).code).toBe(0);
    expect(existsSync(join(folder, 'again.part'))).toBe(false);
    await dropDatabase(database);
  });

  it('is a snapshot of a database that is written to meanwhile', async () => {
    const target = await emptyDatabase();
    const [bea, dan] = [await person(app, 'bea'), await person(app, 'dan')];
    const acknowledged: string[] = [];
    const state = { isOver: false };
    const write = async ({ api }: typeof bea, kind: string): Promise<void> => {
      for (let n = 1; !state.isOver; n += 1) {
        const text = `${kind} ${n}`;
        const { status } = await (kind === 'post' ? api.post('/posts', { text }) : api.post('/tasks', { title: text }));
        expect(status).toBe(201);
        acknowledged.push(text);
      }
    };
    const writers = [write(bea, 'post'), write(dan, 'task')];
    await eventually(() => acknowledged.length > 20);
    const before = [...acknowledged];
    const env = { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: app.databaseUrl };
    const dump = spawn(process.execPath, [SCRIPT, 'backup', join(folder, 'used')], { env, stdio: 'ignore' });
    const [code] = (await once(dump, 'exit')) as [number];
    state.isOver = true;
    await Promise.all(writers);
    expect(code).toBe(0);
    expect(acknowledged.length).toBeGreaterThan(before.length);
    expect(run(target, 'restore', join(folder, 'used'))).toMatchObject({ code: 0 });
    const pool = new pg.Pool({ connectionString: target, max: 1 });
    const { rows } = await pool.query<{ found: string[]; odd: number }>(
      `SELECT array(SELECT text FROM posts WHERE author_id = $1 UNION ALL SELECT title FROM tasks WHERE user_id = $2) AS found,
              (SELECT count(*)::int FROM users u LEFT JOIN user_stats s ON s.user_id = u.id
                WHERE coalesce(s.posts_count, 0) <> (SELECT count(*) FROM posts p WHERE p.author_id = u.id)) AS odd`,
      [bea.id, dan.id],
    );
    await pool.end();
    const [{ found, odd }] = rows as [{ found: string[]; odd: number }];
    expect(before.filter((text) => !found.includes(text))).toEqual([]);
    expect(found.filter((text) => !acknowledged.includes(text))).toEqual([]);
    expect(odd).toBe(0);
    await dropDatabase(target);
  });

  it('is written from a database that psql reaches as is said', () => {
    const { hostname, port, pathname } = new URL(app.databaseUrl);
    expect(run(app.databaseUrl, 'psql').said).toContain(
      `psql -h ${hostname} -p ${port} -U postgres ${pathname.slice(1)}\n`,
    );
  });

  it('is written from the host that accepts writes, where there are several', () => {
    const { host, hostname, port } = new URL(app.databaseUrl);
    const url = app.databaseUrl.replace(`@${host}`, `@127.0.0.1:1,${host}`);
    expect(run(url, 'psql').said).toContain(
      `PGTARGETSESSIONATTRS=read-write psql -h 127.0.0.1,${hostname} -p 1,${port} -U postgres `,
    );
    expect(run(url, 'backup', join(folder, 'several.dump')).code).toBe(0);
  });
});

describe('db:migrate', () => {
  const migrate = (env: Record<string, string>): { code: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, 'migrate'], {
      env: { PATH: process.env.PATH, NODE_ENV: 'test', ...env },
      encoding: 'utf8',
      cwd: tmpdir(),
    });
    return { code: status, said: stdout + stderr };
  };

  it('migrates an empty database once, however many run it at once', async () => {
    const database = await emptyDatabase();
    const env = { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: database };
    const runs = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [SCRIPT, 'migrate'], { env, stdio: 'ignore' }),
    );
    const codes = await Promise.all(runs.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect(migrate({ DATABASE_URL: database })).toEqual({ code: 0, said: 'The database is up to date.\n' });
    const app = await TestApp.start({ on: database });
    expect((await app.api.get('/health/ready')).status).toBe(200);
    await app.stop();
    await dropDatabase(database);
  });

  it('says in words why it cannot, and ends with 1', () => {
    const { code, said } = migrate({ DATABASE_URL: 'postgres://a:b@127.0.0.1:1/none', DATABASE_WAIT: '1s' });
    expect([code, said]).toEqual([1, expect.stringContaining('could not be reached for 1 seconds') as string]);
    expect(migrate({ DATABASE_URL: 'nonsense' })).toEqual({
      code: 1,
      said: expect.stringContaining('DATABASE_URL') as string,
    });
  });
});
