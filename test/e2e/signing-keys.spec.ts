import fs, { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { accessTokenClaims, accessTokenHeader, claimsOf, jwtPart, signJwt, signJwtWith } from '../support/jwt.js';
import { ecKey, KeyFolder, type KeyPair, pem, rsaKey } from '../support/keys.js';
import { login, person, type Person } from '../support/people.js';

const SECRET = 'a-key-that-signs-the-tokens-of-these-tests';

describe.each([
  ['ES256', ecKey, ['kty', 'crv', 'x', 'y', 'use', 'alg', 'kid'], 'RS256'],
  ['RS256', rsaKey, ['kty', 'n', 'e', 'use', 'alg', 'kid'], 'ES256'],
] as const)('access tokens under %s', (algorithm, makeKey, fields, foreign) => {
  let folder: KeyFolder;
  let app: TestApp;
  let ada: Person;
  let pair: KeyPair;

  beforeAll(async () => {
    folder = new KeyFolder();
    pair = folder.add('k1', makeKey());
    folder.add('k0', makeKey());
    app = await TestApp.start({
      env: { JWT_SECRET: SECRET, JWT_ALGORITHM: algorithm, JWT_KEYS_DIR: folder.path },
    });
    ada = await person(app, 'ada');
  });

  afterAll(async () => {
    await app.stop();
    folder.remove();
  });

  const me = (token: string): Promise<Answer> => app.api.as(token).get('/auth/me');
  const header = (changes: object = {}): object => ({ alg: algorithm, typ: 'at+jwt', kid: 'k1', ...changes });
  const payload = (): object =>
    accessTokenClaims({ sub: ada.id, sid: claimsOf(ada.access_token).sid as string }, app.clock.epochSeconds());
  const signed = (changes: object = {}, key = pair.privateKey): string =>
    signJwtWith(key, { header: header(changes), payload: payload() });

  async function expectRefused(token: string): Promise<void> {
    const { status, body } = await me(token);
    expect([status, body.code]).toEqual([401, 'invalid_token']);
  }

  it('are signed by the newest key, and name it', async () => {
    const [head = ''] = ada.access_token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual(header());
    expect((await me(signed())).status).toBe(200);
    const { body } = await app.api.post('/auth/refresh', { refresh_token: ada.refresh_token });
    expect((await me(body.access_token as string)).status).toBe(200);
  });

  it('have their public keys, and nothing private, at /.well-known/jwks.json', async () => {
    const { status, headers, body } = await app.api.get('/.well-known/jwks.json');
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
    expect(body.keys.map((key: object) => Object.keys(key).sort())).toEqual(Array(2).fill([...fields].sort()));
    const { kty, crv, x, y, n, e } = pair.publicKey.export({ format: 'jwk' });
    const expected = { kty, crv, x, y, n, e, use: 'sig', alg: algorithm, kid: 'k1' };
    expect(body.keys).toContainEqual(JSON.parse(JSON.stringify(expected)));
  });

  it('are refused when made with the public key as the secret of HS256 (T02) [V9.1.2] [R01] [T02]', async () => {
    const { publicKey } = pair;
    const text = pem(publicKey);
    const jwk = publicKey.export({ format: 'jwk' });
    const { body } = await app.api.get('/.well-known/jwks.json');
    const secrets = [
      text,
      text.trimEnd(),
      ` ${text}`,
      `\n${text}`,
      text.replaceAll('\n', '\r\n'),
      text.replaceAll('\n', ''),
      publicKey.export({ type: 'spki', format: 'der' }).toString('latin1'),
      publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      JSON.stringify(jwk),
      JSON.stringify(body.keys[1]),
      JSON.stringify(body),
      jwk.x ?? jwk.n ?? '',
      'k1',
      '',
      SECRET,
    ];
    for (const secret of secrets) {
      for (const alg of ['HS256', algorithm]) {
        await expectRefused(signJwt({ header: header({ alg }), payload: payload(), secret }));
      }
      await expectRefused(signJwt({ header: header({ alg: 'HS384' }), payload: payload(), secret, hash: 'sha384' }));
    }
    await expectRefused(signJwt({ header: accessTokenHeader(SECRET), payload: payload(), secret: SECRET }));
  });

  it.each<[string, object]>([
    ['a critical extension', { crit: ['x'], x: 1 }],
    ['b64 false', { b64: false, crit: ['b64'] }],
    ['another typ', { typ: 'JWT' }],
    ['its own key', { jwk: anyJwk() }],
    ['a certificate', { x5c: ['MIIB'] }],
    ['the thumbprint of a certificate', { 'x5t#S256': 'x' }],
    ['no kid', { kid: undefined }],
    ['an unknown kid', { kid: 'k2' }],
    ['a kid with its ending', { kid: 'k1.pem' }],
    ['a kid that leads to the same file', { kid: './k1' }],
    ['a kid that is a file', { kid: '../../../../dev/null' }],
    ['a kid that is SQL', { kid: "' OR 1=1 --" }],
    ['a kid with NUL', { kid: 'k1\0' }],
    ['a kid that is a list', { kid: ['k1'] }],
    ['a kid that is an object', { kid: { k1: 'k1' } }],
    ['a kid of 10 kB', { kid: 'k'.repeat(10_000) }],
    ['the kid __proto__', { kid: '__proto__' }],
    ['the kid constructor', { kid: 'constructor' }],
    ['the algorithm none', { alg: 'none' }],
    ['the algorithm of the other kind of key', { alg: foreign }],
    ['no algorithm', { alg: undefined }],
    ['another size of hash', { alg: algorithm.replace('256', '512') }],
    ['PS256', { alg: 'PS256' }],
  ])('are refused with %s, truly signed', async (_, changes) => {
    await expectRefused(signed(changes));
  });

  it('are refused without a signature, and with that of another key [V6.8.2] [T01] [V9.1.2]', async () => {
    for (const alg of ['none', algorithm]) await expectRefused(`${jwtPart(header({ alg }))}.${jwtPart(payload())}.`);
    await expectRefused(signed({}, makeKey().privateKey));
    await expectRefused(signed({ kid: 'k0' }));
    await expectRefused(signed({ jwk: pair.publicKey.export({ format: 'jwk' }) }));
    const zero = Buffer.alloc(algorithm === 'ES256' ? 64 : 256).toString('base64url');
    await expectRefused(`${signed().split('.').slice(0, 2).join('.')}.${zero}`);
  });

  it('fetch no key from where they say (T05) [V1.3.6] [T05] [R04]', async () => {
    let connections = 0;
    const attacker = createServer();
    attacker.on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys.json`;
    try {
      for (const field of ['jku', 'x5u', 'kid', 'iss']) await expectRefused(signed({ [field]: url }));
    } finally {
      await new Promise((resolve) => attacker.close(resolve));
    }
    expect(connections).toBe(0);
  });
});

describe('the folder of keys while Roost runs', () => {
  let folder: KeyFolder;
  let app: TestApp;

  beforeEach(async () => {
    folder = new KeyFolder();
    folder.add('k1');
    app = await TestApp.start({ env: { JWT_ALGORITHM: 'ES256', JWT_KEYS_DIR: folder.path } });
  });

  afterEach(async () => {
    await app.stop();
    folder.remove();
  });

  const kids = async (): Promise<string[]> => {
    app.clock.advance('6s');
    const { body } = await app.api.get('/.well-known/jwks.json');
    return body.keys.map(({ kid }: { kid: string }) => kid);
  };
  const status = async (token: string): Promise<number> => (await app.api.as(token).get('/auth/me')).status;
  const kidOf = (token: string): unknown =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
  const errors = (): string[] => app.log.filter((line) => line.includes('"level":"error"'));

  it('may get another key, which then signs', async () => {
    const ada = await person(app, 'ada');
    folder.add('k2');
    expect(await kids()).toEqual(['k1', 'k2']);
    expect(kidOf((await login(app, ada.email)).access_token)).toBe('k2');
    expect(await status(ada.access_token)).toBe(200);
    expect(app.log.join('')).toContain('"event":"signing_key_changed","kid":"k2"');
  });

  it('publishes a key before it signs', async () => {
    const ada = await person(app, 'ada');
    folder.add('29990101T000000Z-a');
    expect(await kids()).toEqual(['k1', '29990101T000000Z-a']);
    expect(kidOf((await login(app, ada.email)).access_token)).toBe('k1');
  });

  it('may lose a key, whose tokens are then refused', async () => {
    const ada = await person(app, 'ada');
    expect(await status(ada.access_token)).toBe(200);
    folder.add('k2');
    folder.delete('k1');
    expect(await kids()).toEqual(['k2']);
    expect(await status(ada.access_token)).toBe(401);
    expect((await app.api.post('/auth/refresh', { refresh_token: ada.refresh_token })).status).toBe(200);
  });

  it.each<[string, (at: KeyFolder) => unknown, string[]]>([
    ['a broken file', (at) => at.write('k2.pem', 'no key'), ['k1']],
    ['a key of RSA', (at) => at.add('k2', rsaKey()), ['k1']],
    [
      'a broken file and a good one',
      (at) => {
        at.write('k2.pem', '');
        at.add('k3');
      },
      ['k1', 'k3'],
    ],
    ['a key that is broken now', (at) => at.write('k1.pem', ''), ['k1']],
    ['no key any more', (at) => at.delete('k1'), ['k1']],
    ['vanished', (at) => at.remove(), ['k1']],
    [
      'a folder in place of a file',
      (at) => {
        at.delete('k1');
        mkdirSync(join(at.path, 'k1.pem'));
      },
      ['k1'],
    ],
  ])('may have %s: the keys before are kept, and one line says so', async (_, spoil, expected) => {
    const ada = await person(app, 'ada');
    spoil(folder);
    expect(await kids()).toEqual(expected);
    expect(await kids()).toEqual(expected);
    expect(await status(ada.access_token)).toBe(200);
    expect(await status((await login(app, ada.email)).access_token)).toBe(200);
    expect(errors()).toEqual([
      expect.stringMatching(/"event":"signing_keys_faulty".*JWT_KEYS_DIR .*keys before are kept/),
    ]);
  });

  it('is read at once, and not once for each, for key ids that are unknown [R04] [T03]', async () => {
    const ada = await person(app, 'ada');
    app.clock.advance('6s');
    expect(await status(ada.access_token)).toBe(200);
    const pair = folder.add('k2');
    const token = (kid: string): string =>
      signJwtWith(pair.privateKey, {
        header: { alg: 'ES256', typ: 'at+jwt', kid },
        payload: claimsOf(ada.access_token),
      });
    expect(await status(token('k2'))).toBe(200);
    const reads = jest.spyOn(fs, 'readdirSync');
    syncBuiltinESMExports();
    // Stands still, so that they all come at once on any machine.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    try {
      const forged = Array.from({ length: 200 }, (_, index) => status(token(`../k${index}`)));
      expect(new Set(await Promise.all(forged))).toEqual(new Set([401]));
      const before = reads.mock.calls.length;
      expect(before).toBeLessThanOrEqual(1);
      app.clock.advance('1s');
      await status(token('k3'));
      expect(reads.mock.calls.length).toBe(before + 1);
    } finally {
      clock.mockRestore();
      reads.mockRestore();
      syncBuiltinESMExports();
    }
  });
});

function anyJwk(): object {
  return ecKey().publicKey.export({ format: 'jwk' });
}
