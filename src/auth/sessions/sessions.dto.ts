/** Sessions on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import type { KeptSession, LiveSession } from './sessions.query.js';

/** A live session of the caller's. */
export class SessionResponse {
  /** UUID. */
  id: string;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  /** Of the last login or refresh. */
  @ApiProperty({ format: 'date-time' })
  last_used_at: string;
  /** When it ends unless it is used; never later than SESSION_ABSOLUTE_TTL after its login. */
  @ApiProperty({ format: 'date-time' })
  expires_at: string;
  /** Address of the last login or refresh. */
  ip: string | null;
  /** At most 512 characters of what the client called itself. */
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
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  ended_at: string | null;
}

export function presentKeptSession(session: KeptSession, currentId: string): ExportedSession {
  const ended_at = session.revokedAt === null ? null : isoTimestamp(session.revokedAt);
  return Object.assign(presentSession(session, currentId), { ended_at });
}
