import { createPublicKey, createSecretKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Algorithm, verify } from 'jsonwebtoken';

interface Vectors {
  readonly groups: {
    readonly alg: Algorithm;
    readonly key: JsonWebKey;
    readonly tests: { tcId: number; comment: string; jws: string; valid: boolean }[];
  }[];
}

const { groups } = JSON.parse(readFileSync(join(__dirname, '../data/json-web-signature.json'), 'utf8')) as Vectors;

/** The MAC is true for what was sent; the payload's encoding has stray bits or padding. */
const LAX = new Set([367, 370, 375]);
/** An empty payload, which no JWT has; characters outside the alphabet, which a decoder may skip. */
const STRICT = new Set([259, 372, 373]);

/** The library as JwtStrategy uses it, below the level of claims: there, a payload such as `foo` fails by itself. */
describe.each(groups)('jsonwebtoken with a key for $alg', ({ alg, key, tests }) => {
  const keyObject =
    key.kty === 'oct' ? createSecretKey(key.k ?? '', 'base64url') : createPublicKey({ key, format: 'jwk' });

  it.each(tests)('$tcId $comment [T08]', ({ tcId, jws, valid }) => {
    const check = (): unknown => verify(jws, keyObject, { algorithms: [alg], ignoreExpiration: true });
    if ((valid && !STRICT.has(tcId)) || LAX.has(tcId)) expect(check()).toBeDefined();
    else expect(check).toThrow();
  });
});
