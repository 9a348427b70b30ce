/** One's own account on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { ActivityResponse } from '../audit/audit.dto.js';
import { presentSession, SessionResponse } from '../auth/sessions/sessions.dto.js';
import type { KeptSession } from '../auth/sessions/sessions.query.js';
import { isoTimestamp } from '../common/timestamps.js';
import { TaskResponse } from '../tasks/tasks.dto.js';
import type { KeptPost } from '../timeline/posts/posts.query.js';
import type { KeptPerson } from '../timeline/people/people.query.js';
import { AccountResponse } from '../users/users.dto.js';

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

/** A post of the caller's, which may be deleted. */
export class ExportedPost {
  id: string;
  text: string;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  deleted_at: string | null;
}

export function presentKeptPost({ id, text, createdAt, deletedAt }: KeptPost): ExportedPost {
  const deleted_at = deletedAt === null ? null : isoTimestamp(deletedAt);
  return { id, text, created_at: isoTimestamp(createdAt), deleted_at };
}

/** Somebody in a list of the caller's. */
export class ExportedPerson {
  /** UUID. */
  id: string;
  username: string;
  @ApiProperty({ format: 'date-time' })
  since: string;
}

export function presentKeptPerson({ id, username, since }: KeptPerson): ExportedPerson {
  return { id, username, since: isoTimestamp(since) };
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
  @ApiProperty({ type: [ExportedPost] })
  posts: ExportedPost[];
  @ApiProperty({ type: [ExportedPerson] })
  following: ExportedPerson[];
  @ApiProperty({ type: [ExportedPerson] })
  followers: ExportedPerson[];
  @ApiProperty({ type: [ExportedPerson] })
  mutes: ExportedPerson[];
  @ApiProperty({ type: [ExportedPerson] })
  blocks: ExportedPerson[];
  /** As `GET /users/me/activity` has it, the newest first. */
  @ApiProperty({ type: [ActivityResponse] })
  audit: ActivityResponse[];
}
