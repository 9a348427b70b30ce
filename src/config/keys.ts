/** Keys for single purposes, derived from one secret (HKDF, RFC 5869), so that no two uses share a key. */
import { hkdfSync } from 'node:crypto';

export type KeyPurpose = 'access token key id' | 'cursor' | 'refresh token' | 'refresh token key id';

export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `roost ${purpose}`, 32));
}
