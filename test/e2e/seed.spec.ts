import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { hasAtMostGraphemes, isBlank, isStorable } from '../../src/common/text.js';
import { isUsername } from '../../src/users/fields.js';
import { Api } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { CommandRunner, type Outcome } from '../support/command.js';
import { notAnalyzed, someoneWaits } from '../support/database.js';
import { walk } from '../support/pages.js';
import { login, person } from '../support/people.js';
import { eventually, RoostFolder } from '../support/process.js';
import { soaked } from '../support/soak.js';

const SCRIPT = join(__dirname, '../../scripts/seed.mjs');
const SECRET = 'a-key-of-the-tests-that-nobody-else-may-use';
const [READER, MODERATOR, ADMIN] = ['maya', 'ines', 'tomasz'].map((name) => `${name}@seed.example.org`) as [
  string,
  string,
  string,
];

/** What seeding writes. */
const TABLES = ['users', 'user_stats', 'follows', 'mutes', 'blocks', 'posts', 'tasks'];
const DATED = ['users', 'posts', 'follows', 'mutes', 'blocks', 'tasks'];

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(args: readonly string[], env: Record<string, string>, cwd = '/'): ChildProcess {
  const variables = { PATH: process.env.PATH, NODE_ENV: 'test', BCRYPT_COST: '4', ...env };
  const child = spawn(process.execPath, [SCRIPT, ...args], { cwd, env: variables });
  children.push(child);
  return child;
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const outcome = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => (outcome[name] += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...outcome };
}

function passwordIn({ stdout }: Outcome): string {
  return /^ +(\S+) +is the password/m.exec(stdout)?.[1] ?? '';
}

