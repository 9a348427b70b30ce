/** Administration on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { type Role, ROLES } from '../common/access.js';
import { isoTimestamp } from '../common/timestamps.js';
import { OneOf, OptionalNullable, Text, Timestamp } from '../common/validation.js';
import type { AccountStatus } from '../users/user.entity.js';
import { AccountResponse } from '../users/users.dto.js';
import type { ListedUser } from '../users/users.query.js';

export class ChangeRoleRequest {
  @OneOf(ROLES)
  role: Role;
}

export class DisableUserRequest {
  /** For the audit and for other moderators; its subject does not see it. */
  @Text({ min: 1, max: 500, blank: 'refused' })
  reason: string;

  /** When it ends by itself; left out or `null`: when it is enabled. */
  @OptionalNullable()
  @Timestamp()
  until?: string | null;
}

/** An account, as admins see it. */
export class UserResponse extends AccountResponse {
  @ApiProperty({ enum: ['active', 'disabled'] })
  status: AccountStatus;
  /** When it is enabled by itself; null when it is active, or disabled until somebody enables it. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  disabled_until: string | null;
  disabled_reason: string | null;
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
  };
}
