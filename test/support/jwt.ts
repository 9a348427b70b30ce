/** JWTs made by hand, for what no library would sign. */
import { createHmac, type KeyObject, randomUUID, sign } from 'node:crypto';

import { deriveKey } from '../../src/common/crypto.js';

export interface Jwt {
  readonly header: unknown;
  readonly payload: unknown;
  readonly secret: string;
  readonly hash?: 'sha256' | 'sha384' | 'sha512';
}

/** @returns the three parts of the compact serialisation; text is taken as the JSON itself */
export function signJwt({ header, payload, secret, hash = 'sha256' }: Jwt): string {
  const signed = `${jwtPart(header)}.${jwtPart(payload)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

/** The same, signed with a private key: ES256 or RS256, whatever the header says. */
export function signJwtWith(key: KeyObject, { header, payload }: Omit<Jwt, 'secret'>): string {
  const signed = `${jwtPart(header)}.${jwtPart(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

export function jwtPart(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, any> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, any>;
}

export function accessTokenHeader(secret: string): Record<string, unknown> {
  return { alg: 'HS256', typ: 'at+jwt', kid: deriveKey(secret, 'access token key id').toString('hex', 0, 8) };
}

/** What the service itself would say of this person and session. */
export function accessTokenClaims(
  { sub, sid }: { sub: string; sid: string },
  nowSeconds: number,
): Record<string, unknown> {
  return {
    iss: 'roost',
    aud: 'roost',
    sub,
    sid,
    role: 'user',
    epoch: 0,
    iat: nowSeconds,
    exp: nowSeconds + 3_600,
    jti: randomUUID(),
  };
}
