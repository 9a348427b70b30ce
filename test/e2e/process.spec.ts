import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, cpSync, existsSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

import { Api } from '../support/api.js';
import { cloneTemplate, dropDatabase } from '../support/database.js';
import { eventually, isAlive, MAIN, RoostFolder, type RoostProcess } from '../support/process.js';
import { accepts } from '../support/ports.js';
import { Relay } from '../support/relay.js';

const ACCOUNT = { email: 'first@example.org', password: 'correct horse battery' };
const MISSING = 'postgres://nobody:hunter2hunter2@127.0.0.1:1/none';
const PRODUCTION = {
  NODE_ENV: 'production',
  BCRYPT_COST: '10',
  HOST: '127.0.0.1',
  JWT_SECRET: 'kX9#vQ2!mZ7@pL4$wR8^tN3&yB6*cF1(',
};

/** What is there at this moment. */
function readNow(reader: number): string {
  const bytes = Buffer.alloc(65_536);
  try {
    return bytes.toString('utf8', 0, readSync(reader, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
    throw error;
  }
}

describe('the process with DATABASE_URL', () => {
  let folder: RoostFolder;

  beforeEach(() => {
    folder = new RoostFolder();
  });

  let unread: ChildProcess | undefined;

  afterEach(async () => {
    unread?.kill('SIGKILL');
    await folder.remove();
  });

  let url: string;

  beforeEach(async () => {
    url = await cloneTemplate();
  });

  afterEach(() => dropDatabase(url));

  it('logs for people with LOG_FORMAT=pretty, and JSON where nobody reads', async () => {
    const [pretty, plain] = [{ LOG_FORMAT: 'pretty' }, {}].map((env) =>
      folder.start({ ...env, NODE_ENV: 'development', BCRYPT_COST: '10', DATABASE_URL: url }),
    ) as [RoostProcess, RoostProcess];
    for (const roost of [pretty, plain]) await new Api(await roost.ready()).get('/health/live');
    await pretty.until(() =>
      /^[\d:.]{12} info {2}GET \/health\/live 200 [\d.]+ ms {2}request_id=/m.test(pretty.output),
    );
    await plain.until(() => plain.output.includes('"path":"/health/live","status":200'));
  });

  it('serves, and ends, while nobody reads its log', async () => {
    const roost = folder.start({ DATABASE_URL: url, RATE_LIMIT: 'off' });
    const api = new Api(await roost.ready());
    roost.stopReading();
    // Pipes hold some hundred kilobytes.
    for (let round = 0; round < 100; round += 1)
      await Promise.all(Array.from({ length: 40 }, () => api.get('/users/me')));
    expect((await api.get('/health/ready')).status).toBe(200);
    roost.kill('SIGTERM');
    await eventually(() => !isAlive(roost.pid));
    roost.readAgain();
    expect(await roost.exit()).toBe(0);
  });

  it('serves, and ends, with workers whose log nobody reads', async () => {
    const pipe = join(folder.path, 'log');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const env = {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      BCRYPT_COST: '4',
      PORT: '0',
      WORKERS: '2',
      RATE_LIMIT: 'off',
    };
    const roost = (unread = spawn('sh', ['-c', 'exec "$0" "$1" > "$2"', process.execPath, MAIN, pipe], {
      cwd: folder.path,
      env: { ...env, DATABASE_URL: url },
      stdio: 'ignore',
    }));
    let log = '';
    const address = /API\s+(http:\/\/\S+)\/api\/v1/;
    await eventually(() => address.test((log += readNow(reader))));
    const api = new Api(address.exec(log)?.[1] ?? '');
    for (let round = 0; round < 25; round += 1)
      await Promise.all(Array.from({ length: 40 }, () => api.get('/users/me')));
    expect((await api.get('/health/ready')).status).toBe(200);
    roost.kill('SIGTERM');
    expect(await once(roost, 'exit')).toEqual([0, null]);
    closeSync(reader);
  });

  it('ends in order when it is stopped as it hands its port over', async () => {
    const roost = spawn(process.execPath, [join(__dirname, '../support/stopped-at-handover.mjs'), url]);
    let output = '';
    for (const stream of [roost.stdout, roost.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    expect(await once(roost, 'close')).toEqual([0, null]);
    expect(output).toBe('');
  });

  it('starts no database of its own, and listens on 127.0.0.1 alone for HOST=localhost', async () => {
    const roost = folder.start({ DATABASE_URL: url, HOST: 'localhost' });
    const address = await roost.ready();
    expect((await new Api(address).get('/health/ready')).status).toBe(200);
    const all = Object.values(networkInterfaces()).flatMap((of = []) => of.map((each) => each.address));
    const port = Number(new URL(address).port);
    const open = await Promise.all(
      ['127.0.0.1', '::1', ...all].map(async (host) => (await accepts(port, host)) && host),
    );
    expect([...new Set(open.filter(Boolean))]).toEqual(['127.0.0.1']);
    expect(existsSync(join(folder.path, '.data/postgres'))).toBe(false);
    expect(roost.output).not.toMatch(/postgres(?:ql)?:\/\//);
    expect(await roost.stop()).toBe(0);
  });

  it('says at once that a server has no TLS', async () => {
    for (const mode of ['prefer', 'require', 'verify-full']) {
      const roost = folder.start({ DATABASE_URL: `${url}?sslmode=${mode}`, DATABASE_WAIT: '1d' });
      expect(await roost.exit()).toBe(1);
      expect(roost.output).toContain('The server in DATABASE_URL has no TLS');
    }
  });

  it('says what is wrong with a database that refuses it, without the password', async () => {
    const wrong = new URL(url);
    wrong.pathname = '/there_is_no_such_database';
    const roost = folder.start({ DATABASE_URL: wrong.href });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/could not start[\s\S]*database "there_is_no_such_database" does not exist/);
    expect(roost.output).not.toMatch(/postgres(?:ql)?:\/\//);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('waits for a missing database until %s', async (signal) => {
    const roost = folder.start({ DATABASE_URL: MISSING });
    await roost.until(() => roost.output.includes('waiting for the database in DATABASE_URL'));
    expect(roost.output).toMatch(/"seconds_left":60/);
    roost.kill(signal);
    expect(await roost.exit()).toBe(0);
  });

  it.each(['DATABASE_URL', 'DATABASE_DIRECT_URL'])('gives a missing %s up after DATABASE_WAIT', async (name) => {
    const roost = folder.start({ DATABASE_URL: url, [name]: MISSING, DATABASE_WAIT: '0s' });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(new RegExp(`database in ${name} could not be reached .*DATABASE_WAIT.*ECONNREFUSED`));
    expect(roost.output).not.toMatch(/hunter2|\n\s+at /);
  });

  it('is alive and not ready while it waits for its database, and then resets no connection', async () => {
    const relay = await Relay.to(url);
    await relay.cut();
    const roost = folder.start({ DATABASE_URL: relay.url });
    await roost.until(() => /"port":\d+/.test(roost.output));
    const port = Number(/"port":(\d+)/.exec(roost.output)?.[1]);
    const api = new Api(`http://127.0.0.1:${port}`);
    expect((await api.get('/health/live')).status).toBe(200);
    for (const answer of [await api.get('/health/ready'), await api.post('/auth/login', ACCOUNT)]) {
      expect([answer.status, answer.body.code]).toEqual([503, 'starting']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const idle = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(idle, 'connect');
    let closedAt = Infinity;
    const answered = new Promise<string>((resolve) => {
      idle.once('data', (bytes: Buffer) => {
        resolve(bytes.toString());
      });
      idle.once('close', () => {
        closedAt = performance.now();
        resolve('');
      });
    });
    await relay.restore();
    const seen = new Set([503]);
    let notReadyAt = performance.now();
    while (!seen.has(200)) {
      const asked = performance.now();
      const { status } = await fetch(`http://127.0.0.1:${port}/health/ready`);
      seen.add(status);
      if (status === 503) notReadyAt = asked;
    }
    expect([...seen]).toEqual([503, 200]);
    // Connected before the port was handed over, and answered for a second afterwards.
    idle.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answer = await answered;
    if (answer !== '' || closedAt - notReadyAt < 1_000) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    idle.destroy();
    expect(await roost.stop()).toBe(0);
    await relay.end();
  });

  it('ends soon after an error that nothing has caught, whatever is under way [V16.5.4]', async () => {
    const throwing = `process.on('SIGUSR2', () => setTimeout(() => { throw new Error('unforeseen') }))`;
    const env = {
      ...PRODUCTION,
      DATABASE_URL: url,
      SHUTDOWN_TIMEOUT: '10m',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(throwing)}`,
    };
    const roost = folder.start(env);
    const address = new URL(await roost.ready());
    const halfSent = connect(Number(address.port), address.hostname).on('error', () => undefined);
    halfSent.write(
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await once(halfSent, 'connect');
    roost.kill('SIGUSR2');
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toContain('unforeseen');
    halfSent.destroy();
  });

  it('reads .env, below the environment', async () => {
    writeFileSync(join(folder.path, '.env'), `DATABASE_URL=${url}\nPORT=1\nDOCS=off\n`);
    // What is empty in the environment is unset there, and hides nothing.
    const roost = folder.start({ PORT: '0', DATABASE_URL: '', DOCS: ' ', SMTPURL: 'smtp://mail' });
    await roost.ready();
    expect(roost.output).not.toContain('/docs');
    await eventually(() => roost.output.includes('SMTPURL is not a variable of Roost: did you mean SMTP_URL?'));
    expect(existsSync(join(folder.path, '.data/postgres'))).toBe(false);
  });

  it.each([-90, 90])(
    'times tokens by the database when its own clock is %d s off, and says so [T58]',
    async (seconds) => {
      const moved = `const { now } = Date; const D = Date; globalThis.Date = class extends D {
      constructor(...parts) { if (parts.length === 0) super(D.now()); else super(...parts); }
      static now() { return now.call(D) + ${seconds * 1_000}; } }; D.now = globalThis.Date.now;`;
      const skewed = folder.start({
        DATABASE_URL: url,
        JWT_SECRET: PRODUCTION.JWT_SECRET,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(moved)}`,
      });
      const honest = folder.start({ DATABASE_URL: url, JWT_SECRET: PRODUCTION.JWT_SECRET });
      const api = new Api(await skewed.ready());
      const told = (): string | undefined => /"event":"clock_off","seconds":(-?\d+),/.exec(skewed.output)?.[1];
      await skewed.until(() => told() !== undefined);
      // A slow machine measures less well.
      expect(Math.abs(Number(told()) - seconds)).toBeLessThanOrEqual(5);
      await api.post('/auth/register', ACCOUNT);
      const { access_token } = (await api.post('/auth/login', ACCOUNT)).body;
      for (const instance of [skewed, honest])
        expect((await new Api(await instance.ready()).as(access_token).get('/auth/me')).status).toBe(200);
      const { iat } = JSON.parse(Buffer.from(String(access_token).split('.')[1] ?? '', 'base64url').toString());
      expect(Math.abs(iat * 1_000 - Date.now())).toBeLessThan(60_000);
      expect(honest.output).not.toContain('clock_off');
    },
  );

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

  it('logs nothing but JSON in production [V16.2.4] [V16.2.2]', async () => {
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
    const limits = { SHUTDOWN_NOTICE: '10s', SHUTDOWN_TIMEOUT: '9s' };
    const roost = folder.start({ ...PRODUCTION, DATABASE_URL: url, ...limits });
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

  it('lists all faults of the configuration by name and ends with 1 [T59]', async () => {
    const roost = folder.start({ NODE_ENV: 'production', PORT: 'hunter2', JWT_SECRET: 'hunter2' });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/PORT must/);
    expect(roost.output).toMatch(/JWT_SECRET must/);
    expect(roost.output).toMatch(/DATABASE_URL is required/);
    expect(roost.output).not.toMatch(/hunter2|\n\s+at /);
  });

  it('says that the machine has no such address', async () => {
    const roost = folder.start({ HOST: '192.0.2.1', DATABASE_URL: MISSING });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/This machine has no address 192\.0\.2\.1: set HOST/);
    expect(roost.output).not.toMatch(/\n\s+at /);
  });

  // In the second one, Node's own mkdir tries for ever.
  it.each(['/dev/null/nothing', '/proc/roost'])('says that it cannot write to its data folder, %s', async (dataDir) => {
    const roost = folder.start({ DATA_DIR: dataDir });
    expect(await roost.exit()).toBe(1);
    expect(roost.output).toMatch(/DATA_DIR must be a folder that Roost can write to/);
    expect(roost.output).not.toMatch(/\n\s+at /);
  });

  // Node 20 opens modules side by side and needs some 300; Node 24 one after another, and starts with few.
  it.each([64, 160, 256])('starts, or says that it may open too few files, where these are %i', async (most) => {
    const url = await cloneTemplate();
    try {
      const roost = folder.start({ DATABASE_URL: url }, most);
      const isReady = await roost.ready().then(
        () => true,
        () => false,
      );
      expect(await roost.stop()).toBe(isReady ? 0 : 1);
      if (!isReady)
        expect(roost.output).toMatch(
          /^\nRoost could not start\.\n\nThe limit of open files is too low: raise it \(ulimit -n\)/,
        );
      expect(roost.output).not.toMatch(/npm ci|\n\s+at /);
    } finally {
      await dropDatabase(url);
    }
  });

  it('names what is missing where packages are not installed, or those that build it', () => {
    const root = join(__dirname, '../..');
    const inputs = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
    for (const name of ['scripts', 'src', ...inputs])
      cpSync(join(root, name), join(folder.path, name), { recursive: true });
    const start = (script: string): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: folder.path, encoding: 'utf8' });
      expect([script, status]).toEqual([script, 1]);
      return stdout + stderr;
    };
    expect(start('scripts/start.mjs')).toMatch(
      /^\nThe packages that Roost needs are not installed\. Run npm ci[^\n]+\n\n$/,
    );
    mkdirSync(join(folder.path, 'node_modules/@nestjs/core'), { recursive: true });
    expect(start('scripts/start.mjs')).toMatch(
      /^\n[^\n]+its build tools are not installed\. Run npm ci --include=dev[^\n]+\n\n$/,
    );
    cpSync(join(root, 'dist'), join(folder.path, 'dist'), { recursive: true });
    expect(start('dist/main.js')).toMatch(
      /could not start\.\n\nA required package is not installed: run npm ci\.\n\n$/,
    );
  });
});
