import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Api } from '../support/api.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';
import { childrenOf, eventually, isAlive, RoostProcess } from '../support/process.js';

const ACCOUNT = { email: 'first@example.org', password: 'correct horse battery' };
const PRODUCTION = {
  NODE_ENV: 'production',
  BCRYPT_COST: '10',
  HOST: '127.0.0.1',
  JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(',
};

describe('the process', () => {
  let folder: string;
  let running: RoostProcess[];

  const start = (env: Record<string, string> = {}): RoostProcess => {
    const roost = new RoostProcess(folder, env);
    running.push(roost);
    return roost;
  };

  const databasePid = (): number | undefined => {
    const file = join(folder, '.data/postgres/postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roost-process-'));
    // As root, the database runs as another user, who has to be able to enter.
    chmodSync(folder, 0o755);
    running = [];
  });

  afterEach(async () => {
    for (const roost of running) {
      roost.kill('SIGKILL');
      await roost.exit();
    }
    const database = databasePid();
    if (database !== undefined) await eventually(() => !isAlive(database));
    rmSync(folder, { recursive: true });
  });

  describe('with the database of its own', () => {
    it('starts in an empty folder, says where things are, and stops with its database', async () => {
      const roost = start();
      const address = await roost.ready();
      expect(roost.output).toContain(`${address}/docs`);
      expect(roost.output).toMatch(/Database +PostgreSQL 18 of its own, in \S*\.data\/postgres/);
      expect((await new Api(address).get('/health/ready')).status).toBe(200);
      expect(roost.output).not.toMatch(/warning|deprecat/i);
      const database = databasePid() ?? 0;
      expect(await roost.stop()).toBe(0);
      expect(isAlive(database)).toBe(false);
    });

    it('keeps what was acknowledged through kill -9, and its database does not stay behind', async () => {
      const first = start();
      const api = new Api(await first.ready());
      expect((await api.post('/auth/register', ACCOUNT)).status).toBe(201);
      const tokens = (await api.post('/auth/login', ACCOUNT)).body;
      const task = (await api.as(tokens.access_token).post('/tasks', { title: 'survives' })).body;
      const database = databasePid() ?? 0;
      first.kill('SIGKILL');
      await eventually(() => !isAlive(database));
      const again = new Api(await start().ready());
      // The development secret is kept, too: nobody is logged out by a restart.
      expect((await again.as(tokens.access_token).get('/tasks')).body).toEqual([task]);
    });

    it('refuses a folder that another Roost uses, and leaves that one alone', async () => {
      const first = start();
      const api = new Api(await first.ready());
      const second = start();
      expect(await second.exit()).toBe(1);
      expect(second.output).toMatch(/could not start[\s\S]*Another Roost \(process \d+\) is using/);
      expect(second.output).not.toMatch(/\n\s+at /);
      expect((await api.get('/health/ready')).status).toBe(200);
    });

    it('does not leave its database behind when the port is taken', async () => {
      const other: Server = createServer().listen(0, '127.0.0.1');
      await eventually(() => other.listening);
      const { port } = other.address() as { port: number };
      const roost = start({ PORT: String(port) });
      expect(await roost.exit()).toBe(1);
      other.close();
      expect(roost.output).toContain(`Port ${port} is already in use`);
      expect(databasePid()).toBeUndefined();
    });

    it('answers 503 while its database is frozen, and comes back by itself', async () => {
      const api = new Api(await start().ready());
      expect((await api.post('/auth/register', ACCOUNT)).status).toBe(201);
      const postmaster = databasePid() ?? 0;
      const server = [postmaster, ...childrenOf(postmaster)];
      for (const pid of server) process.kill(pid, 'SIGSTOP');
      const answers = await Promise.all([
        api.get('/health/ready'),
        api.post('/auth/login', ACCOUNT),
        api.get('/health/live'),
      ]);
      for (const pid of server) process.kill(pid, 'SIGCONT');
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
      expect(Number(answers[1].headers.get('retry-after'))).toBeGreaterThan(0);
      await eventually(async () => (await api.get('/health/ready')).status === 200);
      expect((await api.post('/auth/login', ACCOUNT)).status).toBe(200);
    });

    it('ends and says so when its database is killed and stays away', async () => {
      const roost = start();
      await roost.ready();
      process.kill(databasePid() ?? 0, 'SIGKILL');
      expect(await roost.exit()).toBe(1);
      expect(roost.output).toMatch(/PostgreSQL/);
    });
  });

  describe('with DATABASE_URL', () => {
    let url: string;

    beforeEach(async () => {
      url = await cloneTemplate();
    });

    afterEach(() => dropDatabase(url));

    it('starts no database of its own', async () => {
      const roost = start({ DATABASE_URL: url });
      expect((await new Api(await roost.ready()).get('/health/ready')).status).toBe(200);
      expect(existsSync(join(folder, '.data/postgres'))).toBe(false);
      expect(roost.output).not.toMatch(/postgres(?:ql)?:\/\//);
      expect(await roost.stop()).toBe(0);
    });

    it('says what is wrong with a database that refuses it, without the password', async () => {
      const wrong = new URL(url);
      wrong.pathname = '/there_is_no_such_database';
      const roost = start({ DATABASE_URL: wrong.href });
      expect(await roost.exit()).toBe(1);
      expect(roost.output).toMatch(/could not start[\s\S]*database "there_is_no_such_database" does not exist/);
      expect(roost.output).not.toMatch(/postgres(?:ql)?:\/\//);
    });

    it('waits for a database that is not there yet, and can be interrupted', async () => {
      const roost = start({ DATABASE_URL: 'postgres://nobody:hunter2hunter2@127.0.0.1:1/none' });
      await roost.until(() => roost.output.includes('waiting for the database'));
      roost.kill('SIGINT');
      expect(await roost.exit()).toBe(0);
    });

    it('reads .env, and the environment wins', async () => {
      writeFileSync(join(folder, '.env'), `DATABASE_URL=${url}\nPORT=1\nJWT_ISSUER=from-file\n`);
      const roost = start({ PORT: '0' });
      await roost.ready();
      expect(existsSync(join(folder, '.data/postgres'))).toBe(false);
    });

    it('drains in production: not ready, still answering, and a second signal ends the wait', async () => {
      const roost = start({ ...PRODUCTION, DATABASE_URL: url });
      const address = await roost.ready();
      roost.kill('SIGTERM');
      await eventually(async () => (await fetch(`${address}/health/ready`)).status === 503);
      const live = await fetch(`${address}/health/live`);
      expect([live.status, live.headers.get('connection')]).toEqual([200, 'close']);
      roost.kill('SIGTERM');
      expect(await roost.exit()).toBe(0);
    });

    it('logs nothing but JSON in production', async () => {
      const roost = start({ ...PRODUCTION, DATABASE_URL: url });
      const api = new Api(await roost.ready());
      await api.post('/auth/register', ACCOUNT);
      roost.kill('SIGTERM');
      roost.kill('SIGINT');
      await roost.exit();
      const lines = roost.output.trim().split('\n');
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
    });
  });

  it('lists all faults of the configuration by name and ends with 1', async () => {
    const roost = start({ NODE_ENV: 'production', PORT: 'hunter2', JWT_SECRET: 'hunter2' });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/PORT must/);
    expect(roost.output).toMatch(/JWT_SECRET must/);
    expect(roost.output).toMatch(/DATABASE_URL is required/);
    expect(roost.output).not.toMatch(/hunter2|\n\s+at /);
  });
});
