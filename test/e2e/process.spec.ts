import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Api } from '../support/api.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';
import { eventually, RoostFolder } from '../support/process.js';

const ACCOUNT = { email: 'first@example.org', password: 'correct horse battery' };
const PRODUCTION = {
  NODE_ENV: 'production',
  BCRYPT_COST: '10',
  HOST: '127.0.0.1',
  JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(',
};

describe('the process with DATABASE_URL', () => {
  let folder: RoostFolder;

  beforeEach(() => {
    folder = new RoostFolder();
  });

  afterEach(() => folder.remove());

  let url: string;

  beforeEach(async () => {
    url = await cloneTemplate();
  });

  afterEach(() => dropDatabase(url));

  it('starts no database of its own', async () => {
    const roost = folder.start({ DATABASE_URL: url });
    expect((await new Api(await roost.ready()).get('/health/ready')).status).toBe(200);
    expect(existsSync(join(folder.path, '.data/postgres'))).toBe(false);
    expect(roost.output).not.toMatch(/postgres(?:ql)?:\/\//);
    expect(await roost.stop()).toBe(0);
  });

  it('says what is wrong with a database that refuses it, without the password', async () => {
    const wrong = new URL(url);
    wrong.pathname = '/there_is_no_such_database';
    const roost = folder.start({ DATABASE_URL: wrong.href });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/could not start[\s\S]*database "there_is_no_such_database" does not exist/);
    expect(roost.output).not.toMatch(/postgres(?:ql)?:\/\//);
  });

  it('waits for a database that is not there yet, and can be interrupted', async () => {
    const roost = folder.start({ DATABASE_URL: 'postgres://nobody:hunter2hunter2@127.0.0.1:1/none' });
    await roost.until(() => roost.output.includes('waiting for the database'));
    roost.kill('SIGINT');
    expect(await roost.exit()).toBe(0);
  });

  it('reads .env, below the environment', async () => {
    writeFileSync(join(folder.path, '.env'), `DATABASE_URL=${url}\nPORT=1\n`);
    const roost = folder.start({ PORT: '0' });
    await roost.ready();
    expect(existsSync(join(folder.path, '.data/postgres'))).toBe(false);
  });

  it('drains in production: not ready, still answering, and a second signal ends the wait', async () => {
    const roost = folder.start({ ...PRODUCTION, DATABASE_URL: url });
    const address = await roost.ready();
    roost.kill('SIGTERM');
    await eventually(async () => (await fetch(`${address}/health/ready`)).status === 503);
    const live = await fetch(`${address}/health/live`);
    expect([live.status, live.headers.get('connection')]).toEqual([200, 'close']);
    roost.kill('SIGTERM');
    expect(await roost.exit()).toBe(0);
  });

  it('logs nothing but JSON in production', async () => {
    const roost = folder.start({ ...PRODUCTION, DATABASE_URL: url });
    const api = new Api(await roost.ready());
    await api.post('/auth/register', ACCOUNT);
    roost.kill('SIGTERM');
    roost.kill('SIGINT');
    await roost.exit();
    const lines = roost.output.trim().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('stops by itself within SHUTDOWN_TIMEOUT of its notice, however short that is', async () => {
    const roost = folder.start({ ...PRODUCTION, DATABASE_URL: url, SHUTDOWN_TIMEOUT: '1s' });
    const address = await roost.ready();
    roost.kill('SIGTERM');
    await eventually(async () => (await fetch(`${address}/health/ready`)).status === 503);
    expect(await roost.exit()).toBe(0);
  });
});

describe('the process that cannot start', () => {
  let folder: RoostFolder;

  beforeEach(() => {
    folder = new RoostFolder();
  });

  afterEach(() => folder.remove());

  it('lists all faults of the configuration by name and ends with 1', async () => {
    const roost = folder.start({ NODE_ENV: 'production', PORT: 'hunter2', JWT_SECRET: 'hunter2' });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/PORT must/);
    expect(roost.output).toMatch(/JWT_SECRET must/);
    expect(roost.output).toMatch(/DATABASE_URL is required/);
    expect(roost.output).not.toMatch(/hunter2|\n\s+at /);
  });

  it('says that it cannot write to its data folder', async () => {
    const roost = folder.start({ DATA_DIR: '/dev/null/nothing' });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/DATA_DIR must be a folder that Roost can write to/);
    expect(roost.output).not.toMatch(/\n\s+at /);
  });
});
