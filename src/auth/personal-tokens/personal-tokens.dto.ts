/** Personal access tokens on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { Field, Integer, Text } from '../../http/input/validation.js';
import { ApiText, ApiTime, ApiUuid } from '../../http/openapi/fields.js';
import type { MadeToken } from './personal-tokens.js';
import type { PersonalToken } from './personal-tokens.query.js';
import { TOKEN_LENGTH, TOKEN_PATTERN } from './token-format.js';

const NAME = { min: 1, max: 100, blank: 'refused', documented: { examples: ['nightly backup'] } } as const;
const SCOPE_MAX_LENGTH = 60;
const SCOPES_MAX = 50;
const LISTED_SCOPES = {
  type: 'array',
  maxItems: SCOPES_MAX,
  items: { type: 'string', maxLength: SCOPE_MAX_LENGTH },
} as const;

export class CreateTokenRequest {
  /** For oneself: what the token is for. */
  @Text(NAME)
  name: string;

  /** What the token may do. A route says which scope it needs; `…:write` does not include `…:read`. */
  @Field(
    { type: 'array', minItems: 1, maxItems: SCOPES_MAX, items: { type: 'string', format: 'scope' } },
    {
      code: 'wrong_type',
      detail: 'must be a list of scopes',
      holds: (value) => Array.isArray(value) && value.every((scope) => typeof scope === 'string'),
    },
    {
      code: 'out_of_range',
      detail: `must have from 1 to ${SCOPES_MAX} scopes`,
      holds: (value) => (value as unknown[]).length > 0 && (value as unknown[]).length <= SCOPES_MAX,
    },
  )
  scopes: string[];

  /** After how many days, each of 24 hours, it stops working. */
  @Integer({ min: 1, max: 366 })
  expires_in_days: number;
}

/** A personal access token without its secret, which is not kept. */
export class TokenResponse {
  @ApiUuid()
  id: string;
  @ApiText(NAME.max)
  name: string;
  @ApiProperty(LISTED_SCOPES)
  scopes: string[];
  /** The end of the token, to tell it from others. */
  @ApiText(4)
  last_four: string;
  @ApiTime()
  created_at: string;
  @ApiTime()
  expires_at: string;
  /** Noted once an hour; null: not used yet. */
  @ApiTime({ nullable: true })
  last_used_at: string | null;
}

/** A new token. It is not shown again. */
export class CreatedTokenResponse extends TokenResponse {
  /** Send it as `Authorization: Bearer <token>`. */
  @ApiProperty({ type: 'string', pattern: TOKEN_PATTERN, maxLength: TOKEN_LENGTH })
  token: string;
}

/** A personal access token, which may have ended. */
@Exported('personal_tokens')
export class ExportedToken extends TokenResponse {
  /** When it was revoked; null when it was not. */
  @ApiTime({ nullable: true })
  revoked_at: string | null;
}

export function presentToken(token: PersonalToken): TokenResponse {
  return {
    id: token.id,
    name: token.name,
    scopes: [...token.scopes],
    last_four: token.lastFour,
    created_at: isoTimestamp(token.createdAt),
    expires_at: isoTimestamp(token.expiresAt),
    last_used_at: token.lastUsedAt === null ? null : isoTimestamp(token.lastUsedAt),
  };
}

export function presentCreatedToken(token: MadeToken): CreatedTokenResponse {
  return Object.assign(presentToken(token), { token: token.token });
}

export function presentKeptToken(token: PersonalToken): ExportedToken {
  const revoked_at = token.revokedAt === null ? null : isoTimestamp(token.revokedAt);
  return Object.assign(presentToken(token), { revoked_at });
}
