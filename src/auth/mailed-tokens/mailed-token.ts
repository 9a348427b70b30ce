import { createHash } from 'node:crypto';

import type { Random } from '../../common/random.js';

const BYTES = 32;

export function newToken(random: Random): { token: string; tokenHash: Buffer } {
  const token = random.bytes(BYTES).toString('base64url');
  return { token, tokenHash: hashOf(token) };
}

/** Hashes the text, not its decoded bytes: no second spelling of a token is valid. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
