import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export type KeyPurpose =
  | 'access token key id'
  | 'confirmation code'
  | 'cursor'
  | 'known address'
  | 'idempotency'
  | 'login guard'
  | 'login ticket'
  | 'mail'
  | 'mail address'
  | 'mailed login'
  | 'refresh token'
  | 'refresh token key id'
  | 'second factor';

/** HKDF (RFC 5869): no two purposes share a key. */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `roost ${purpose}`, 32));
}

const KEY_ID_BYTES = 4;

export interface SealingKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

export function sealingKey(secret: string, purpose: KeyPurpose): SealingKey {
  const key = deriveKey(secret, purpose);
  return { key, id: fingerprint(key, 'id').subarray(0, KEY_ID_BYTES) };
}

/** HMAC-SHA-256. The texts must not contain NUL. */
export function fingerprint(key: Buffer, ...texts: string[]): Buffer {
  return createHmac('sha256', key).update(texts.join('\0')).digest();
}

export function equalSecrets(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}

/** RFC 9110 section 11.1: the scheme is in any case. */
export function bearsSecret(authorization: string, secret: string): boolean {
  return equalSecrets(/^bearer +(.*)$/is.exec(authorization)?.[1] ?? '', secret);
}

const CIPHER = 'aes-256-gcm';
export const SEAL_IV_BYTES = 12;
const TAG_BYTES = 16;

interface Sealing {
  readonly key: Buffer;
  readonly iv: Buffer;
  /** Authenticated: what was sealed opens under its own id only. */
  readonly id: string;
}

export function seal({ key, iv, id }: Sealing, bytes: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(id));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

export function unseal({ key, id }: Omit<Sealing, 'iv'>, sealed: Buffer): Buffer | undefined {
  if (sealed.length < SEAL_IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, SEAL_IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(SEAL_IV_BYTES, SEAL_IV_BYTES + TAG_BYTES));
  const bytes = decipher.update(sealed.subarray(SEAL_IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([bytes, decipher.final()]);
  } catch {
    return undefined;
  }
}
