/** `npm run admin`: the real command, in a process of its own, beside a Roost that runs and without one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { TestApp } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { CommandRunner, type Outcome } from '../support/command.js';
import { login, PASSWORD, person, staff } from '../support/people.js';
import { eventually, RoostFolder } from '../support/process.js';
import { expectRefused, me, refreshed } from '../support/sessions.js';

const SCRIPT = join(__dirname, '../../scripts/admin.mjs');
const NEW_PASSWORD = 'engine no. 2';

/** Gives the command a terminal. */
const TERMINAL = '/usr/bin/script';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

class Command {
  stdout = '';
  stderr = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;

  constructor(command: readonly [string, ...string[]], env: Record<string, string>, cwd = '/') {
    const [file, ...args] = command;
    const own = { PATH: process.env.PATH, NODE_ENV: 'test', BCRYPT_COST: '4', ...env };
    this.child = spawn(file, args, { cwd, env: own });
    children.push(this.child);
    for (const name of ['stdout', 'stderr'] as const)
      this.child[name]?.on('data', (chunk: Buffer) => (this[name] += chunk.toString()));
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Once it has said something. */
  async type(text: string, after: RegExp): Promise<void> {
    await eventually(() => after.test(this.stdout) || this.child.exitCode !== null);
    this.child.stdin?.write(text);
  }

  async outcome(input?: string | Uint8Array): Promise<Outcome> {
    if (input !== undefined) this.child.stdin?.end(input);
    return { code: await this.ended, stdout: this.stdout, stderr: this.stderr };
  }
}

describe('npm run admin', () => {
  let app: TestApp;
  let runner: CommandRunner;
  let names = 0;

  beforeAll(async () => {
    app = await TestApp.start();
    runner = new CommandRunner(SCRIPT, { DATABASE_URL: app.databaseUrl });
  });

  afterAll(async () => {
    await runner.end();
    await app.stop();
  });

  const unused = (): string => `by_command_${(names += 1)}@example.org`;
  const start = (...args: string[]): Command =>
    new Command([process.execPath, SCRIPT, ...args], { DATABASE_URL: app.databaseUrl });
  const run = (args: string[], input: string | Uint8Array = ''): Promise<Outcome> => runner.run(args, { input });
  const runAlone = (args: string[], input: string): Promise<Outcome> => start(...args).outcome(input);

  const accountOf = async (email: string): Promise<Record<string, unknown> | undefined> =>
    (await app.pool.query<Record<string, unknown>>('SELECT * FROM users WHERE email = $1', [email])).rows[0];

  it.each(['--help', '-h'])('says with %s what it does', async (option) => {
    expect(await run([option])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Usage:\n {2}npm run admin/) as string,
      stderr: '',
    });
  });

  it.each(['\n', '\r\n', ''])('makes an admin of the password on standard input, which ends with %j', async (end) => {
    const email = unused();
    expect(await run(['create', email.toUpperCase()], NEW_PASSWORD + end)).toEqual({
      code: 0,
      stdout: `${email} is an admin.\n`,
      stderr: '',
    });
    const { access_token } = await login(app, email, NEW_PASSWORD);
    expect((await app.api.as(access_token).get('/admin/users?limit=1')).status).toBe(200);
    const { id, email_confirmed_at } = (await accountOf(email)) ?? {};
    expect(email_confirmed_at).not.toBeNull();
    expect((await auditOf(app, String(id)))[0]).toMatchObject({
      action: 'user.registered',
      actor_id: null,
      after: { role: 'admin' },
    });
  });

  it.each([
    ['an empty one', '', /^Standard input has no password\.\n$/],
    ['a line break only', '\n', /^Standard input has no password\.\n$/],
    ['two lines', `${NEW_PASSWORD}\n${NEW_PASSWORD}\n`, /more than one line/],
    ['a short one', 'engine7\n', /^The password must have at least 8 characters\.\n$/],
    ['73 bytes', 'é'.repeat(36) + 'a', /^The password must have at most 72 bytes in UTF-8\.\n$/],
    ['a common one', 'password1\n', /^The password is one of the passwords that are used most/],
    ['NUL', 'engine\0no. 2\n', /^The password must not contain NUL\.\n$/],
    ['what is not UTF-8', Buffer.from('engine no. \xe9', 'latin1'), /is not UTF-8\.\n$/],
  ])('refuses %s as a password, and makes nothing', async (_, input, message) => {
    const email = unused();
    const { code, stdout, stderr } = await run(['create', email], input);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(await accountOf(email)).toBeUndefined();
  });

