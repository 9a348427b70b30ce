import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';
import { ModuleKind, transpileModule } from 'typescript';
import { unwrap } from 'roost-client';
import { type Roost, startRoost, type TestUser } from 'roost/testing';

import { joinCluster } from '../../src/testing/cluster.js';
import { nextDatabaseName } from '../../src/testing/databases.js';
import { eventually } from '../support/process.js';

const ROOT = join(__dirname, '../..');
const DAY_MS = 86_400_000;

/** The databases that the kit made in this process. */
async function databases(): Promise<string[]> {
  const { adminUrl } = await joinCluster();
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE starts_with(datname, '${nextDatabaseName().replace(/\d+$/, '')}') ORDER BY datname`,
    );
    return rows.map(({ datname }) => datname);
  } finally {
    await client.end();
  }
}

async function bioOf({ client }: TestUser): Promise<string | null> {
  return (await unwrap(client.get('/users/me'))).bio;
}

async function write({ client }: TestUser, bio: string): Promise<{ updated_at: string }> {
  return unwrap(client.patch('/users/me', { body: { bio } }));
}

/** With the access token as it is: a client would refresh it. */
function me({ url }: Roost, { access_token }: TestUser): Promise<Response> {
  return fetch(`${url}/api/v1/users/me`, { headers: { authorization: `Bearer ${access_token}` } });
}

describe('the test kit', () => {
  let roost: Roost;

  beforeAll(async () => {
    roost = await startRoost();
  });

  afterAll(() => roost.stop());

  beforeEach(() => roost.reset());

  describe('as', () => {
    it('makes a user with a session, a client and a password', async () => {
      const ada = await roost.as('ada');
      await write(ada, 'Note G');
      expect(await bioOf(ada)).toBe('Note G');
      expect(await unwrap(ada.client.get('/users/me'))).toMatchObject({
        id: ada.id,
        username: 'ada',
        email: 'ada@example.org',
        role: 'user',
        email_confirmed: true,
      });
      const { email, password } = ada;
      const client = roost.client();
      expect((await client.get('/users/me')).status).toBe(401);
      expect((await client.login({ email, password })).ok).toBe(true);
      expect((await unwrap(client.get('/users/me'))).id).toBe(ada.id);
    });

    it('gives an account that is there another session, and another role', async () => {
      const [first, second] = [await roost.as('ada'), await roost.as('ada')];
      expect(second.id).toBe(first.id);
      expect(second.access_token).not.toBe(first.access_token);
      expect((await second.client.get('/admin/stats')).status).toBe(403);
      const admin = await roost.as({ username: 'ada', role: 'admin' });
      expect(admin.id).toBe(first.id);
      expect((await admin.client.get('/admin/stats')).status).toBe(200);
    });

    it('knows the password of an account that was registered before', async () => {
      const email = 'ada@example.org';
      await unwrap(
        roost.client().post('/auth/register', { body: { email, username: 'ada', password: 'another horse battery' } }),
      );
      const { password } = await roost.as('ada');
      expect((await roost.client().login({ email, password })).ok).toBe(true);
    });

    it('makes accounts of other addresses and roles, confirmed or not', async () => {
      const moderator = await roost.as({
        username: 'mod',
        email: 'Mod@Example.net',
        role: 'moderator',
        confirmed: false,
      });
      expect(await unwrap(moderator.client.get('/users/me'))).toMatchObject({
        email: 'mod@example.net',
        role: 'moderator',
        email_confirmed: false,
      });
    });

    it('refuses names and addresses that nobody can have', async () => {
      await roost.as('ada');
      await expect(roost.as('a b')).rejects.toThrow('validation_failed');
      await expect(roost.as({ username: 'ben', email: 'ben' })).rejects.toThrow('validation_failed');
      await expect(roost.as({ username: 'ben', email: 'ada@example.org' })).rejects.toThrow('email_taken');
    });
  });

  it('keeps two Roosts apart', async () => {
    const other = await startRoost();
    try {
      const ada = await roost.as('ada');
      await write(ada, 'here');
      const there = await other.as('ada');
      expect(there.id).not.toBe(ada.id);
      expect(await bioOf(there)).toBe(null);
      other.clock.advance('8d');
      await write(there, 'there');
      await other.reset();
      expect(await bioOf(ada)).toBe('here');
      expect(roost.clock.now().getTime()).toBeLessThan(Date.now() + DAY_MS);
    } finally {
      await other.stop();
    }
  });

  it('takes variables of the configuration', async () => {
    const env = { REGISTER_CONFLICT: 'conceal', ADMIN_EMAIL: 'root@example.org', ADMIN_PASSWORD: 'Xq7 lamp river tin' };
    const other = await startRoost({ env });
    try {
      await other.as('ada');
      const body = { email: 'ada@example.org', username: 'ben', password: 'correct horse battery' };
      expect((await other.client().post('/auth/register', { body })).status).toBe(201);
      await other.reset();
      const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = env;
      expect((await other.client().login({ email, password })).status).toBe(200);
    } finally {
      await other.stop();
    }
    await expect(startRoost({ env: { BCRYPT_COST: 'much' } })).rejects.toThrow(/BCRYPT_COST/);
  });

  it.each(['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATA_DIR'])(
    'refuses %s: it writes to its own database only',
    async (name) => {
      await expect(startRoost({ env: { [name]: 'postgres://127.0.0.1/precious' } })).rejects.toThrow(name);
    },
  );

  it('is refused in production', async () => {
    await expect(startRoost({ env: { NODE_ENV: 'production' } })).rejects.toThrow(
      /NODE_ENV is production, where the test kit does not run/,
    );
  });

  it('resets to no rows, no log and the real time', async () => {
    const before = await roost.as('ada');
    await write(before, 'Note G');
    roost.clock.advance('8d');
    await write(before, 'late');
    expect(roost.log.length).toBeGreaterThan(0);
    await roost.reset();
    expect([roost.log.length, await roost.mail.all()]).toEqual([0, []]);
    expect((await before.client.post('/auth/refresh', { body: { refresh_token: before.refresh_token } })).status).toBe(
      401,
    );
    const after = await roost.as('ada');
    expect(after.id).not.toBe(before.id);
    expect(await bioOf(after)).toBe(null);
    const { updated_at } = await write(after, 'now');
    expect(new Date(updated_at).getTime()).toBeLessThan(Date.now() + DAY_MS);
  });

  describe('the clock', () => {
    it("moves the database's time", async () => {
      const ada = await roost.as('ada');
      const earlier = await write(ada, 'earlier');
      roost.clock.advance('8d');
      const later = await write(ada, 'later');
      const passedMs = new Date(later.updated_at).getTime() - new Date(earlier.updated_at).getTime();
      expect(Math.floor(passedMs / DAY_MS)).toBe(8);
    });

    it("moves Node's time, in which access tokens expire", async () => {
      const ada = await roost.as('ada');
      roost.clock.advance('25h');
      expect(await (await me(roost, ada)).json()).toMatchObject({ code: 'token_expired' });
      expect((await ada.client.get('/users/me')).status).toBe(200);
      roost.clock.advance('31d');
      expect((await ada.client.get('/users/me')).status).toBe(401);
    });

    it('lets a mailed link expire', async () => {
      const [email, client] = ['eve@example.org', roost.client()];
      await unwrap(
        client.post('/auth/register', { body: { email, username: 'eve', password: 'correct horse battery' } }),
      );
      const { token = '' } = await roost.mail.latest(email);
      roost.clock.advance('25h');
      expect((await client.post('/auth/email/confirm', { body: { token } })).ok).toBe(false);
    });

    it('refuses what is no duration', () => {
      expect(() => {
        roost.clock.advance('1w' as '1d');
      }).toThrow('"1w" is not a duration such as 31s, 2h or 30d');
    });
  });

  it('does the periodic work that is due after the clock was moved', async () => {
    const { client, email, password } = await roost.as('gone');
    await unwrap(client.post('/users/me/delete', { body: { current_password: password } }));
    const found = async (): Promise<string[]> => {
      const admin = await roost.as({ username: 'admin', role: 'admin' });
      const users = await unwrap(admin.client.get('/admin/users', { query: { q: email } }));
      return users.map(({ username }) => username);
    };
    await roost.runJobs();
    expect(await found()).toEqual(['gone']);
    roost.clock.advance('8d');
    await roost.runJobs();
    expect(await found()).toEqual([]);
  });

  describe('mail', () => {
    it('gives the newest mail to an address, with its link and code', async () => {
      const [email, client] = ['eve@example.org', roost.client()];
      await unwrap(
        client.post('/auth/register', { body: { email, username: 'eve', password: 'correct horse battery' } }),
      );
      const { code, link, token, subject } = await roost.mail.latest('Eve@example.org');
      expect([subject, link]).toEqual(['Confirm your e-mail address', `${roost.url}/confirm#token=${token}`]);
      expect((await client.post('/auth/email/confirm', { body: { email, code: code ?? '' } })).status).toBe(204);
      await unwrap(client.post('/auth/password/forgot', { body: { email } }));
      const reset = await roost.mail.latest(email, 'new password');
      expect(reset.code).toBeUndefined();
      const body = { token: reset.token ?? '', new_password: 'another horse battery' };
      expect((await client.post('/auth/password/reset', { body })).status).toBe(204);
      expect((await roost.mail.all(email)).map((mail) => mail.subject)).toEqual([
        'Your password was changed',
        'Choose a new password',
        'Confirm your e-mail address',
      ]);
    });

    it('says that there is none', async () => {
      await expect(roost.mail.latest('nobody@example.org', 'Confirm')).rejects.toThrow(
        'there is no mail to nobody@example.org about "Confirm"',
      );
    });
  });

  describe('a snapshot', () => {
    it('restores rows, sessions and the time, at the same address', async () => {
      const { url } = roost;
      const ada = await roost.as('ada');
      await write(ada, 'before');
      roost.clock.advance('2d');
      await roost.snapshot('populated');
      const fresh = await roost.as('ada');
      await write(ada, 'after');
      roost.clock.advance('8d');
      await unwrap(ada.client.logout('global'));
      await roost.reset();
      for (let time = 1; time <= 2; time += 1) {
        await roost.restore('populated');
        expect(roost.url).toBe(url);
        const again = await roost.as('ada');
        expect(again.id).toBe(ada.id);
        expect(await bioOf(again)).toBe('before');
        const { updated_at } = await write(again, 'after');
        expect(Math.round((new Date(updated_at).getTime() - Date.now()) / DAY_MS)).toBe(2);
        expect((await fetch(`${url}/api/v1/auth/refresh`, refreshOf(ada))).status).toBe(200);
        expect((await fetch(`${url}/api/v1/auth/refresh`, refreshOf(fresh))).status).toBe(401);
      }
    });

    it('replaces an earlier one of its name', async () => {
      const ada = await roost.as('ada');
      await roost.snapshot();
      const count = (await databases()).length;
      await write(ada, 'in the second');
      await roost.snapshot();
      expect(await databases()).toHaveLength(count);
      await roost.reset();
      await roost.restore();
      expect(await bioOf(await roost.as('ada'))).toBe('in the second');
    });

    it('cannot be restored where there is none', async () => {
      await expect(roost.restore('unknown')).rejects.toThrow('there is no snapshot "unknown"');
      expect((await roost.client().get('/users/me')).status).toBe(401);
    });
  });

  it('leaves no database and no listener when it is stopped, also when it could not start', async () => {
    const before = await databases();
    const other = await startRoost();
    await other.snapshot();
    expect((await databases()).length).toBe(before.length + 2);
    await other.stop();
    await other.stop();
    await expect(fetch(other.url)).rejects.toThrow();
    await expect(startRoost({ env: { PORT: new URL(roost.url).port } })).rejects.toThrow(/EADDRINUSE/);
    expect(await databases()).toEqual(before);
  });
});

