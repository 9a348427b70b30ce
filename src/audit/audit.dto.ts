/** The audit on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { Exported } from '../common/personal-data.js';
import { isoTimestamp } from '../common/timestamps.js';
import { AUDIT_ACTIONS, type AuditAction } from './actions.js';
import type { ListedAuditEvent } from './audit.query.js';
import { ApiBigint, ApiIp, ApiText, ApiTime, ApiUuid } from '../http/openapi/fields.js';
import { USER_AGENT_MAX_LENGTH } from '../common/actor.js';

const ACTORS = ['self', 'staff', 'unknown'] as const;

/** Something that happened to the caller's account. */
@Exported('audit', 'As `GET /users/me/activity` has it, the newest first.')
export class ActivityResponse {
  @ApiBigint()
  id: string;
  @ApiTime()
  at: string;
  @ApiProperty({ enum: AUDIT_ACTIONS })
  action: AuditAction;
  /** The caller, a moderator or admin, or whoever did not prove to be the caller. */
  @ApiProperty({ enum: ACTORS })
  by: (typeof ACTORS)[number];
  /** The session that it is about, or that it was done in; or the personal access token that it was done with. */
  @ApiUuid({ nullable: true })
  session_id: string | null;
  /** Not told of moderators and admins. */
  @ApiIp({ nullable: true })
  ip: string | null;
  /** Not told of moderators and admins. */
  @ApiText(USER_AGENT_MAX_LENGTH, { nullable: true })
  user_agent: string | null;
  /** Why, where that is known: of a session's end, or of a failed login. */
  @ApiText(100, { nullable: true })
  reason: string | null;
}

export function presentActivity(event: ListedAuditEvent): ActivityResponse {
  const by = event.actorId === null ? 'unknown' : event.actorId === event.subjectId ? 'self' : 'staff';
  const reason = by === 'staff' ? null : event.after?.reason;
  return {
    id: event.id,
    at: isoTimestamp(event.at),
    action: event.action,
    by,
    session_id: event.sessionId,
    ip: by === 'staff' ? null : event.ip,
    user_agent: by === 'staff' ? null : event.userAgent,
    reason: typeof reason === 'string' ? reason : null,
  };
}
