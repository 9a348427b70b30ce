/** Accounts on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import type { Role } from '../common/access.js';
import { isoTimestamp } from '../common/timestamps.js';
import { OptionalNotNull, OptionalNullable, Text } from '../http/input/validation.js';
import { EMAIL_MAX_LENGTH } from './email.js';
import { NewUsername, USERNAME } from './fields.js';
import type { User } from './user.js';
import { ApiText, ApiTime, ApiUuid } from '../http/openapi/fields.js';

export const DISPLAY_NAME = { min: 1, max: 50, blank: 'refused' } as const;
export const BIO = { max: 500 };

/** What is left out stays as it is. */
export class UpdateProfileRequest {
  /** Unique without regard to case; the case of one's own may be changed. */
  @OptionalNotNull()
  @NewUsername()
  username?: string;

  /** Not blank; `null` clears it. */
  @OptionalNullable()
  @Text({ ...DISPLAY_NAME, documented: { nullable: true } })
  display_name?: string | null;

  /** May have several lines; `null` clears it. */
  @OptionalNullable()
  @Text({ ...BIO, documented: { nullable: true } })
  bio?: string | null;
}

/** An account, as its owner sees it. */
export class AccountResponse {
  @ApiUuid()
  id: string;
  @ApiProperty({ format: 'email', maxLength: EMAIL_MAX_LENGTH })
  email: string;
  @ApiText(USERNAME.max)
  username: string;
  @ApiText(DISPLAY_NAME.max, { nullable: true })
  display_name: string | null;
  @ApiText(BIO.max, { nullable: true })
  bio: string | null;
  role: Role;
  /** Whether the owner of the address has confirmed it. */
  email_confirmed: boolean;
  @ApiTime()
  created_at: string;
  @ApiTime()
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