function refreshOf({ refresh_token }: TestUser): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token }),
  };
}

describe('the test kit without a cluster to join', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roost-kit-'));
    // As root, the database runs as another user, who has to be able to enter.
    chmodSync(folder, 0o755);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('shares one of its own, ends it with the last Roost, and leaves no file, process or handle', async () => {
    const child = spawn(process.execPath, [join(__dirname, '../support/two-roosts.mjs')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(JSON.parse(output)).toEqual({ username: 'ada', status: 200 });
    expect(readdirSync(folder)).toEqual([]);
    expect(spawnSync('pgrep', ['-f', folder], { encoding: 'utf8' }).stdout).toBe('');
  });

  it('leaves nothing either when its process fails', async () => {
    const child = spawn(process.execPath, [join(__dirname, '../support/two-roosts.mjs'), 'fail'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toMatch(/a test failed/);
    await eventually(() => spawnSync('pgrep', ['-f', folder]).status === 1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('runs in Jest as documented', async () => {
    const document = readFileSync(join(ROOT, 'docs/testing-against-roost.md'), 'utf8');
    for (const [, name = '', code = ''] of document.matchAll(/```js\n\/\/ (\S+\.mjs)\n([\s\S]+?)```/g))
      writeFileSync(join(folder, name), code);
    const [, suite = ''] = /```ts\n(import [^`]+?let roost[\s\S]+?)```/.exec(document) ?? [];
    const { outputText } = transpileModule(suite, { compilerOptions: { module: ModuleKind.CommonJS } });
    writeFileSync(join(folder, 'sessions.test.js'), outputText);
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/roost'));
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), '--no-cache'], {
      cwd: folder,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said]).toEqual([0, expect.stringMatching(/^Tests: +1 passed, 1 total$/m)]);
  });
});
