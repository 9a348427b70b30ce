import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { verify } from 'jsonwebtoken';

import { ALGORITHM } from '../../src/auth/tokens.js';

interface Vectors {
  readonly groups: { k: string; tests: { tcId: number; comment: string; jws: string; valid: boolean }[] }[];
}

const { groups } = JSON.parse(readFileSync(join(__dirname, '../data/json-web-signature.json'), 'utf8')) as Vectors;

/** The MAC is true for what was sent; the payload's encoding has stray bits or padding. */
const LAX = new Set([367, 370, 375]);
/** Characters outside the alphabet, which a decoder may skip. */
const STRICT = new Set([372, 373]);

/** The library as JwtStrategy uses it, below the level of claims: there, a payload such as `foo` fails by itself. */
describe.each(groups)('jsonwebtoken with the key $k', ({ k, tests }) => {
  it.each(tests)('$tcId $comment', ({ tcId, jws, valid }) => {
    const check = (): unknown =>
      verify(jws, createSecretKey(k, 'base64url'), { algorithms: [ALGORITHM], ignoreExpiration: true });
    if ((valid && !STRICT.has(tcId)) || LAX.has(tcId)) expect(check()).toBeDefined();
    else expect(check).toThrow();
  });
});
