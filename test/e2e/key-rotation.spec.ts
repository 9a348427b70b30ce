import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { TestApp } from '../support/app.js';
import { claimsOf, signJwtWith } from '../support/jwt.js';
import { ecKey, KeyFolder } from '../support/keys.js';
import { login, person } from '../support/people.js';
import { eventually } from '../support/process.js';
import { SecondService } from '../support/second-service.js';

const SCRIPT = join(__dirname, '../../scripts/keys-rotate.mjs');

async function rotate(
  env: Record<string, string>,
  { cwd = '/', args = [] }: { cwd?: string; args?: readonly string[] } = {},
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { cwd, env: { PATH: process.env.PATH, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/;
const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

describe('npm run keys:rotate', () => {
  let folder: KeyFolder;

  beforeEach(() => {
    folder = new KeyFolder();
  });

  afterEach(() => folder.remove());

  it('says which key it made, when it signs, and what it removed', async () => {
    const env = { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path };
    folder.add('20200101T000000Z-a');
    folder.add('20200102T000000Z-b');
    const { code, output } = await rotate(env);
    const [made = ''] = readdirSync(folder.path).filter((name) => !name.startsWith('2020'));
    const [line, ...more] = output.trim().split('\n');
    expect([code, line]).toEqual([0, `Created ${join(folder.path, made)} (ES256).`]);
    const [signs = ''] = made.replace(TIME, '$1-$2-$3T$4:$5:$6Z ').split(' ');
    expect(more).toEqual([
      `It is published in /.well-known/jwks.json now, and begins to sign at ${signs}.`,
      '20200102T000000Z-b.pem is the signing key now.',
      'Deleted 20200101T000000Z-a.pem: all tokens that it signed have expired.',
    ]);
    const again = await rotate(env);
    expect(again.output).toMatch(`${made} already exists, and begins to sign at ${signs}.`);
    expect(readdirSync(folder.path)).toHaveLength(2);
  });

  it('reads .env, below the environment, and takes --now and --prune', async () => {
    writeFileSync(join(folder.path, '.env'), 'JWT_ALGORITHM=RS256\nJWT_KEYS_DIR=keys\n');
    const cwd = folder.path;
    expect((await rotate({ JWT_ALGORITHM: 'ES256' }, { cwd })).output).toMatch(
      /^Created keys\/.+ \(ES256\)\.\nIt signs within/,
    );
    expect((await rotate({ JWT_ALGORITHM: 'ES256' }, { cwd, args: ['--now'] })).output).toMatch(
      /^Created .+\nIt signs within/,
    );
    expect((await rotate({ JWT_ALGORITHM: 'ES256' }, { cwd, args: ['--prune'] })).output).toMatch(
      /^\S+ is the signing key now\.\n$/,
    );
    expect(readdirSync(join(cwd, 'keys'))).toHaveLength(2);
  });

  it.each<[string, Record<string, string>, RegExp, string[], number]>([
    ['HS256', {}, /JWT_ALGORITHM is HS256, which has no key files/, [], 1],
    ['another algorithm', { JWT_ALGORITHM: 'none' }, /JWT_ALGORITHM must be one of HS256, ES256, RS256/, [], 1],
    ['no folder', { JWT_ALGORITHM: 'ES256' }, /JWT_KEYS_DIR is required/, [], 1],
    ['a folder that cannot be made', { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: `${SCRIPT}/x` }, /ENOTDIR/, [], 1],
    [
      'an unknown option',
      { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: '/nowhere' },
      /Unknown option '--force'/,
      ['--force'],
      2,
    ],
    ['a new key and none', { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: '/nowhere' }, /choose one/, ['--now', '--prune'], 2],
  ])('refuses %s in words', async (_, env, message, args, expected) => {
    const { code, output } = await rotate(env, { args });
    expect(code).toBe(expected);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/\n\s+at /);
  });
});

describe('a key that cannot be written', () => {
  it('is told in a sentence, and leaves nothing behind', () => {
    const folder = new KeyFolder();
    const env = { PATH: process.env.PATH, JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path };
    // No file may have a byte, as on a full disk.
    const made = spawnSync('sh', ['-c', 'ulimit -f 0; exec "$0" "$1"', process.execPath, SCRIPT], {
      env,
      encoding: 'utf8',
    });
    expect([made.status, made.stderr]).toEqual([1, expect.stringMatching(/^EFBIG: .*\n$/)]);
    expect(readdirSync(folder.path)).toEqual([]);
    folder.remove();
  });
});

describe('a rotation under load', () => {
  let folder: KeyFolder;
  let env: Record<string, string>;
  let first: TestApp;
  let second: TestApp;
  let service: SecondService;

  beforeAll(async () => {
    folder = new KeyFolder();
    env = { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path };
    await rotate(env);
    first = await TestApp.start({ env });
    second = await TestApp.start({ env, sharing: first });
    service = await SecondService.start(first.url);
  });

  afterAll(async () => {
    await service.stop();
    await second.stop();
    await first.stop();
    folder.remove();
  });

  it('refuses nobody: not on either instance, nor in a service that keeps the key set [V13.3.4] [T63]', async () => {
    const ada = await person(first, 'ada');
    const old = kidOf(ada.access_token);
    const kids = new Set<string>();
    const refused: string[] = [];
    let requests = 0;
    let done = false;
    const client = async (issuer: TestApp): Promise<void> => {
      let tokens = await login(issuer, ada.email);
      while (!done) {
        const kid = kidOf(tokens.access_token);
        const answers = await Promise.all([
          ...[first, second].flatMap((app) =>
            [tokens.access_token, ada.access_token].map(
              async (token) => (await app.api.as(token).get('/auth/me')).status,
            ),
          ),
          service.ask(tokens.access_token).then(({ status }) => status),
          service.ask(ada.access_token).then(({ status }) => status),
        ]);
        refused.push(...answers.filter((status) => status !== 200).map((status) => `${status} ${kid}`));
        const next = await issuer.api.post('/auth/refresh', { refresh_token: tokens.refresh_token });
        if (next.status !== 200) refused.push(`refresh ${next.status}`);
        else tokens = next.body as typeof tokens;
        kids.add(kid);
        requests += answers.length + 1;
      }
    };
    const more = async (): Promise<void> => {
      const from = requests;
      await eventually(() => requests > from + 60);
    };
    const load = Promise.all([client(first), client(second), client(first), client(second)]);
    try {
      await more();
      expect((await rotate(env)).code).toBe(0);
      await more();
      const [next = ''] = readdirSync(folder.path).filter((name) => name !== `${old}.pem`);
      const signsFrom = Date.parse(next.replace(TIME, '$1-$2-$3T$4:$5:$6Z ').split(' ')[0] ?? '');
      const almost = Math.floor((signsFrom - Date.now()) / 1_000) - 50;
      // Everybody's clock, in the worst order: one instance signs with the new key while the others' clocks are behind.
      const advance = (app: TestApp, seconds: number): void => app.clock.advance(`${seconds}s`);
      for (const app of [first, second]) advance(app, almost);
      await service.advance(almost);
      await more();
      expect([...kids]).toEqual([old]);
      advance(first, 55);
      await more();
      expect([...kids]).toEqual([old, next.replace('.pem', '')]);
      advance(second, 55);
      await service.advance(55);
      await more();
    } finally {
      done = true;
      await load;
    }
    expect(refused).toEqual([]);
    for (const app of [first, second]) expect(kidOf((await login(app, ada.email)).access_token)).not.toBe(old);
    expect(claimsOf(ada.access_token).exp).toBeGreaterThan(first.clock.epochSeconds());
  });

  it('refuses nobody on the instances either when the new key has to sign at once', async () => {
    const ada = await person(first, 'ada');
    await rotate(env, { args: ['--now'] });
    const made = readdirSync(folder.path).map((name) => name.replace('.pem', ''));
    first.clock.advance('6s');
    const { access_token } = await login(first, ada.email);
    expect(made).toContain(kidOf(access_token));
    expect((await second.api.as(access_token).get('/auth/me')).status).toBe(200);
  });
});

describe('the second service of docs/verifying-tokens.md', () => {
  let folder: KeyFolder;
  let roost: TestApp;
  let service: SecondService;
  const pair = ecKey();

  beforeAll(async () => {
    folder = new KeyFolder();
    folder.add('a', pair);
    roost = await TestApp.start({ env: { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path } });
    service = await SecondService.start(roost.url);
  });

  afterAll(async () => {
    await service.stop();
    await roost.stop();
    folder.remove();
  });

  it('knows who is asking', async () => {
    const ada = await person(roost, 'ada');
    expect(await service.ask(ada.access_token)).toEqual({ status: 200, body: { user: ada.id, role: 'user' } });
    expect((await service.ask('')).status).toBe(401);
    expect((await service.ask(ada.refresh_token)).status).toBe(401);
  });

  it('refuses what Roost did not sign as an access token for it [V10.3.1]', async () => {
    const ada = await person(roost, 'ada');
    const now = roost.clock.epochSeconds();
    const header = { alg: 'ES256', typ: 'at+jwt', kid: 'a' };
    const payload = claimsOf(ada.access_token);
    const signed = (changes: object, key = pair.privateKey): string =>
      signJwtWith(key, { header: { ...header, ...changes }, payload });
    const claiming = (changes: object): string =>
      signJwtWith(pair.privateKey, { header, payload: { ...payload, ...changes } });
    expect((await service.ask(claiming({}))).status).toBe(200);
    const bad = [
      signed({}, ecKey().privateKey),
      signed({ typ: 'JWT' }),
      signed({ alg: 'none' }),
      signed({ alg: 'HS256' }),
      signed({ kid: 'unknown' }),
      signed({ crit: ['x'], x: 1 }),
      claiming({ iss: 'other' }),
      claiming({ aud: 'other' }),
      claiming({ exp: now - 61 }),
      claiming({ exp: undefined }),
      claiming({ sid: undefined }),
    ];
    for (const token of bad) expect([token, (await service.ask(token)).status]).toEqual([token, 401]);
  });

  it('says 503, and not that the token is no good, where the keys cannot be fetched', async () => {
    const broken = createServer((_, response) => response.writeHead(500).end()).listen(0, '127.0.0.1');
    await once(broken, 'listening');
    const lost = await SecondService.start(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`);
    try {
      const ada = await person(roost, 'ada');
      expect((await lost.ask(ada.access_token)).status).toBe(503);
      await new Promise((resolve) => broken.close(resolve).closeAllConnections());
      expect((await lost.ask(ada.access_token)).status).toBe(503);
    } finally {
      await lost.stop();
      broken.close();
    }
  });

  describe('that follows the revocations', () => {
    const SERVICE_TOKEN = 'a-token-of-the-tests-for-services-only';
    let issuer: TestApp;
    let stopIssuer: (() => Promise<void>) | undefined;
    let follower: SecondService;

    beforeEach(async () => {
      issuer = await TestApp.start({ env: { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path, SERVICE_TOKEN } });
      stopIssuer = () => issuer.stop();
      follower = await SecondService.start(issuer.url, SERVICE_TOKEN);
    });

    afterEach(async () => {
      await follower.stop();
      await stopIssuer?.();
    });

    const until = (status: number, token: string): Promise<void> =>
      eventually(async () => (await follower.ask(token)).status === status);

    it('refuses what has ended, before it began to follow and since, and 503 once Roost is gone', async () => {
      const [ada, bob, eve] = [await person(issuer, 'ada'), await person(issuer, 'bob'), await person(issuer, 'eve')];
      await until(200, ada.access_token);
      await ada.api.post('/auth/logout');
      await until(401, ada.access_token);
      await issuer.pool.query('INSERT INTO revocations (user_id, min_epoch) VALUES ($1, 1)', [bob.id]);
      await until(401, bob.access_token);
      const late = await SecondService.start(issuer.url, SERVICE_TOKEN);
      try {
        await eventually(async () => (await late.ask(eve.access_token)).status === 200);
        expect((await late.ask(ada.access_token)).status).toBe(401);
      } finally {
        await late.stop();
      }
      expect((await follower.ask(eve.access_token)).status).toBe(200);
      stopIssuer = undefined;
      await issuer.stop();
      await until(503, eve.access_token);
      expect((await follower.ask(ada.access_token)).status).toBe(503);
    });
  });
});
