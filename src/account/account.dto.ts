/** One's own account on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { ActivityResponse } from '../audit/audit.dto.js';
import { presentSession, SessionResponse } from '../auth/auth.dto.js';
import type { KeptSession } from '../auth/sessions.query.js';
import { isoTimestamp } from '../common/timestamps.js';
import { OptionalNotNull, OptionalNullable, Text } from '../common/validation.js';
import { TaskResponse } from '../tasks/tasks.dto.js';
import { AccountResponse, NewUsername } from '../users/users.dto.js';

/** What is left out stays as it is. */
export class UpdateProfileRequest {
  /** Unique without regard to case; the case of one's own may be changed. */
  @OptionalNotNull()
  @NewUsername()
  username?: string;

  /** Not blank; `null` clears it. */
  @OptionalNullable()
  @Text({ min: 1, max: 50, blank: 'refused', documented: { nullable: true } })
  display_name?: string | null;

  /** May have several lines; `null` clears it. */
  @OptionalNullable()
  @Text({ max: 500, documented: { nullable: true } })
  bio?: string | null;
}

/** A session of the caller's, which may have ended. */
export class ExportedSession extends SessionResponse {
  /** When it was ended before its time; null when it was not. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  ended_at: string | null;
}

export function presentKeptSession(session: KeptSession, currentId: string): ExportedSession {
  const ended_at = session.revokedAt === null ? null : isoTimestamp(session.revokedAt);
  return Object.assign(presentSession(session, currentId), { ended_at });
}

/** Everything of a person. */
export class ExportResponse {
  @ApiProperty({ format: 'date-time' })
  exported_at: string;
  profile: AccountResponse;
  @ApiProperty({ type: [ExportedSession] })
  sessions: ExportedSession[];
  @ApiProperty({ type: [TaskResponse] })
  tasks: TaskResponse[];
  /** As `GET /users/me/activity` has it, the newest first. */
  @ApiProperty({ type: [ActivityResponse] })
  audit: ActivityResponse[];
}
