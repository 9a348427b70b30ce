import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Answer } from '../support/api.js';
import { TestApp } from '../support/app.js';
import { accessTokenClaims, accessTokenHeader, claimsOf, jwtPart, signJwt } from '../support/jwt.js';
import { person, type Person } from '../support/people.js';
import { watchAllQueries } from '../support/queries.js';
import { exchange, head } from '../support/raw.js';

const SECRET = 'a-key-that-signs-the-tokens-of-these-tests';
const INVALID = 'Bearer realm="roost", error="invalid_token"';

/** Attacks T01, T03 to T07 and T09 on one live session: each begins with a token that is accepted. */
describe('access tokens', () => {
  let app: TestApp;
  let ada: Person;
  let sid: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { JWT_SECRET: SECRET } });
    ada = await person(app, 'ada');
    sid = claimsOf(ada.access_token).sid as string;
  });

  afterAll(() => app.stop());

  it('are never taken for one another, though their requests come in the same moment', async () => {
    const people = [await person(app, 'first'), await person(app, 'second'), await person(app, 'third')];
    const requests = people.map(({ access_token }) =>
      head('GET /api/v1/auth/me', `Authorization: Bearer ${access_token}`),
    );
    const [last = '', ...others] = requests.reverse();
    const answers = await exchange(app.url, others.reverse().join('').replaceAll('Connection: close\r\n', '') + last);
    expect(answers.map(({ text }) => (JSON.parse(text) as { id: string }).id)).toEqual(people.map(({ id }) => id));
  });

  const me = (token: string): Promise<Answer> => app.api.as(token).get('/auth/me');
  const now = (): number => app.clock.epochSeconds();
  const header = (changes: object = {}): object => ({ ...accessTokenHeader(SECRET), ...changes });
  const claims = (changes: object = {}): Record<string, unknown> => ({
    ...accessTokenClaims({ sub: ada.id, sid }, now()),
    ...changes,
  });

  async function expectRefused(token: string, code = 'invalid_token'): Promise<void> {
    const answer = await me(token);
    expect([answer.status, answer.body.code, answer.headers.get('www-authenticate')]).toEqual([401, code, INVALID]);
    expect(answer.body).toEqual({
      type: `/problems/${code}`,
      title: 'Unauthorized',
      status: 401,
      detail: expect.any(String),
      code,
      request_id: expect.any(String),
    });
  }

  /** With the same parts and nothing altered, so that what is refused is refused for what is altered. */
  afterEach(async () => {
    expect((await me(signJwt({ header: header(), payload: claims(), secret: SECRET }))).status).toBe(200);
  });

  it('say who is asking, in which session and as what, and for how long [R08]', () => {
    const [head = ''] = ada.access_token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual(accessTokenHeader(SECRET));
    expect(claimsOf(ada.access_token)).toEqual({
      iss: 'roost',
      aud: 'roost',
      sub: ada.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      role: 'user',
      epoch: 0,
      iat: expect.any(Number),
      exp: (claimsOf(ada.access_token).iat as number) + 86_400,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('cost no query: only what is asked for is read [V7.2.1]', async () => {
    expect((await watchAllQueries(() => ada.api.get('/auth/me'))).statements).toHaveLength(1);
    const { statements } = await watchAllQueries(async () => {
      await ada.api.patch('/users/me', { display_name: '' });
      await me(signJwt({ header: header(), payload: claims({ sid: 'x' }), secret: SECRET }));
    });
    expect(statements).toEqual([]);
  });

  describe('by their header [T01] [V9.1.2] [V9.1.3] [R05] [R07] [T03] [T04]', () => {
    const publicJwk = { kty: 'oct', k: Buffer.from('key of an attacker').toString('base64url') };

    it.each<[string, object]>([
      ['another typ', { typ: 'JWT' }],
      ['the typ of a refresh token', { typ: 'refresh+jwt' }],
      ['a typ in other letters', { typ: 'AT+JWT' }],
      ['a typ with its media type', { typ: 'application/at+jwt' }],
      ['a typ that is a list', { typ: ['at+jwt'] }],
      ['no typ', { typ: undefined }],
      ['a critical extension', { crit: ['x'], x: 1 }],
      ['no critical extension in crit', { crit: [] }],
      ['b64 false', { b64: false }],
      ['b64 false as critical', { b64: false, crit: ['b64'] }],
      ['b64 true', { b64: true }],
      ['zip', { zip: 'DEF' }],
      ['cty', { cty: 'JWT' }],
      ['its own key', { jwk: publicJwk }],
      ['a certificate', { x5c: ['MIIB'] }],
      ['no kid', { kid: undefined }],
      ['the kid null', { kid: null }],
      ['an unknown kid', { kid: '0000000000000000' }],
      ['a kid in other letters', { kid: 'UPPER' }],
      ['a kid that is a file', { kid: '../../../../dev/null' }],
      ['a kid that is SQL', { kid: "' OR 1=1 --" }],
      ['a kid with NUL', { kid: 'a\0b' }],
      ['a kid that is a list', { kid: [accessTokenHeader(SECRET).kid] }],
      ['a kid that is an object', { kid: { toString: 'x' } }],
      ['a kid that is on every object', { kid: '__proto__' }],
      ['a kid of 8 kB', { kid: 'k'.repeat(8_000) }],
      ['the algorithm none', { alg: 'none' }],
      ['the algorithm None', { alg: 'None' }],
      ['the algorithm NONE', { alg: 'NONE' }],
      ['the algorithm nOnE', { alg: 'nOnE' }],
      ['the algorithm HS512, signed by HS256', { alg: 'HS512' }],
      ['the algorithm RS256', { alg: 'RS256' }],
      ['the algorithm hs256', { alg: 'hs256' }],
      ['the algorithm null', { alg: null }],
      ['the algorithm 5', { alg: 5 }],
      ['an algorithm that is a list', { alg: ['HS256'] }],
      ['no algorithm', { alg: undefined }],
    ])('are refused with %s, truly signed', async (_, changes) => {
      await expectRefused(signJwt({ header: header(changes), payload: claims(), secret: SECRET }));
    });

    it.each(['none', 'None', 'NONE', 'nOnE', 'HS256', undefined, null])(
      'are refused without a signature, with the algorithm %s',
      async (alg) => {
        await expectRefused(`${jwtPart(header({ alg }))}.${jwtPart(claims())}.`);
        await expectRefused(`${jwtPart(header({ alg }))}.${jwtPart(claims())}`);
      },
    );

    it.each([
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const)('are refused when signed by %s', async (alg, hash) => {
      await expectRefused(signJwt({ header: header({ alg }), payload: claims(), secret: SECRET, hash }));
    });

    it.each(['', 'null', '[]', '"at+jwt"', '5', '{', '{"alg":"HS256","typ":"at+jwt"} x', '\ufeff{}'])(
      'are refused when the header is %j',
      async (text) => {
        await expectRefused(signJwt({ header: text, payload: claims(), secret: SECRET }));
      },
    );

    it('fetch no key from where they say [V1.3.6] [T05]', async () => {
      let connections = 0;
      const attacker = createServer();
      attacker.on('connection', () => (connections += 1));
      await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys.json`;
      try {
        for (const field of ['jku', 'x5u', 'iss', 'kid']) {
          await expectRefused(signJwt({ header: header({ [field]: url }), payload: claims(), secret: SECRET }));
        }
      } finally {
        await new Promise((resolve) => attacker.close(resolve));
      }
      expect(connections).toBe(0);
    });
  });

  describe('by their claims [V9.2.1] [V9.2.3] [R03] [T06] [V10.3.3]', () => {
    it.each<[string, object]>([
      ['no issuer', { iss: undefined }],
      ['another issuer', { iss: 'evil' }],
      ['an issuer that begins like it', { iss: 'roost.evil.example' }],
      ['a list of issuers', { iss: ['roost'] }],
      ['no audience', { aud: undefined }],
      ['another audience', { aud: 'evil' }],
      ['an audience that begins like it', { aud: 'roost2' }],
      ['a list of audiences', { aud: ['roost'] }],
      ['a list of several audiences', { aud: ['evil', 'roost'] }],
      ['no subject', { sub: undefined }],
      ['an empty subject', { sub: '' }],
      ['a subject that is a number', { sub: 1 }],
      ['a subject that is a list', { sub: ['00000000-0000-4000-8000-000000000000'] }],
      ['a subject that is SQL', { sub: "' OR 1=1 --" }],
      ['no session', { sid: undefined }],
      ['a session that is null', { sid: null }],
      ['no role', { role: undefined }],
      ['an unknown role', { role: 'root' }],
      ['a list of roles', { role: ['admin'] }],
      ['no epoch', { epoch: undefined }],
      ['an epoch that is text', { epoch: '0' }],
      ['no jti', { jti: undefined }],
      ['no iat', { iat: undefined }],
      ['an iat that is text', { iat: '1' }],
      ['no exp', { exp: undefined }],
      ['an exp that is null', { exp: null }],
      ['an exp that is text', { exp: '99999999999' }],
      ['an exp that is a list', { exp: [99999999999] }],
      ['an exp of 1e300', { exp: 1e300 }],
      ['an exp that is no whole number', { exp: 99999999999.5 }],
      ['an nbf that is text', { nbf: 'soon' }],
      ['an nbf in the future', { nbf: 99999999999 }],
    ])('are refused with %s', async (_, changes) => {
      await expectRefused(signJwt({ header: header(), payload: claims(changes), secret: SECRET }));
    });

    it('are refused when they expired more than a minute ago', async () => {
      await expectRefused(
        signJwt({ header: header(), payload: claims({ exp: now() - 61 }), secret: SECRET }),
        'token_expired',
      );
      await expectRefused(signJwt({ header: header(), payload: claims({ exp: -1 }), secret: SECRET }), 'token_expired');
      expect(
        (await me(signJwt({ header: header(), payload: claims({ exp: now() - 30 }), secret: SECRET }))).status,
      ).toBe(200);
    });

    it('are refused when they were issued more than a minute ahead', async () => {
      await expectRefused(signJwt({ header: header(), payload: claims({ iat: now() + 90 }), secret: SECRET }));
      expect(
        (await me(signJwt({ header: header(), payload: claims({ iat: now() + 30 }), secret: SECRET }))).status,
      ).toBe(200);
    });

    it.each(['null', '[]', '"text"', '5', 'true', '', '{', '[{"iss":"roost"}]'])(
      'are refused when they are %j',
      async (payload) => {
        await expectRefused(signJwt({ header: header(), payload, secret: SECRET }));
      },
    );

    it('are refused when they name another person than was signed', async () => {
      const eve = await person(app, 'eve');
      const [head, , signature] = eve.access_token.split('.');
      const forged = jwtPart({ ...claimsOf(eve.access_token), sub: ada.id, role: 'admin' });
      await expectRefused(`${head}.${forged}.${signature}`);
    });
  });

  describe('by their signature [V9.1.1] [T09]', () => {
    it.each(['', 'secret', 'roost', `${SECRET} `, SECRET.slice(1)])('are refused with the key %j', async (secret) => {
      await expectRefused(signJwt({ header: header(), payload: claims(), secret }));
    });

    it('are refused with any character altered, though the true one is remembered', async () => {
      expect((await me(ada.access_token)).status).toBe(200);
      for (let at = 0; at < ada.access_token.length; at += 7) {
        const other = ada.access_token[at] === 'A' ? 'B' : 'A';
        await expectRefused(`${ada.access_token.slice(0, at)}${other}${ada.access_token.slice(at + 1)}`);
      }
    });

    it.each<[string, (token: string) => string]>([
      ['truncated', (token) => token.slice(0, -1)],
      ['without their payload', (token) => token.replace(/\.[^.]+\./, '..')],
      ['without their header', (token) => token.replace(/^[^.]+/, '')],
      ['with a fourth part', (token) => `${token}.`],
      ['with five parts, as if encrypted', (token) => `${token}.a.b`],
      ['padded', (token) => `${token}=`],
      ['in other spelling of the last bits', (token) => token.slice(0, -1) + respell(token.slice(-1))],
      ['in base64', (token) => token.replaceAll('-', '+').replaceAll('_', '/') + '='],
      ['of 12 kB', (token) => token + 'A'.repeat(12_000)],
      ['reduced to dots', () => '..'],
    ])('are refused when %s', async (_, alter) => {
      await expectRefused(alter(ada.access_token));
    });

    it('are refused, by Node itself, when they are longer than headers may be', async () => {
      const answer = await fetch(`${app.url}/api/v1/auth/me`, {
        headers: { authorization: `Bearer ${'A'.repeat(100_000)}` },
      });
      expect(answer.status).toBe(431);
    });
  });

  describe('are no', () => {
    it('refresh tokens, and the other way round [V9.2.2] [R06] [T07]', async () => {
      await expectRefused(ada.refresh_token);
      const answer = await app.api.post('/auth/refresh', { refresh_token: ada.access_token });
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
    });

    it('tokens of an application that shares the secret [V9.2.4] [V10.3.1]', async () => {
      const payload = claims({ iss: 'other', aud: 'other' });
      await expectRefused(signJwt({ header: header(), payload, secret: SECRET }));
      const other = await TestApp.start({
        sharing: app,
        env: { JWT_SECRET: SECRET, JWT_ISSUER: 'other', JWT_AUDIENCE: 'other' },
      });
      try {
        const token = signJwt({ header: header(), payload, secret: SECRET });
        expect((await other.api.as(token).get('/auth/me')).status).toBe(200);
        expect((await other.api.as(ada.access_token).get('/auth/me')).status).toBe(401);
      } finally {
        await other.stop();
      }
    });
  });

  it('live for as long as the configuration says', async () => {
    const short = await TestApp.start({ env: { JWT_ACCESS_TTL: '5m' } });
    try {
      const bob = await person(short, 'bob');
      const { exp, iat } = claimsOf(bob.access_token);
      expect(exp - iat).toBe(300);
      expect((await bob.api.get('/auth/me')).status).toBe(200);
      short.clock.advance('7m');
      const late = await bob.api.get('/auth/me');
      expect([late.status, late.body.code]).toEqual([401, 'token_expired']);
      const refreshed = await short.api.post('/auth/refresh', { refresh_token: bob.refresh_token });
      expect(refreshed.body.expires_in).toBe(300);
      expect((await short.api.as(refreshed.body.access_token).get('/auth/me')).status).toBe(200);
    } finally {
      await short.stop();
    }
  });

  describe('in the Authorization header', () => {
    it.each([
      ['nothing', undefined],
      ['an empty text', ''],
      ['Basic credentials', 'Basic YWRhOmFkYQ=='],
      ['the scheme alone', 'Bearer'],
      ['no token68', 'Bearer {"protected":"a","payload":"b","signature":"c"}'],
    ])('are asked for, without an error code, where there is %s', async (_, authorization) => {
      const client = authorization === undefined ? app.api : app.api.with({ authorization });
      const answer = await client.get('/auth/me');
      expect([answer.status, answer.body.code]).toEqual([401, 'authentication_required']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="roost"');
    });

    it('are taken whatever the case of the scheme', async () => {
      expect((await app.api.with({ authorization: `bEARER ${ada.access_token}` }).get('/auth/me')).status).toBe(200);
    });

    it.each([
      (token: string) => `Bearer ${token} ${token}`,
      (token: string) => `Bearer ${token}, Bearer ${token}`,
      (token: string) => `Bearer ${token},${token}`,
      (token: string) => `x Bearer ${token}`,
      (token: string) => `Bearer "${token}"`,
      (token: string) => token,
    ])('are taken alone only', async (authorization) => {
      expect((await app.api.with({ authorization: authorization(ada.access_token) }).get('/auth/me')).status).toBe(401);
    });

    it('are not looked for anywhere else [R12] [V14.2.1]', async () => {
      const token = encodeURIComponent(ada.access_token);
      expect((await app.api.get(`/auth/me?access_token=${token}&token=${token}`)).status).toBe(401);
      expect((await app.api.with({ cookie: `access_token=${token}` }).get('/auth/me')).status).toBe(401);
      expect((await app.api.post('/auth/logout', { access_token: ada.access_token })).status).toBe(400);
    });
  });

  describe('GET /.well-known/jwks.json', () => {
    it('shows no key, as there is no public one', async () => {
      const answer = await app.api.get('/.well-known/jwks.json');
      expect([answer.status, answer.body]).toEqual([200, { keys: [] }]);
    });
  });
});

/** The last character of 32 bytes in base64url carries two bits that mean nothing. */
function respell(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) ^ 1] ?? '';
}
