import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '../../scripts/start-test.mjs');

interface Started {
  readonly url: string;
  readonly control: string;
  readonly pid: number;
}

const children: ChildProcess[] = [];

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

/** Joins the cluster of this run. */
function run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const { PATH, ROOST_TEST_CLUSTER } = process.env;
  const child = spawn(process.execPath, [SCRIPT, ...args], { cwd: '/', env: { PATH, ROOST_TEST_CLUSTER, ...env } });
  children.push(child);
  return child;
}

async function started(child: ChildProcess): Promise<Started> {
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as Started;
}

async function refused(child: ChildProcess): Promise<{ code: unknown; said: string }> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, said };
}

describe('npm run start:test', () => {
  let child: ChildProcess;
  let roost: Started;

  const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> => {
    const answer = await fetch(roost.control + path, {
      method,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
  };

  const profileOf = async ({ access_token }: { access_token: string }, bio?: string): Promise<any> => {
    const answer = await fetch(`${roost.url}/api/v1/users/me`, {
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      ...(bio !== undefined && { method: 'PATCH', body: JSON.stringify({ bio }) }),
    });
    return answer.json();
  };

  beforeAll(async () => {
    child = run();
    roost = await started(child);
  });

  it('prints where Roost and its control listen, on the loopback address', () => {
    expect(roost.pid).toBe(child.pid);
    expect(roost.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(roost.control).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('makes users with tokens', async () => {
    const { status, body } = await ask('POST', '/test/users', { username: 'ada', role: 'admin' });
    expect([status, body.username, body.email]).toEqual([200, 'ada', 'ada@example.org']);
    expect(await profileOf(body, 'Note G')).toMatchObject({ bio: 'Note G', id: body.id });
  });

  it('moves the clock, and does what is due by then', async () => {
    const { body: user } = await ask('POST', '/test/users', { username: 'ben' });
    const { body: before } = await ask('POST', '/test/clock');
    const { body: after } = await ask('POST', '/test/clock', { advance: '25h' });
    expect(Math.floor((Date.parse(after.now) - Date.parse(before.now)) / 3_600_000)).toBe(25);
    expect(await profileOf(user)).toMatchObject({ code: 'token_expired' });
    expect(await ask('POST', '/test/jobs')).toEqual({ status: 204, body: undefined });
  });

  it('gives mails with their links and codes', async () => {
    await fetch(`${roost.url}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'eve@example.org', username: 'eve', password: 'correct horse battery' }),
    });
    const { body } = await ask('GET', '/test/mail?to=eve@example.org');
    expect(body).toEqual([expect.objectContaining({ to: 'eve@example.org', code: expect.stringMatching(/^\d{6}$/) })]);
    expect(body[0].link).toBe(`${roost.url}/confirm#token=${body[0].token}`);
    expect((await ask('GET', '/test/mail?to=nobody@example.org')).body).toEqual([]);
  });

  it('resets, and keeps and restores snapshots', async () => {
    expect(await ask('POST', '/test/reset')).toEqual({ status: 204, body: undefined });
    const { body: user } = await ask('POST', '/test/users', { username: 'zoe' });
    await profileOf(user, 'kept');
    expect((await ask('POST', '/test/snapshots/with%20a%20bio')).status).toBe(204);
    expect((await ask('POST', '/test/reset')).status).toBe(204);
    expect(await ask('GET', '/test/mail')).toEqual({ status: 200, body: [] });
    expect((await ask('POST', '/test/snapshots/with%20a%20bio/restore')).status).toBe(204);
    expect(await profileOf(user)).toMatchObject({ bio: 'kept' });
  });

  it.each([
    ['GET', '/test/reset', undefined, 404, 'route_not_found'],
    ['POST', '/elsewhere', undefined, 404, 'route_not_found'],
    ['POST', '/test/users', '{', 400, 'malformed_json'],
    ['POST', '/test/users', [], 422, 'validation_failed'],
    ['POST', '/test/users', {}, 422, 'validation_failed'],
    ['POST', '/test/users', { username: 7 }, 422, 'validation_failed'],
    ['POST', '/test/users', { username: 'ada', name: 'Ada' }, 422, 'validation_failed'],
    ['POST', '/test/users', { username: 'ada', role: 'king' }, 422, 'validation_failed'],
    ['POST', '/test/clock', { advance: 'soon' }, 422, 'validation_failed'],
    ['POST', '/test/snapshots/unknown/restore', undefined, 422, 'validation_failed'],
    ['POST', '/test/snapshots/test/restore', undefined, 422, 'validation_failed'],
    ['POST', '/test/clock', { advance: '999999999d' }, 422, 'validation_failed'],
    ['POST', '/test/snapshots/%', undefined, 422, 'validation_failed'],
  ])('answers %s %s %j with a problem', async (method, path, body, status, code) => {
    const answer = await ask(method, path, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each([{ host: 'evil.example:80' }, { origin: 'https://evil.example' }])(
    'refuses pages in a browser: %j',
    async (headers) => {
      const sent = request(`${roost.control}/test/reset`, { method: 'POST', headers }).end();
      const [answer] = await once(sent, 'response');
      expect(answer.statusCode).toBe(421);
      answer.resume();
    },
  );

  it('ends cleanly by SIGTERM', async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await expect(fetch(roost.url)).rejects.toThrow();
    await expect(fetch(roost.control)).rejects.toThrow();
  });

  it('takes variables as arguments only, and a port for its control, and ends when its input closes', async () => {
    const args = ['ADMIN_EMAIL=root@example.org', 'ADMIN_PASSWORD=Xq7 lamp river tin', '--control', '0'];
    const other = run(args, { ADMIN_EMAIL: 'other@example.org', DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    const { url } = await started(other);
    const answer = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'root@example.org', password: 'Xq7 lamp river tin' }),
    });
    expect(answer.status).toBe(200);
    const ended = once(other, 'exit');
    other.stdin?.end();
    expect(await ended).toEqual([0, null]);
  });

  it('does not run in production', async () => {
    const { code, said } = await refused(run([], { NODE_ENV: 'production' }));
    expect([code, said]).toEqual([1, expect.stringMatching(/NODE_ENV is production, where the test kit does not run/)]);
  });

  it.each([
    [['PORT'], 'variables are written NAME=value'],
    [['--control', 'x'], '--control must be a port'],
  ])('refuses %j', async (args, reason) => {
    const { code, said } = await refused(run(args));
    expect([code, said]).toEqual([2, expect.stringContaining(reason)]);
  });
});
