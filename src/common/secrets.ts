/** Secrets that a request presents. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** In constant time, also where the lengths differ. */
export function equalSecrets(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