  it('never takes an existing account over, nor an address that is reserved for one', async () => {
    const ada = await person(app, 'ada');
    const { code, stderr } = await run(['create', ada.email.toUpperCase()], NEW_PASSWORD);
    expect([code, stderr]).toEqual([
      1,
      `${ada.email} already has an account. Make it an admin: npm run admin -- promote ${ada.email}\n`,
    ]);
    await login(app, ada.email, PASSWORD);
    await app.pool.query("UPDATE users SET email = 'moved@example.org' WHERE id = $1", [ada.id]);
    await app.pool.query(
      "INSERT INTO former_addresses (user_id, email, token_hash, created_at, expires_at) VALUES ($1, $2, 'x', now(), now() + interval '1 day')",
      [ada.id, ada.email],
    );
    expect((await run(['create', ada.email], NEW_PASSWORD)).stderr).toMatch(/is reserved for the account/);
    expect(await accountOf(ada.email)).toBeUndefined();
  });

  it('makes one account when it runs twice at the same time', async () => {
    const email = unused();
    const codes = (await Promise.all([1, 2].map(() => runAlone(['create', email], NEW_PASSWORD)))).map(
      ({ code }) => code,
    );
    expect(codes.sort()).toEqual([0, 1]);
  });

  it('makes an existing account an admin: its tokens are stale at once where Roost runs, a refresh brings the role', async () => {
    const ada = await person(app, 'ada');
    const { code, stdout, stderr } = await run(['promote', ada.email.toUpperCase()]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      `${ada.email} is now an admin.\nThis account never confirmed its address. Make sure that you know its owner.\n`,
    );
    await eventually(async () => (await me(app, ada.access_token)).status === 401);
    expectRefused(await me(app, ada.access_token), 'token_stale');
    const { access_token } = await refreshed(app, ada.refresh_token);
    expect((await app.api.as(access_token).get('/admin/users?limit=1')).status).toBe(200);
    expect((await auditOf(app, ada.id)).at(-1)).toMatchObject({
      action: 'user.role_changed',
      actor_id: null,
      before: { role: 'user' },
      after: { role: 'admin' },
    });
  });

  it('changes nothing for somebody who is already an admin', async () => {
    const root = await staff(app, 'admin');
    const { code, stdout } = await run(['promote', root.email]);
    expect([code, stdout.split('\n')[0]]).toEqual([0, `${root.email} is already an admin.`]);
    expect((await me(app, root.access_token)).status).toBe(200);
    expect((await auditOf(app, root.id)).map(({ action }) => action)).not.toContain('user.role_changed');
  });

