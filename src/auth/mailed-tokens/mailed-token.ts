/** What a mailed link carries: 32 random bytes, of which the database has the hash. */
import { createHash } from 'node:crypto';

import type { Random } from '../../common/random.js';

const BYTES = 32;

export function newToken(random: Random): { token: string; tokenHash: Buffer } {
  const token = random.bytes(BYTES).toString('base64url');
  return { token, tokenHash: hashOf(token) };
}

/** Of the text and not of what it decodes to: no other spelling is the same token. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
