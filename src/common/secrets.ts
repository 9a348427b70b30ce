import { createHash, timingSafeEqual } from 'node:crypto';

/** Constant time, also for different lengths. */
export function equalSecrets(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
