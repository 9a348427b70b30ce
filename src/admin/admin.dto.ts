/** Administration on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { type Role, ROLES } from '../common/access.js';
import { AUDIT_ACTIONS, type AuditAction } from '../audit/actions.js';
import type { AuditedState, ListedAuditEvent } from '../audit/audit.query.js';
import { countedNouns } from '../common/registries/counted-daily.js';
import { isoTimestamp } from '../common/timestamps.js';
import { PageQuery } from '../http/input/page-query.dto.js';
import {
  OneOf,
  OptionalNotNull,
  OptionalNullable,
  QueryFlag,
  QueryTime,
  Text,
  Timestamp,
  Uuid,
} from '../http/input/validation.js';
import type { AccountStatus, DeletionKind } from '../users/user.js';
import { Email, NewUsername } from '../users/fields.js';
import { AccountResponse } from '../users/users.dto.js';
import { type ListedUser, USER_SORTS, type UserSort } from '../users/users.query.js';
import type { Stats } from './stats.query.js';
import { ApiBigint, ApiCount, ApiIp, ApiText, ApiTime, ApiUuid } from '../http/openapi/fields.js';
import { USER_AGENT_MAX_LENGTH } from '../common/actor.js';

const REASON = { min: 1, max: 500, blank: 'refused' } as const;
const STATUSES = ['active', 'disabled'] as const;
const DELETIONS = ['own', 'staff'] as const satisfies readonly DeletionKind[];

export class ListUsersQuery extends PageQuery {
  /** Only accounts whose e-mail, username or name contains this text, without regard to case, or whose id it is. */
  @OptionalNotNull()
  @Text({ min: 1, max: 255 })
  q?: string;

  @OptionalNotNull()
  @OneOf(ROLES)
  role?: Role;

  @OptionalNotNull()
  @OneOf(STATUSES)
  status?: AccountStatus;

  /** Whether the owner of the address has confirmed it. */
  @OptionalNotNull()
  @QueryFlag()
  confirmed?: boolean;

  /** Whether it is going to be deleted. */
  @OptionalNotNull()
  @QueryFlag()
  deleting?: boolean;

  /** Not created before this date or time. */
  @OptionalNotNull()
  @QueryTime()
  created_from?: string;

  /** Created before this date or time. */
  @OptionalNotNull()
  @QueryTime()
  created_to?: string;

  /** `-` is descending; equal keys are ordered by id. */
  @OptionalNotNull()
  @OneOf(USER_SORTS)
  sort: UserSort = '-created_at';
}

export class ListAuditQuery extends PageQuery {
  /** UUID of who did it. */
  @OptionalNotNull()
  @Uuid()
  actor?: string;

  /** UUID of whose account it is about. */
  @OptionalNotNull()
  @Uuid()
  subject?: string;

  @OptionalNotNull()
  @OneOf(AUDIT_ACTIONS)
  action?: AuditAction;

  /** Not before this date or time. */
  @OptionalNotNull()
  @QueryTime()
  from?: string;

  /** Before this date or time. */
  @OptionalNotNull()
  @QueryTime()
  to?: string;
}

export class InviteUserRequest {
  /** The invitation is mailed to it. */
  @Email()
  email: string;

  /** Unique without regard to case; a random one is given when none is chosen. */
  @OptionalNotNull()
  @NewUsername()
  username?: string;

  @OptionalNotNull()
  @OneOf(ROLES)
  role: Role = 'user';
}

export class ChangeRoleRequest {
  @OneOf(ROLES)
  role: Role;
}

export class DisableUserRequest {
  /**
   * For the audit and for other moderators; its subject does not see it. The audit keeps it for AUDIT_RETENTION, also after the
   * account was erased: name nobody in it.
   */
  @Text(REASON)
  reason: string;

  /** When it ends by itself; left out or `null`: when it is enabled. */
  @OptionalNullable()
  @Timestamp()
  until?: string | null;
}

