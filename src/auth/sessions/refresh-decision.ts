/** What a refresh token means, given the session's row: the table of cases, without I/O. */
import type { AccountStatus } from '../../users/user.entity.js';
import type { RefreshTokenParts } from '../tokens/refresh-tokens.js';

export interface SessionState {
  readonly seq: number;
  readonly salt: Buffer;
  readonly prevSalt: Buffer | null;
  readonly rotatedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly accountStatus: AccountStatus;
}

/**
 * - `advance`: the newest token; it becomes the used one and a new child is minted
 * - `repeat`: the used token again within the grace (a second tab, a lost reply): the same child, byte for byte
 * - `replace`: the used token again after the grace: a new child, and the one given before is superseded
 * - `reuse`: older or superseded: two parties hold this session, so it ends
 * - `invalid`: ended, or a generation that was never given; nothing is revoked
 */
export type RefreshDecision = 'advance' | 'repeat' | 'replace' | 'reuse' | 'invalid' | 'disabled';

/**
 * @param presented parts of a token whose MAC is true
 * @param at the database's time, and the grace in milliseconds
 */
export function decideRefresh(
  session: SessionState,
  presented: RefreshTokenParts,
  at: { now: Date; graceMs: number },
): RefreshDecision {
  if (session.accountStatus === 'disabled') return 'disabled';
  if (session.revokedAt !== null || session.expiresAt <= at.now) return 'invalid';
  if (presented.seq > session.seq + 1) return 'invalid';
  if (presented.seq === session.seq + 1) return presented.salt.equals(session.salt) ? 'advance' : 'reuse';
  if (presented.seq < session.seq || session.prevSalt?.equals(presented.salt) !== true) return 'reuse';
  return at.now.getTime() - session.rotatedAt.getTime() <= at.graceMs ? 'repeat' : 'replace';
}
