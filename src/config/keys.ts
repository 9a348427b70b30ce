/** Keys for single purposes, derived from one secret (HKDF, RFC 5869), so that no two uses share a key. */
import { createHmac, hkdfSync } from 'node:crypto';

export type KeyPurpose =
  | 'access token key id'
  | 'confirmation code'
  | 'cursor'
  | 'known address'
  | 'login guard'
  | 'mail'
  | 'mail address'
  | 'refresh token'
  | 'refresh token key id';

export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `roost ${purpose}`, 32));
}

/** HMAC-SHA-256. The texts must not contain NUL. */
export function fingerprint(key: Buffer, ...texts: string[]): Buffer {
  return createHmac('sha256', key).update(texts.join('\0')).digest();
}