describe('npm run seed', () => {
  let app: TestApp;
  let runner: CommandRunner;

  beforeAll(async () => {
    app = await TestApp.start();
    runner = new CommandRunner(SCRIPT, {
      DATABASE_URL: app.databaseUrl,
      JWT_SECRET: SECRET,
      PORT: new URL(app.url).port,
    });
  });

  afterAll(async () => {
    await runner.end();
    await app.stop();
  });

  const start = (args: readonly string[] = [], env: Record<string, string> = {}): ChildProcess =>
    run(args, { DATABASE_URL: app.databaseUrl, JWT_SECRET: SECRET, PORT: new URL(app.url).port, ...env });

  const seeded = (args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> =>
    outcomeOf(start(args, env));

  /** As {@link seeded}, and quicker. */
  const alike = (args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> =>
    runner.run(args, { env });

  const rowsOf = async <T = Record<string, any>>(statement: string): Promise<T[]> =>
    (await app.pool.query(statement)).rows as T[];

  const countOf = async (table: string): Promise<number> =>
    Number((await rowsOf(`SELECT count(*) FROM ${table}`))[0]?.count);

  /** Of all tables that seeding writes, and of one that it must not. */
  const everything = (): Promise<unknown> =>
    Promise.all([...TABLES, 'sessions'].map((table) => rowsOf(`SELECT * FROM ${table} ORDER BY ${table}::text`)));

  const drift = (): Promise<unknown[]> =>
    rowsOf(
      `SELECT s.* FROM user_stats s
        WHERE posts_count <> (SELECT count(*) FROM posts WHERE author_id = user_id AND deleted_at IS NULL)
           OR followers_count <> (SELECT count(*) FROM follows WHERE followee_id = user_id)
           OR following_count <> (SELECT count(*) FROM follows WHERE follower_id = user_id)`,
    );

  describe('run once', () => {
    let outcome: Outcome;

    beforeAll(async () => {
      await app.forget();
      outcome = await seeded();
    });

    it('leaves statistics of the new size, by which a running Roost plans', async () => {
      expect(await notAnalyzed(app.databaseUrl, TABLES)).toEqual([]);
    });

    /** What the lines that it prints answer, as they stand. */
    const answered = async (): Promise<unknown[]> => {
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      const [setup, token, ...reads] = outcome.stdout.split('\n').filter((line) => /^(?:API=|TOKEN=|curl )/.test(line));
      const answers = [];
      for (const read of reads) {
        const shell = spawn('sh', ['-euc', `${setup}\n${token}\n${read}`]);
        children.push(shell);
        const { code, stdout } = await outcomeOf(shell);
        answers.push(JSON.parse(stdout) as unknown[]);
        expect(code).toBe(0);
      }
      return answers;
    };

    it('prints lines that work as they stand', async () => {
      const answers = await answered();
      expect(answers.length).toBeGreaterThan(0);
      expect(JSON.stringify(answers)).not.toContain('"code"');
    });

    it('prints lines that read a timeline and find people', async () => {
      expect(await answered()).toEqual([
        Array.from({ length: 5 }, () => expect.objectContaining({ text: expect.any(String) })),
        expect.arrayContaining([expect.objectContaining({ username: 'tomasz', display_name: 'Tomasz Zieliński' })]),
      ]);
    });

    it('fills tasks, some of which are completed', async () => {
      const { api } = await login(app, READER, passwordIn(outcome));
      const completed = ((await api.get('/tasks')).body as { completed: boolean }[]).map((task) => task.completed);
      expect(new Set(completed)).toEqual(new Set([true, false]));
    });

    it.each([
      [READER, 'user'],
      [MODERATOR, 'moderator'],
      [ADMIN, 'admin'],
    ])('makes %s, who is %s and has a confirmed address', async (email, role) => {
      const { api } = await login(app, email, passwordIn(outcome));
      expect((await api.get('/auth/me')).body).toMatchObject({ role, email_confirmed: true });
    });

    it('fills pages of timeline, followers and mutes, in the order of time', async () => {
      const api = app.api.as((await login(app, READER, passwordIn(outcome))).access_token);
      const posts = (await walk<{ id: string; created_at: string }>(api, '/timeline?limit=100')).flat();
      expect(posts.length).toBeGreaterThan(100);
      expect(posts.map(({ created_at }) => created_at)).toEqual(
        posts
          .map(({ created_at }) => created_at)
          .sort()
          .reverse(),
      );
      const { body: profile } = await api.get('/users/maya');
      expect(profile).toMatchObject({ display_name: 'Maya Okafor', following_count: 28 });
      expect((await walk(api, '/users/maya/followers')).flat()).toHaveLength(profile.followers_count as number);
      expect((await api.get('/users/me/mutes')).body).toHaveLength(1);
      expect((await api.get('/users/me/blocks')).body).toHaveLength(1);
      expect(await countOf('posts')).toBe(600);
    });

    it('changes nothing when it is run again, and says the same password', async () => {
      const before = await everything();
      const again = await alike(['--people', '200']);
      expect(again).toMatchObject({ code: 0, stderr: '' });
      expect(again.stdout).toMatch(/^This database is already seeded\. Nothing was changed\.\n/);
      expect(passwordIn(again)).toBe(passwordIn(outcome));
      expect(await everything()).toEqual(before);
    });

    it('has another password with another secret, and says when the one that is set is not its own', async () => {
      const other = await alike([], { JWT_SECRET: SECRET.toUpperCase() });
      expect(other.code).toBe(0);
      expect(other.stdout).toMatch(/Their password cannot be shown/);
      expect(passwordIn(other)).toBe('');
      expect(passwordIn(outcome)).toMatch(/^[0-9a-f]{5}(?:-[0-9a-f]{5}){3}$/);
    });

    it('makes a moderator, whose deletions can be read in the audit and undone', async () => {
      const password = passwordIn(outcome);
      const [moderator, admin] = await Promise.all(
        [MODERATOR, ADMIN].map(async (email) => app.api.as((await login(app, email, password)).access_token)),
      );
      const events = (await admin?.get('/admin/audit?action=post.deleted'))?.body as { after: { post: string } }[];
      const [deleted] = await rowsOf<{ count: string }>('SELECT count(*) FROM posts WHERE deleted_by <> author_id');
      expect(events.length).toBeGreaterThan(0);
      expect(events).toHaveLength(Number(deleted?.count));
      const { post } = events[0]?.after ?? { post: '' };
      expect((await admin?.post(`/admin/posts/${post}/restore`))?.status).toBe(200);
      expect((await moderator?.delete(`/posts/${post}`))?.status).toBe(200);
      expect(await drift()).toEqual([]);
    });
  });

  describe('on a database without anybody', () => {
    beforeEach(() => app.forget());

    it('writes only people whom the API would have taken', async () => {
      await alike(['--people', String(soaked(1_000, 300))]);
      const people = await rowsOf('SELECT * FROM users');
      expect(people.filter(({ username }) => !isUsername(username))).toEqual([]);
      expect(new Set(people.map(({ hashed_password }) => hashed_password)).size).toBe(1);
      const future = DATED.map((table) => `SELECT created_at FROM ${table} WHERE created_at > clock_timestamp()`);
      expect(await rowsOf(future.join(' UNION ALL '))).toEqual([]);
    });

    it('writes only posts and edges that the API would have taken, with exact counts', async () => {
      await alike(['--people', String(soaked(1_000, 300))]);
      expect(await drift()).toEqual([]);
      const posts = await rowsOf(
        'SELECT p.*, u.created_at AS joined FROM posts p JOIN users u ON u.id = author_id ORDER BY p.id',
      );
      const texts = posts.map(({ text }) => text as string);
      expect(texts.filter((text) => !isStorable(text) || isBlank(text) || !hasAtMostGraphemes(text, 280))).toEqual([]);
      expect(texts.filter((text) => /[{}]|undefined/.test(text))).toEqual([]);
      expect(new Set(texts).size).toBeGreaterThan(texts.length * 0.8);
      const times = posts.map(({ created_at }) => (created_at as Date).getTime());
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(posts.filter(({ joined, created_at }) => joined > created_at)).toEqual([]);
      expect(
        await rowsOf(
          `SELECT FROM follows f JOIN blocks b ON (follower_id, followee_id) IN ((blocker_id, blocked_id), (blocked_id, blocker_id))`,
        ),
      ).toEqual([]);
    });

    it('makes the same people each time, and more of them after the same first ones', async () => {
      const NAMES = 'SELECT username, display_name, bio, role, email FROM users ORDER BY created_at';
      await alike();
      const first = await rowsOf(NAMES);
      await app.forget();
      await alike(['--people', '60']);
      expect((await rowsOf(NAMES)).slice(0, 50)).toEqual(first);
    });

    it('adds people beside those who are there, who keep their names and all that is theirs', async () => {
      await person(app);
      await app.api.post('/auth/register', {
        email: 'maya@example.org',
        username: 'MAYA',
        password: 'correct horse battery',
      });
      const own = (): Promise<unknown[]> =>
        rowsOf(`SELECT * FROM users WHERE email NOT LIKE '%@seed.example.org' ORDER BY id`);
      const before = await own();
      const outcome = await alike();
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      expect(await own()).toEqual(before);
      const api = app.api.as((await login(app, READER, passwordIn(outcome))).access_token);
      expect((await api.get('/auth/me')).body).toMatchObject({ username: 'maya_2' });
      expect(await countOf('users')).toBe(52);
    });

    it('leaves the posts and follows of those who are there, and all counts exact', async () => {
      const [ada, bob] = [await person(app), await person(app)];
      await ada.api.put(`/users/${bob.username}/follow`);
      await ada.api.post('/posts', { text: 'I was here before' });
      const own = (): Promise<unknown[]> =>
        rowsOf(
          `SELECT s.* FROM users u JOIN user_stats s ON user_id = id WHERE email NOT LIKE '%@seed.example.org' ORDER BY id`,
        );
      const before = await own();
      expect(await alike()).toMatchObject({ code: 0, stderr: '' });
      expect(await own()).toEqual(before);
      expect(await drift()).toEqual([]);
    });

    it('seeds once when it is run twice at once', async () => {
      const outcomes = await Promise.all([seeded(), seeded()]);
      expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
      expect(outcomes.filter(({ stdout }) => stdout.startsWith('Added 50 people'))).toHaveLength(1);
      expect(await countOf('users')).toBe(50);
    });

    it.each(['SIGINT', 'SIGKILL'] as const)(
      'leaves nothing behind when it is ended by %s in the middle, and the next run does it all',
      async (signal) => {
        const holder = await app.pool.connect();
        // The name of one of the people: whether it is free is not known before this ends.
        await holder.query(`BEGIN; INSERT INTO users (email, username, hashed_password) VALUES ('x', 'tomasz', '!')`);
        const child = start();
        const ended = outcomeOf(child);
        await eventually(() => someoneWaits(app.pool));
        child.kill(signal);
        // At once, although the other transaction goes on.
        expect(await ended).toMatchObject(
          signal === 'SIGINT'
            ? { code: 130, stdout: 'Interrupted. Nothing was changed.\n', stderr: '' }
            : { code: null },
        );
        await holder.query('ROLLBACK');
        holder.release();
        expect(await countOf('users')).toBe(0);
        expect((await alike()).stdout).toMatch(/^Added 50 people/);
        expect(await countOf('users')).toBe(50);
      },
    );
  });

  it('says how it is used', async () => {
    expect(await alike(['--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage:\n/) as string });
  });

  describe('called wrongly', () => {
    const WRONG: [string, string[], Record<string, string>, RegExp, number][] = [
      ['too few people', ['--people', '9'], {}, /^--people must be a whole number from 10 to 100000$/, 2],
      ['too many people', ['--people', '100001'], {}, /^--people must be/, 2],
      ['no number of people', ['--people', 'many'], {}, /^--people must be/, 2],
      ['an option that is not there', ['--remove'], {}, /--remove/, 2],
      ['a database that is none', [], { DATABASE_URL: 'mysql://x' }, /DATABASE_URL must be/, 1],
    ];

    it.each(WRONG)('says what is wrong with %s', async (_, args, env, message, expected) => {
      const { code, stderr } = await alike(args, env);
      expect(code).toBe(expected);
      expect(stderr.trim()).toMatch(message);
      expect(stderr).not.toMatch(/\n\s+at /);
    });

    it('does nothing in production', async () => {
      await app.forget();
      expect(await alike([], { NODE_ENV: 'production' })).toEqual({
        code: 1,
        stdout: '',
        stderr: 'npm run seed adds made-up people, including an admin. It does not run with NODE_ENV=production.\n',
      });
      expect(await countOf('users')).toBe(0);
    });
  });
});

describe('npm run seed with the embedded database', () => {
  it('starts the database itself where no Roost runs, and works beside one that does', async () => {
    const folder = new RoostFolder();
    try {
      const alone = await outcomeOf(run(['--people', '10'], {}, folder.path));
      expect(alone.stdout).toMatch(/^Added 10 people/);
      expect(folder.databasePid()).toBeUndefined();
      const api = new Api(await folder.start().ready());
      const answer = await api.post('/auth/login', { email: READER, password: passwordIn(alone) });
      expect(answer.status).toBe(200);
      const beside = await outcomeOf(run([], {}, folder.path));
      expect(beside.stdout).toMatch(/^This database is already seeded/);
      expect(passwordIn(beside)).toBe(passwordIn(alone));
    } finally {
      await folder.remove();
    }
  });
});