  it('promotes nobody who is not there, is disabled or is going to be deleted', async () => {
    const email = unused();
    expect(await run(['promote', email])).toEqual({
      code: 1,
      stdout: '',
      stderr: `${email} has no account. Create one: npm run admin -- create ${email}\n`,
    });
    const ada = await person(app, 'ada');
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    const { code, stderr } = await run(['promote', ada.email]);
    expect([code, stderr]).toEqual([1, `The account of ${ada.email} is disabled. Enable it first.\n`]);
    expect(await accountOf(ada.email)).toMatchObject({ role: 'user' });
    const bob = await person(app, 'bob');
    await bob.api.delete('/users/me', { current_password: PASSWORD });
    const refused = await run(['promote', bob.email]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      `The account of ${bob.email} will be deleted. Cancel the deletion first.\n`,
    ]);
    expect(await accountOf(bob.email)).toMatchObject({ role: 'user' });
  });

  it('lists the admins, and no secret', async () => {
    const [root, gone, leaving, erasing] = await Promise.all(Array.from({ length: 4 }, () => staff(app, 'admin')));
    if (!root || !gone || !leaving || !erasing) throw new Error('nobody');
    const ada = await person(app, 'ada');
    await app.pool.query("UPDATE users SET status = 'disabled' WHERE id = $1", [gone.id]);
    await leaving.api.delete('/users/me', { current_password: PASSWORD });
    await app.pool.query("UPDATE users SET deletion = 'erasing', delete_after = now() WHERE id = $1", [erasing.id]);
    const { code, stdout } = await run(['list']);
    expect(code).toBe(0);
    expect(stdout).toContain(`${root.email} (${root.username})\n`);
    expect(stdout).toContain(`${gone.email} (${gone.username}), disabled\n`);
    expect(stdout).toContain(`${leaving.email} (${leaving.username}), to be deleted\n`);
    expect(stdout).not.toContain(erasing.email);
    expect(stdout).not.toContain(ada.email);
    expect(stdout).not.toContain('$2b$');
  });

  it.each([
    ['no command', []],
    ['an unknown one', ['remove', 'ada@example.org']],
    ['a name of the prototype', ['constructor', 'ada@example.org']],
    ['no address', ['create']],
    ['a password as an argument', ['create', 'ada@example.org', NEW_PASSWORD]],
    ['an option', ['create', '--password', 'ada@example.org']],
    ['too much', ['list', 'ada@example.org']],
  ])('says how it is used when there is %s', async (_, args) => {
    const { code, stdout, stderr } = await run(args, NEW_PASSWORD);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('npm run admin -- create you@example.org');
  });

  it('refuses what is no address, and says what is wrong with the configuration', async () => {
    expect(await run(['create', 'nobody'], NEW_PASSWORD)).toEqual({
      code: 1,
      stdout: '',
      stderr: '"nobody" is not an e-mail address.\n',
    });
    const { code, stderr } = await runner.run(['list'], { env: { DATABASE_URL: 'mysql://x' } });
    expect(code).toBe(1);
    expect(stderr).toContain('DATABASE_URL');
  });

  it('reads a real standard input, and ends with a status that a shell sees', async () => {
    const email = unused();
    expect((await runAlone(['create', email], `${NEW_PASSWORD}\n`)).code).toBe(0);
    expect((await runAlone(['create', email], `${NEW_PASSWORD}\n`)).code).toBe(1);
    expect((await runAlone(['remove', email], '')).code).toBe(2);
    await login(app, email, NEW_PASSWORD);
  });

  const onTerminal = existsSync(TERMINAL) && process.platform === 'linux' ? describe : describe.skip;

  onTerminal(`on a terminal (of ${TERMINAL})`, () => {
    const open = (email: string): Command =>
      new Command([TERMINAL, '-qec', `"${process.execPath}" "${SCRIPT}" create ${email}`, '/dev/null'], {
        DATABASE_URL: app.databaseUrl,
        TERM: 'xterm',
      });

    it('asks twice, and shows nothing of the password', async () => {
      const email = unused();
      const command = open(email);
      await command.type(`${NEW_PASSWORD}\r`, /Password: /);
      await command.type(`${NEW_PASSWORD}\r`, /Repeat the password: /);
      const { code, stdout } = await command.outcome();
      expect([code, stdout.includes(`${email} is an admin.`)]).toEqual([0, true]);
      expect(stdout).not.toContain('engine');
      await login(app, email, NEW_PASSWORD);
    });

    it('makes nothing of two different passwords', async () => {
      const email = unused();
      const command = open(email);
      await command.type(`${NEW_PASSWORD}\r`, /Password: /);
      await command.type(`${NEW_PASSWORD}3\r`, /Repeat the password: /);
      const { code, stdout } = await command.outcome();
      expect([code, stdout.includes('The two passwords differ')]).toEqual([1, true]);
      expect(await accountOf(email)).toBeUndefined();
    });

    it('ends at Ctrl-C', async () => {
      const email = unused();
      const command = open(email);
      await command.type('eng\x03', /Password: /);
      const { code, stdout } = await command.outcome();
      expect([code, stdout.includes('Interrupted')]).toEqual([130, true]);
      expect(await accountOf(email)).toBeUndefined();
    });
  });
});

describe('npm run admin with the embedded database', () => {
  let folder: RoostFolder;

  beforeEach(() => {
    folder = new RoostFolder();
  });

  afterEach(() => folder.remove());

  const run = (args: string[], input = ''): Promise<Outcome> =>
    new Command([process.execPath, SCRIPT, ...args], {}, folder.path).outcome(input);

  it('starts it for the command, and beside a Roost that runs uses its own', async () => {
    const email = 'root@example.org';
    expect((await run(['create', email], NEW_PASSWORD)).code).toBe(0);
    expect(folder.databasePid()).toBeUndefined();
    const url = await folder.start().ready();
    const body = JSON.stringify({ email, password: NEW_PASSWORD });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/api/v1/auth/login`, { method: 'POST', headers, body })).status).toBe(200);
    const { code, stdout } = await run(['list']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^root@example\.org \(user_[0-9a-f]{20}\)\n$/)]);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  }, 60_000);
});
