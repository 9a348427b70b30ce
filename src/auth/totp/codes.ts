/** Time-based one-time passwords (RFC 6238): six digits, SHA-1, 30 seconds, as all authenticator apps know them. */
import { createHmac } from 'node:crypto';

import { equalSecrets } from '../../common/crypto.js';

export const SECRET_BYTES = 20;
const STEP_SECONDS = 30;
const DIGITS = 6;
/** A clock may differ by one step (RFC 6238 section 5.2). */
const NEIGHBOURS = [0, -1, 1];

export function codeOf(secret: Buffer, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

export function stepOf(epochSeconds: number): number {
  return Math.floor(epochSeconds / STEP_SECONDS);
}

export function matchingStep(secret: Buffer, code: string, epochSeconds: number): number | undefined {
  const now = stepOf(epochSeconds);
  return NEIGHBOURS.map((distance) => now + distance).find((step) => equalSecrets(code, codeOf(secret, step)));
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function base32(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32.charAt(parseInt(five.padEnd(5, '0'), 2))).join('');
}

/** https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
export function otpauthUrl(secret: Buffer, { issuer, account }: { issuer: string; account: string }): string {
  const label = [issuer, account].map(encodeURIComponent).join(':');
  const query = `secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_SECONDS}`;
  return `otpauth://totp/${label}?${query}`;
}
