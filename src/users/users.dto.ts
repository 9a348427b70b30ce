/** Accounts on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import type { Role } from '../common/access.js';
import { isoTimestamp } from '../common/timestamps.js';
import { OptionalNotNull, OptionalNullable, Text } from '../http/input/validation.js';
import { NewUsername } from './fields.js';
import type { User } from './user.js';

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

/** An account, as its owner sees it. */
export class AccountResponse {
  /** UUID. */
  id: string;
  email: string;
  username: string;
  display_name: string | null;
  bio: string | null;
  role: Role;
  /** Whether the owner of the address has confirmed it. */
  email_confirmed: boolean;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export function presentAccount(user: User): AccountResponse {
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
  };
}
