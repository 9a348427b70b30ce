/** `roost_pat_`, 256 random bits, and a CRC-32: secret scanners recognise tokens, and a typo costs no query. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const TOKEN_PREFIX = 'roost_pat_';
export const TOKEN_BYTES = 32;
/** Base58, without characters that look alike. 58^44 is more than 2^256, and 58^6 more than 2^32. */
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const [SECRET_LENGTH, CHECKSUM_LENGTH] = [44, 6];
export const TOKEN_LENGTH = TOKEN_PREFIX.length + SECRET_LENGTH + CHECKSUM_LENGTH;
export const TOKEN_PATTERN = `^${TOKEN_PREFIX}[1-9A-HJ-NP-Za-km-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`;
const WELL_FORMED = new RegExp(TOKEN_PATTERN);

export function tokenOf(bytes: Buffer): string {
  const unchecked = TOKEN_PREFIX + base58(BigInt(`0x${bytes.toString('hex')}`), SECRET_LENGTH);
  return unchecked + checksumOf(unchecked);
}

export function isWellFormed(token: string): boolean {
  if (!WELL_FORMED.test(token)) return false;
  return checksumOf(token.slice(0, -CHECKSUM_LENGTH)) === token.slice(-CHECKSUM_LENGTH);
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export function lastFourOf(token: string): string {
  return token.slice(-4);
}

function checksumOf(unchecked: string): string {
  return base58(BigInt(crc32(unchecked)), CHECKSUM_LENGTH);
}

function base58(value: bigint, length: number): string {
  let [left, text] = [value, ''];
  while (text.length < length) {
    text = ALPHABET.charAt(Number(left % 58n)) + text;
    left /= 58n;
  }
  return text;
}
