/** `npm run db:backup` and `db:restore`: the real commands, on databases of the tests. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

import pg from 'pg';

import { writeDump } from '../../src/database/dump.js';
import { LOOKOUT } from '../../src/database/lookout.js';
import { TestApp } from '../support/app.js';
import { dropDatabase, emptyDatabase, notAnalyzed } from '../support/database.js';
import { login, person, type Person, staff } from '../support/people.js';
import { eventually } from '../support/process.js';
import { Relay } from '../support/relay.js';

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

  const TEXT = 'Tab\t, line\nand \\. alone\n\\.\n«ü» 🦉 \\N \u2028 \u2029 \u0085';

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

  /** What is in the database, in an empty one, by way of a file. */
  async function withRestored(work: (there: TestApp) => Promise<void>): Promise<void> {
    const url = await emptyDatabase();
    expect(run(app.databaseUrl, 'backup', file)).toMatchObject({ code: 0 });
    expect(run(url, 'restore', file)).toMatchObject({ code: 0 });
    const restored = await TestApp.start({ through: { url }, sharing: app });
    try {
      await work(restored);
    } finally {
      await restored.stop();
      await dropDatabase(url);
    }
  }

  it('brings tasks back, and new ones get new ids', async () => {
    const ada = await person(app, 'ada');
    await ada.api.post('/tasks', { title: '\\.', description: TEXT });
    await withRestored(async (there) => {
      const { api } = await login(there, ada.email);
      expect((await api.get('/tasks')).body).toMatchObject([{ title: '\\.', description: TEXT }]);
      expect((await api.post('/tasks', { title: 'the next' })).status).toBe(201);
    });
  });

  it('brings posts and follows back, with the counts of both, and new ones get new ids', async () => {
    const [ada, bob] = [await person(app, 'ada'), await staff(app, 'moderator')];
    for (const text of ['one', TEXT]) await bob.api.post('/posts', { text });
    await ada.api.put(`/users/${bob.username}/follow`);
    await withRestored(async (there) => {
      const { api } = await login(there, ada.email);
      expect((await api.get('/timeline')).body.map((post: { text: string }) => post.text)).toEqual([TEXT, 'one']);
      expect((await api.get(`/users/${bob.username}`)).body).toMatchObject({ posts_count: 2, followers_count: 1 });
      expect((await api.post('/posts', { text: 'the next' })).status).toBe(201);
    });
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

  describe('over a connection that is watched', () => {
    let relay: Relay;

    beforeEach(async () => {
      relay = await Relay.to(app.databaseUrl);
    });

    afterEach(async () => {
      jest.restoreAllMocks();
      await relay.end();
    });

    it('ends with a sentence when the database falls silent', async () => {
      for (const name of ['every', 'connect', 'answer'] as const) jest.replaceProperty(LOOKOUT, name, 1_000);
      const disk = new Writable({
        write: (_chunk, _, done) => {
          relay.freeze();
          done();
        },
      });
      await expect(writeDump(relay.url, disk)).rejects.toThrow('fell silent');
    });

    it('goes on when the disk has stalled for long, and the database has been done meanwhile', async () => {
      await person(app, 'ada');
      jest.replaceProperty(LOOKOUT, 'every', 20);
      let stalled = 0;
      const disk = new Writable({
        highWaterMark: 1,
        write: (_chunk, _, done) => {
          // The first is the head. The next is a table's, and stalls.
          stalled += 1;
          if (stalled !== 2) done();
          else setTimeout(done, 50 * LOOKOUT.every);
        },
      });
      expect(await writeDump(relay.url, disk)).toBeGreaterThan(0);
      expect(stalled).toBeGreaterThan(2);
    });
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
    const admins = [await staff(app, 'admin'), await staff(app, 'admin')];
    const acknowledged: string[] = [];
    const state = { isOver: false };
    const write = async ({ api, username }: Person): Promise<void> => {
      for (let n = 1; !state.isOver; n += 1) {
        const email = `${username}.${n}@example.org`;
        expect((await api.post('/admin/users', { email })).status).toBe(201);
        acknowledged.push(email);
      }
    };
    const writers = admins.map(write);
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
      `WITH events AS (SELECT subject_id AS id FROM audit_events WHERE action = 'user.invited' AND actor_id = ANY($1)),
            invited AS (SELECT id, email FROM users WHERE split_part(email, '.', 1) = ANY($2))
       SELECT array(SELECT email FROM invited) AS found,
              (SELECT count(*)::int FROM events e FULL JOIN invited i ON i.id = e.id WHERE i.id IS NULL OR e.id IS NULL) AS odd`,
      [admins.map(({ id }) => id), admins.map(({ username }) => username)],
    );
    await pool.end();
    const [{ found, odd }] = rows as [{ found: string[]; odd: number }];
    expect(before.filter((email) => !found.includes(email))).toEqual([]);
    expect(found.filter((email) => !acknowledged.includes(email))).toEqual([]);
    expect(odd).toBe(0);
    await dropDatabase(target);
  });

  it('is of no database that psql reaches while the embedded one does not run, and this starts none', () => {
    expect(run('embedded', 'psql')).toEqual({
      code: 1,
      said: 'Roost does not run, and its embedded database runs with it only: start Roost first.\n',
    });
    expect(existsSync(join(folder, '.data/postgres'))).toBe(false);
  });

  it('is written from a database that psql reaches as is said', () => {
    const { hostname, port, pathname } = new URL(app.databaseUrl);
    expect(run(app.databaseUrl, 'psql').said).toContain(
      `psql -h ${hostname} -p ${port} -U postgres ${pathname.slice(1)}\n`,
    );
  });

  const PASSWORD = `it's "$HOME" \`id\`; \\`;

  it.each([
    [
      'whatever its password and its name are',
      `postgres://ada:${encodeURIComponent(PASSWORD)}@[::1]:5433/my%20data?sslmode=no-verify`,
      [PASSWORD, 'require', '-h', '::1', '-p', '5433', '-U', 'ada', 'my data'],
    ],
    [
      'also by a socket in a folder',
      'postgres://ada@/roost?host=/var/run/my%20postgres&port=5433',
      ['', '', '-h', '/var/run/my postgres', '-p', '5433', '-U', 'ada', 'roost'],
    ],
  ])('is written from a database that psql reaches, %s', (_, url, given) => {
    const print = `import('./scripts/psql.mjs').then((module) => console.log(module.psqlCommand(process.argv[1])))`;
    const cwd = join(__dirname, '../..');
    const said = spawnSync(process.execPath, ['-e', print, url], { cwd, encoding: 'utf8' }).stdout;
    // What a shell makes of it.
    writeFileSync(join(folder, 'psql'), '#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$PGSSLMODE" "$@"\n', { mode: 0o755 });
    const { stdout } = spawnSync('sh', ['-c', said], {
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: '/' },
      encoding: 'utf8',
    });
    expect(stdout.split('\n')).toEqual([...given, '']);
  });

  it('is not mixed with another one of the same name that is under way', async () => {
    const target = join(folder, 'twice');
    const holder = await app.pool.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const env = { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: app.databaseUrl };
    const ended = [1, 2].map(async () => {
      const [code] = await once(spawn(process.execPath, [SCRIPT, 'backup', target], { env, stdio: 'ignore' }), 'exit');
      return code as number;
    });
    const drafts = (): string[] => readdirSync(folder).filter((name) => /^twice\.\w+\.part$/.test(name));
    await eventually(() => drafts().length === 2);
    await holder.query('COMMIT');
    holder.release();
    expect(await Promise.all(ended)).toEqual([0, 0]);
    expect(drafts()).toEqual([]);
    expect(readFileSync(target, 'utf8').endsWith('\n\\.\n')).toBe(true);
  });

  it.each([
    ['leaves early', 'node "$0" backup "$1" | true; echo "${PIPESTATUS[0]}"', '0\n', ''],
    ['is full', 'node "$0" backup "$1" > /dev/full; echo $?', '1\n', /^What was done cannot be shown: .*ENOSPC.*\n$/],
  ])('is made, and says so by its exit code, when what reads its output %s', (_, line, stdout, stderr) => {
    const target = join(folder, 'unread');
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_ENV: 'test',
      DATABASE_URL: app.databaseUrl,
    };
    const said = spawnSync('bash', ['--norc', '-c', line, SCRIPT, target], { env, encoding: 'utf8' });
    expect(said).toMatchObject({ stdout, stderr: typeof stderr === 'string' ? stderr : expect.stringMatching(stderr) });
    expect(statSync(target).size).toBeGreaterThan(1_000);
    rmSync(target);
  });

  it('replaces no device, pipe or folder, and what a link leads to', () => {
    const [pipe, link] = [join(folder, 'pipe'), join(folder, 'link.dump')];
    spawnSync('mkfifo', [pipe]);
    for (const place of [pipe, folder])
      expect(run(app.databaseUrl, 'backup', place)).toEqual({
        code: 1,
        said: `${place} is not a regular file. Name one, or one that is not there yet.\n`,
      });
    expect(statSync(pipe).isFIFO()).toBe(true);
    symlinkSync(join(folder, 'several.dump'), link);
    writeFileSync(join(folder, 'several.dump'), '');
    expect(run(app.databaseUrl, 'backup', link).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(join(folder, 'several.dump')).size).toBeGreaterThan(1_000);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it.each([0, 2_000])('ends with the reason when the disk is full after %i bytes', async (room) => {
    let left = room;
    const disk = new Writable({
      highWaterMark: 100,
      write(chunk: Buffer, _encoding, done) {
        left -= chunk.length;
        done(left < 0 ? new Error('ENOSPC: no space left on device, write') : null);
      },
    });
    await expect(writeDump(app.databaseUrl, disk)).rejects.toThrow(
      /^The dump cannot be written: ENOSPC: no space left on device, write\.$/,
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
