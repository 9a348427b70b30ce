/** Sessions on the wire. */

import { USER_AGENT_MAX_LENGTH } from '../../common/actor.js';
import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import type { KeptSession, LiveSession } from './sessions.query.js';
import { ApiIp, ApiText, ApiTime, ApiUuid } from '../../http/openapi/fields.js';

/** The highest SESSIONS_PER_USER. */
export const SESSIONS_PER_USER_MAX = 1_000;

/** A live session of the caller's. */
export class SessionResponse {
  @ApiUuid()
  id: string;
  @ApiTime()
  created_at: string;
  /** Of the last login or refresh. */
  @ApiTime()
  last_used_at: string;
  /** When it ends unless it is used; never later than SESSION_ABSOLUTE_TTL after its login. */
  @ApiTime()
  expires_at: string;
  /** Address of the last login or refresh. */
  @ApiIp({ nullable: true })
  ip: string | null;
  /** The beginning of its User-Agent. */
  @ApiText(USER_AGENT_MAX_LENGTH, { nullable: true })
  user_agent: string | null;
  /** Whether it is the one that asks. */
  current: boolean;
}

export function presentSession(session: LiveSession, currentId: string): SessionResponse {
  return {
    id: session.id,
    created_at: isoTimestamp(session.createdAt),
    last_used_at: isoTimestamp(session.lastUsedAt),
    expires_at: isoTimestamp(session.expiresAt),
    ip: session.ip,
    user_agent: session.userAgent,
    current: session.id === currentId,
  };
}

/** A session of the caller's, which may have ended. */
@Exported('sessions')
export class ExportedSession extends SessionResponse {
  /** When it was ended before its time; null when it was not. */
  @ApiTime({ nullable: true })
  ended_at: string | null;
}

export function presentKeptSession(session: KeptSession, currentId: string): ExportedSession {
  const ended_at = session.revokedAt === null ? null : isoTimestamp(session.revokedAt);
  return Object.assign(presentSession(session, currentId), { ended_at });
}
