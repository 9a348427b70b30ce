import { inTurn } from '../support/rolling.mjs';
import { HAS_HAPROXY } from '../support/typescript.mjs';

export const title = 'SIGTERM to two instances behind HAProxy in turn, at 200 requests a second';

export async function run(how) {
  if (!HAS_HAPROXY) return { skipped: 'HAProxy or openssl is not installed' };
  return inTurn(how, { rounds: Array(how.full ? 5 : 1).fill(undefined) });
}
