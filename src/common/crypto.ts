import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

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

/** HKDF (RFC 5869): no two purposes share a key. */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `roost ${purpose}`, 32));
}

/** HMAC-SHA-256. The texts must not contain NUL. */
export function fingerprint(key: Buffer, ...texts: string[]): Buffer {
  return createHmac('sha256', key).update(texts.join('\0')).digest();
}

export function equalSecrets(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
