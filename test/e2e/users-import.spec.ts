import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import bcrypt from 'bcrypt';

import { importUsers } from '../../src/users/import.js';
import { TestApp } from '../support/app.js';
import { CommandRunner, type Outcome } from '../support/command.js';
import { notAnalyzed } from '../support/database.js';
import { confirmAddress, login } from '../support/people.js';
import { eventually, RoostFolder } from '../support/process.js';

const SCRIPT = join(__dirname, '../../scripts/users-import.mjs');
const PASSWORD = 'from the old system';
/** Every version is one and the same hash; the library makes `$2b$` only. */
const HASH = bcrypt.hashSync(PASSWORD, 4).slice(3);

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(args: readonly string[], env: Record<string, string>, cwd = '/'): ChildProcess {
  const child = spawn(process.execPath, [SCRIPT, ...args], { cwd, env: { PATH: process.env.PATH, ...env } });
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

/** Tables that get a row for each account. */
const GROWN = ['users', 'user_stats'];

describe('npm run users:import', () => {
  let app: TestApp;
  let runner: CommandRunner;
  let folder: string;
  let names = 0;

  beforeAll(async () => {
    app = await TestApp.start();
    runner = new CommandRunner(SCRIPT, { DATABASE_URL: app.databaseUrl });
  });

  afterAll(async () => {
    await runner.end();
    await app.stop();
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roost-import-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const aUser = (fields: object = {}): { email: string } => ({
    email: `imported_${(names += 1)}@example.org`,
    ...{ hashed_password: `$2b${HASH}`, created_at: '2019-02-03T04:05:06Z' },
    ...fields,
  });

  const fileOf = (lines: readonly unknown[]): string => {
    const file = join(folder, 'users.jsonl');
    writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
    return file;
  };

  const imported = (lines: readonly unknown[]): Promise<Outcome> => runner.run([fileOf(lines)]);

  const accountOf = async (email: string): Promise<Record<string, unknown> | undefined> =>
    (await app.pool.query<Record<string, unknown>>('SELECT * FROM users WHERE email = $1', [email])).rows[0];

  it.each(['$2a', '$2b', '$2y'])(
    'takes hashes of the version %s$, and their people log in as before',
    async (version) => {
      const user = aUser({ hashed_password: version + HASH });
      expect(await imported([user])).toEqual({
        code: 0,
        stdout: '1 imported, 0 already existed, 0 refused.\n',
        stderr: '',
      });
      expect(await login(app, user.email, PASSWORD)).toHaveProperty('access_token');
      expect((await app.api.post('/auth/login', { email: user.email, password: 'another one' })).status).toBe(401);
    },
  );

  it('refuses hashes of the empty password, of every version', async () => {
    const empty = bcrypt.hashSync('', 4).slice(3);
    const users = ['$2a', '$2b', '$2y'].map((version) => aUser({ hashed_password: version + empty }));
    const { code, stdout, stderr } = await imported([...users, aUser()]);
    expect([code, stdout]).toEqual([1, '1 imported, 0 already existed, 3 refused.\n']);
    expect(stderr + stdout).not.toContain(empty);
  });

  it('compares no more hashes than a minute allows, and no empty password logs in by the others', async () => {
    const users = Array.from({ length: 3 }, () => aUser({ hashed_password: bcrypt.hashSync('', 4) }));
    const refused: unknown[] = [];
    const counts = await importUsers(Readable.from(users.map((user) => JSON.stringify(user))), {
      query: (statement) => app.pool.query(statement),
      now: new Date(),
      mostRounds: 2 * 2 ** 4,
      onRefused: ({ line }) => refused.push(line),
      onProgress: () => undefined,
    });
    expect([counts.imported, refused.toSorted()]).toEqual([1, [1, 2]]);
    expect((await app.api.post('/auth/login', { email: users[2]?.email, password: '' })).status).toBe(401);
  });

  it('leaves statistics of the new size, by which a running Roost plans', async () => {
    await imported([aUser(), aUser()]);
    expect(await notAnalyzed(app.databaseUrl, GROWN)).toEqual([]);
  });

  it('skips a byte order mark', async () => {
    expect((await imported([`\uFEFF${JSON.stringify(aUser())}`, aUser()])).stdout).toMatch(/^2 imported.* 0 refused/);
  });

  it.each(['utf16le', 'utf16be'])('names another encoding once (%s)', async (encoding) => {
    const file = join(folder, 'users.jsonl');
    const text = Buffer.from(
      `\uFEFF${[aUser(), aUser(), aUser()].map((user) => JSON.stringify(user)).join('\n')}`,
      'utf16le',
    );
    writeFileSync(file, encoding === 'utf16be' ? text.swap16() : text);
    const { code, stdout, stderr } = await runner.run([file]);
    expect([code, /0 imported, 0 already existed, 1 refused/.exec(stdout)?.length]).toEqual([1, 1]);
    expect((stdout + stderr).match(/not UTF-8/g)).toHaveLength(1);
  });

  it('raises a low cost at the first login', async () => {
    const costly = await TestApp.start({ sharing: app, env: { BCRYPT_COST: '5' } });
    try {
      const user = aUser();
      await imported([user]);
      await login(costly, user.email, PASSWORD);
      await eventually(async () => String((await accountOf(user.email))?.hashed_password).startsWith('$2b$05$'));
      await login(costly, user.email, PASSWORD);
    } finally {
      await costly.stop();
    }
  });

  it('takes all fields, and gives a random username where there is none', async () => {
    const whole = aUser({ email: 'Grace@Example.ORG', username: 'Grace', email_confirmed: true });
    const least = aUser({ created_at: undefined, username: null });
    await imported([whole, least]);
    const at = new Date('2019-02-03T04:05:06Z');
    expect(await accountOf('grace@example.org')).toMatchObject({
      username: 'Grace',
      created_at: at,
      email_confirmed_at: at,
      role: 'user',
      status: 'active',
    });
    expect(await accountOf(least.email)).toMatchObject({
      username: expect.stringMatching(/^user_[0-9a-f]{20}$/),
      email_confirmed_at: null,
    });
  });

  const REFUSED: [string, unknown, RegExp][] = [
    ['no JSON', '{"email": ', /^Line 2: is not JSON$/],
    ['no object', '["x"]', /^Line 2: is not a JSON object$/],
    ['no e-mail address', aUser({ email: 'nobody' }), /^Line 2: email: must be/],
    ['no e-mail at all', aUser({ email: undefined }), /^Line 2: email: must be/],
    ['an address with NUL', aUser({ email: 'a\0b@example.org' }), /^Line 2: email: must be/],
    ['a reserved username', aUser({ username: 'admin' }), /^Line 2: username: must have/],
    ['too short a username', aUser({ username: 'ab' }), /^Line 2: username: must have/],
    [
      'a hash of another kind',
      aUser({ hashed_password: '$argon2id$v=19$x' }),
      /^Line 2: hashed_password: must be a bcrypt/,
    ],
    ['a password in clear', aUser({ hashed_password: PASSWORD }), /^Line 2: hashed_password: must be a bcrypt/],
    ['a cost of 31', aUser({ hashed_password: `$2b$31${HASH.slice(3)}` }), /^Line 2: hashed_password: its cost/],
    ['a cost of 3', aUser({ hashed_password: `$2b$03${HASH.slice(3)}` }), /^Line 2: hashed_password: its cost/],
    ['a day that is none', aUser({ created_at: '2021-02-31T00:00:00Z' }), /^Line 2: created_at: must be/],
    ['a year that is none', aUser({ created_at: '0000-01-01T00:00:00Z' }), /^Line 2: created_at: must be/],
    ['a time before year 1', aUser({ created_at: '0001-01-01T00:00:00+01:00' }), /^Line 2: created_at: must be/],
    ['a time to come', aUser({ created_at: '9999-01-01T00:00:00Z' }), /^Line 2: created_at: must be/],
    ['an unknown field', aUser({ role: 'admin' }), /^Line 2: "role": is not a known field$/],
    ['a field of the prototype', '{"__proto__": {"role": "admin"}}', /^Line 2: "__proto__": is not a known field$/],
    ['a confirmation that is no truth value', aUser({ email_confirmed: 'yes' }), /^Line 2: email_confirmed: must be/],
  ];

  it.each(REFUSED)('skips %s, says which line it was, and goes on', async (_, line, message) => {
    const [before, after] = [aUser(), aUser()];
    const { code, stdout, stderr } = await imported([before, line, after]);
    expect([code, stdout]).toEqual([1, '2 imported, 0 already existed, 1 refused.\n']);
    expect(stderr.trim()).toMatch(message);
    expect(stderr).not.toContain(PASSWORD);
    for (const { email } of [before, after]) expect(await accountOf(email)).toBeDefined();
  });

  it('never touches an account that is there, whichever of its names meets', async () => {
    const owner = aUser({ username: 'the_owner' });
    await imported([owner]);
    const mine = bcrypt.hashSync('taken over', 4);
    const { stdout, stderr } = await imported([
      aUser({ email: owner.email.toUpperCase(), hashed_password: mine }),
      aUser({ username: 'THE_OWNER', hashed_password: mine }),
      aUser({ username: 'twice' }),
      aUser({ username: 'Twice' }),
    ]);
    expect(stdout).toBe('1 imported, 1 already existed, 2 refused.\n');
    expect(stderr).toBe('Line 2: username: belongs to another account\nLine 4: username: belongs to another account\n');
    await login(app, owner.email, PASSWORD);
  });

  it('names addresses that somebody claims and never confirmed, and none that an import before took in', async () => {
    const [claimed, confirmed, before] = [aUser(), aUser(), aUser()];
    for (const { email } of [claimed, confirmed])
      expect((await app.api.post('/auth/register', { email, password: 'a stranger of letters' })).status).toBe(201);
    await confirmAddress(app, confirmed.email);
    await imported([before]);
    // As after a first login, which renews the hash.
    await app.pool.query('UPDATE users SET hashed_password = $2 WHERE email = $1', [
      before.email,
      `$2b$05${HASH.slice(3)}`,
    ]);
    const { code, stdout, stderr } = await imported([before, claimed, confirmed]);
    expect([code, stdout]).toEqual([1, '0 imported, 2 already existed, 1 refused.\n']);
    expect(stderr).toMatch(/^Line 2: email: belongs to an account that never confirmed it; .+\n$/);
  });

  it('says when an address comes twice in the file', async () => {
    const user = aUser();
    const { stdout, stderr } = await imported([user, user]);
    expect([stdout, stderr]).toEqual([
      '1 imported, 0 already existed, 1 refused.\n',
      'Line 2: email: is also in an earlier line\n',
    ]);
  });

  it('does nothing when it is run again', async () => {
    const users = Array.from({ length: 2_500 }, () => aUser());
    const alone = (): Promise<Outcome> => outcomeOf(run([fileOf(users)], { DATABASE_URL: app.databaseUrl }));
    expect((await alone()).stdout).toBe('2500 imported, 0 already existed, 0 refused.\n');
    expect(await alone()).toMatchObject({
      code: 0,
      stdout: '0 imported, 2500 already existed, 0 refused.\n',
    });
  });

  it('keeps what it had taken in when it is killed, and goes on when it is run again', async () => {
    const users = Array.from({ length: 2_500 }, () => aUser());
    const killed = run(['-'], { DATABASE_URL: app.databaseUrl });
    const ended = once(killed, 'close');
    killed.stdin?.write(
      users
        .slice(0, 1_500)
        .map((user) => `${JSON.stringify(user)}\n`)
        .join(''),
    );
    const count = async (): Promise<number> =>
      Number(
        (await app.pool.query('SELECT count(*) FROM users WHERE email = ANY($1)', [users.map(({ email }) => email)]))
          .rows[0].count,
      );
    await eventually(async () => (await count()) === 1_000);
    killed.kill('SIGKILL');
    await ended;
    expect((await imported(users)).stdout).toBe('1500 imported, 1000 already existed, 0 refused.\n');
    expect(await count()).toBe(2_500);
  });

  it('says what bringing the schema up to date could not do, as a start does', async () => {
    await app.pool.query('DROP INDEX users_found_by_staff_idx; CREATE TABLE users_found_by_staff_idx ()');
    try {
      expect(await imported([aUser()])).toEqual({
        code: 0,
        stdout: '1 imported, 0 already existed, 0 refused.\n',
        stderr: 'search_unindexed: "users_found_by_staff_idx" is not an index\n',
      });
    } finally {
      await app.pool.query('DROP TABLE users_found_by_staff_idx');
    }
  });

  it('stops at Ctrl-C and says that it goes on', async () => {
    const child = run(['-'], { DATABASE_URL: app.databaseUrl });
    const outcome = outcomeOf(child);
    const users = Array.from({ length: 1_000 }, () => aUser());
    child.stdin?.write(users.map((user) => `${JSON.stringify(user)}\n`).join(''));
    const [{ email }] = users as [{ email: string }];
    await eventually(async () => (await accountOf(email)) !== undefined);
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({
      code: 130,
      stdout: '1000 imported, 0 already existed, 0 refused.\nInterrupted. Run the same command again to continue.\n',
    });
  });

  it.each<[string, string[], RegExp, number]>([
    ['no file', [], /^Usage: npm run users:import/, 2],
    ['two files', ['a', 'b'], /^Usage: /, 2],
    ['a file that is not there', ['/nowhere/users.jsonl'], /ENOENT/, 1],
    ['a database that is not there', [SCRIPT], /DATABASE_URL/, 1],
  ])('says what is wrong with %s', async (_, args, message, expected) => {
    const { code, stderr } = await runner.run(args, { env: { DATABASE_URL: 'mysql://x' } });
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('npm run users:import with the embedded database', () => {
  it('works beside a Roost that runs, and starts the database itself where none does', async () => {
    const folder = new RoostFolder();
    try {
      const file = join(folder.path, 'users.jsonl');
      const lineOf = (email: string): string => JSON.stringify({ email, hashed_password: `$2b${HASH}` });
      writeFileSync(file, lineOf('first@example.org'));
      const alone = await outcomeOf(run([file], {}, folder.path));
      expect(alone).toMatchObject({ code: 0, stdout: '1 imported, 0 already existed, 0 refused.\n' });
      expect(folder.databasePid()).toBeUndefined();

      const url = await folder.start({ PORT: '0' }).ready();
      writeFileSync(file, `${lineOf('first@example.org')}\n${lineOf('second@example.org')}`);
      const beside = await outcomeOf(run([file], {}, folder.path));
      expect(beside).toMatchObject({ code: 0, stdout: '1 imported, 1 already existed, 0 refused.\n' });
      for (const email of ['first@example.org', 'second@example.org']) {
        const answer = await fetch(`${url}/api/v1/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password: PASSWORD }),
        });
        expect(answer.status).toBe(200);
      }
    } finally {
      await folder.remove();
    }
  });
});
