/** Decides what a refresh token means for its session: a table of cases without I/O. */
import type { AccountStatus } from '../../users/user.js';
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

/** - `advance`: the newest token; it counts as used, and a new child is issued
 * - `repeat`: the used token within the grace (a second tab, a lost reply); the same child, byte for byte
 * - `replace`: the used token after the grace; a new child supersedes the earlier one
 * - `reuse`: an older or superseded token; two parties hold the session, so it ends
 * - `invalid`: an ended session or a generation never issued; nothing is revoked */
export type RefreshDecision = 'advance' | 'repeat' | 'replace' | 'reuse' | 'invalid' | 'disabled';

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