/** An account, as admins see it. */
export class UserResponse extends AccountResponse {
  @ApiProperty({ enum: STATUSES })
  status: AccountStatus;
  /** When it is enabled by itself; null when it is active, or disabled until somebody enables it. */
  @ApiTime({ nullable: true })
  disabled_until: string | null;
  @ApiText(REASON.max, { nullable: true })
  disabled_reason: string | null;
  /** Who deletes it: its owner, whose login cancels that, or an admin; null when nobody does. */
  @ApiProperty({ type: 'string', enum: [...DELETIONS, null], nullable: true })
  deletion: DeletionKind | null;
  /** When its deletion becomes final. */
  @ApiTime({ nullable: true })
  deletes_at: string | null;
}

export function presentUser(user: ListedUser): UserResponse {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    display_name: user.displayName,
    bio: user.bio,
    role: user.role,
    email_confirmed: user.emailConfirmedAt !== null,
    created_at: isoTimestamp(user.createdAt),
    updated_at: isoTimestamp(user.updatedAt),
    status: user.status,
    disabled_until: user.disabledUntil === null ? null : isoTimestamp(user.disabledUntil),
    disabled_reason: user.disabledReason,
    deletion: user.deletion,
    deletes_at: user.deleteAfter === null ? null : isoTimestamp(user.deleteAfter),
  };
}

export class AuditEventResponse {
  @ApiBigint()
  id: string;
  @ApiTime()
  at: string;
  @ApiProperty({ enum: AUDIT_ACTIONS })
  action: AuditAction;
  /** Who did it; null when that is not known. */
  @ApiUuid({ nullable: true })
  actor_id: string | null;
  /** Whose account it is about; null when there is none. It may be gone. */
  @ApiUuid({ nullable: true })
  subject_id: string | null;
  @ApiUuid({ nullable: true })
  session_id: string | null;
  @ApiIp({ nullable: true })
  ip: string | null;
  @ApiText(USER_AGENT_MAX_LENGTH, { nullable: true })
  user_agent: string | null;
  /** Of `X-Request-Id` and of the logs. */
  @ApiUuid({ nullable: true })
  request_id: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  before: AuditedState | null;
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  after: AuditedState | null;
}

export function presentAuditEvent(event: ListedAuditEvent): AuditEventResponse {
  return {
    id: event.id,
    at: isoTimestamp(event.at),
    action: event.action,
    actor_id: event.actorId,
    subject_id: event.subjectId,
    session_id: event.sessionId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    before: event.before,
    after: event.after,
  };
}

class AccountCounts {
  @ApiCount()
  total: number;
  @ApiCount()
  confirmed: number;
  @ApiCount()
  disabled: number;
}

/** Accounts that logged in, refreshed or did something of note. */
class ActiveCounts {
  /** Within 24 hours. */
  @ApiCount()
  day: number;
  /** Within 7 days. */
  @ApiCount()
  week: number;
  /** Within 30 days. */
  @ApiCount()
  month: number;
}

class DayCount {
  /** In UTC. */
  @ApiProperty({ format: 'date' })
  date: string;
  @ApiCount()
  created: number;
}

export class StatsResponse {
  /** When `accounts` and `active` were counted: once a day by a job, and for this answer while there are few rows. */
  @ApiTime()
  counted_at: string;
  accounts: AccountCounts;
  active: ActiveCounts;
}

const BY_DAY =
  'Of the last 30 days, today last. A day that is over keeps its count; of today, what was deleted is not counted.';

/** Called when all nouns have been imported. */
export function documentCounts(): void {
  for (const { table, about } of countedNouns()) {
    const description = about === undefined ? BY_DAY : `${BY_DAY} ${about}`;
    ApiProperty({ type: [DayCount], maxItems: 30, description })(StatsResponse.prototype, table);
  }
}

export function presentStats({ countedAt, created, ...counted }: Stats): StatsResponse {
  return { counted_at: countedAt, ...counted, ...created };
}
