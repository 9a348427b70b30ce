import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { Api } from '../support/api.js';
import { childrenOf, eventually, isAlive, RoostFolder, type RoostProcess } from '../support/process.js';

const ACCOUNT = { email: 'first@example.org', password: 'correct horse battery' };

describe('the process with a database of its own', () => {
  let folder: RoostFolder;

  beforeEach(() => {
    folder = new RoostFolder();
  });

  afterEach(() => folder.remove());

  it('starts in an empty folder, says where things are, and stops with its database', async () => {
    // Of another server, and read by the driver itself.
    const strange = {
      PGSSLMODE: 'require',
      PGHOST: '192.0.2.1',
      PGOPTIONS: '-c no_such=1',
      PGUSER: 'x',
      PGPASSWORD: 'x',
    };
    const roost = folder.start(strange);
    const address = await roost.ready();
    expect(roost.output).toContain(`${address}/docs`);
    expect(roost.output).toContain(`Database  PostgreSQL 18 of its own, in ${folder.path}/.data/postgres\n`);
    expect(roost.output).toContain('It is new, and empty.');
    expect((await new Api(address).get('/health/ready')).status).toBe(200);
    expect(roost.output).not.toMatch(/warning|deprecat/i);
    const database = folder.databasePid() ?? 0;
    expect(await roost.stop()).toBe(0);
    expect(isAlive(database)).toBe(false);
  });

  it('is what db:psql leads to, while it runs only', async () => {
    const script = join(__dirname, '../../scripts/db.mjs');
    const psql = (): { status: number | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, [script, 'psql'], {
        cwd: folder.path,
        env: { PATH: process.env.PATH, NODE_ENV: 'test' },
        encoding: 'utf8',
      });
    const roost = folder.start();
    await roost.ready();
    expect(psql()).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^PGPASSWORD=\S+ .*psql -h 127\.0\.0\.1 /),
    });
    expect(await roost.stop()).toBe(0);
    const { status, stdout, stderr } = psql();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('Roost does not run, and its embedded database runs with it only: start Roost first.\n');
  });

  it('ends in order at any moment of its start, and the next start works', async () => {
    const names = (): string[] =>
      existsSync(join(folder.path, '.data')) ? readdirSync(join(folder.path, '.data')) : [];
    const moments = [
      // It is only passed through.
      (): boolean => names().some((name) => name.startsWith('postgres.new-') || name === 'postgres'),
      (): boolean => names().includes('postgres'),
      (): boolean => folder.databasePid() !== undefined,
    ];
    for (const [index, hasCome] of moments.entries()) {
      rmSync(join(folder.path, '.data'), { recursive: true, force: true });
      const roost = folder.start();
      await eventually(hasCome);
      roost.kill((['SIGHUP', 'SIGTERM', 'SIGINT'] as const)[index] ?? 'SIGTERM');
      expect([index, await roost.exit()]).toEqual([index, 0]);
      // On a slow machine it may be ready before the signal comes.
      expect(roost.output).not.toMatch(/could not start|\n\s+at /);
      expect(folder.databasePid()).toBeUndefined();
      expect(names().filter((name) => name.includes('.new-'))).toEqual([]);
    }
    const roost = folder.start();
    await roost.ready();
    roost.kill('SIGHUP');
    expect(await roost.exit()).toBe(0);
    expect(folder.databasePid()).toBeUndefined();
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('ends with npm start, which ends by %s', async (signal) => {
    const env = { PATH: process.env.PATH, HOME: folder.path, PORT: '0', DATA_DIR: join(folder.path, '.data') };
    const npm = spawn('npm', ['start'], { cwd: join(__dirname, '../..'), env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    npm.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await eventually(() => output.includes('Ctrl-C stops it.'));
    const database = folder.databasePid() ?? 0;
    npm.kill(signal);
    // The last process that holds the pipe is Roost itself.
    await once(npm.stdout, 'close');
    await eventually(() => !isAlive(database));
  });

  it('keeps what was acknowledged through kill -9, and its database does not stay behind', async () => {
    const first = folder.start();
    const api = new Api(await first.ready());
    expect((await api.post('/auth/register', ACCOUNT)).status).toBe(201);
    const tokens = (await api.post('/auth/login', ACCOUNT)).body;
    const profile = (await api.as(tokens.access_token).patch('/users/me', { bio: 'survives' })).body;
    const database = folder.databasePid() ?? 0;
    first.kill('SIGKILL');
    await eventually(() => !isAlive(database));
    const again = new Api(await folder.start().ready());
    // The development secret is kept, too: nobody is logged out by a restart.
    expect((await again.as(tokens.access_token).get('/users/me')).body).toEqual(profile);
  });

  it('does not leave its database behind when the port is taken', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1');
    await eventually(() => other.listening);
    const { port } = other.address() as { port: number };
    const roost = folder.start({ PORT: String(port) });
    expect(await roost.exit()).toBe(1);
    other.close();
    expect(roost.output).toContain(`Port ${port} is already in use`);
    expect(folder.databasePid()).toBeUndefined();
  });
});

describe('a process that runs, with a database of its own', () => {
  const folder = new RoostFolder();
  let roost: RoostProcess;
  let api: Api;

  beforeAll(async () => {
    roost = folder.start();
    api = new Api(await roost.ready());
  });

  afterAll(() => folder.remove());

  it('keeps its folder from another Roost, and is left alone by that', async () => {
    const second = folder.start();
    expect(await second.exit()).toBe(1);
    expect(second.output).toMatch(/could not start[\s\S]*Another Roost \(process \d+\) is using/);
    expect(second.output).not.toMatch(/\n\s+at /);
    expect((await api.get('/health/ready')).status).toBe(200);
  });

  it('answers 503 while its database is frozen, and comes back by itself', async () => {
    expect((await api.post('/auth/register', ACCOUNT)).status).toBe(201);
    const postmaster = folder.databasePid() ?? 0;
    const server = [postmaster, ...childrenOf(postmaster)];
    for (const pid of server) process.kill(pid, 'SIGSTOP');
    // Whether it is ready is asked once a second at most.
    const unready = eventually(async () => (await api.get('/health/ready')).status === 503);
    const [refused, live] = await Promise.all([api.post('/auth/login', ACCOUNT), api.get('/health/live')]);
    await unready;
    for (const pid of server) process.kill(pid, 'SIGCONT');
    expect([refused.status, live.status]).toEqual([503, 200]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await eventually(async () => (await api.get('/health/ready')).status === 200);
    expect((await api.post('/auth/login', ACCOUNT)).status).toBe(200);
  });

  it('ends and says so when its database is killed and stays away', async () => {
    process.kill(folder.databasePid() ?? 0, 'SIGKILL');
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/PostgreSQL/);
  });
});
