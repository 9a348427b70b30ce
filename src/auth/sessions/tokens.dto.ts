/** The tokens of a session on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { ApiText } from '../../http/openapi/fields.js';
import type { Tokens } from './sessions.js';

const TOKEN_MAX_LENGTH = 4_000;

export class TokensResponse {
  /** JWT, to be sent as `Authorization: Bearer`. */
  @ApiText(TOKEN_MAX_LENGTH)
  access_token: string;
  /** Good for one refresh; within the grace, the same one again gives the same answer. */
  @ApiText(TOKEN_MAX_LENGTH)
  refresh_token: string;
  token_type: 'bearer';
  /** Life of the access token in seconds. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 86_400 })
  expires_in: number;
}

/** In cookie mode: the refresh token is in the cookie. */
export class CookieTokensResponse {
  /** JWT, to be sent as `Authorization: Bearer`; to be kept in memory only. */
  @ApiText(TOKEN_MAX_LENGTH)
  access_token: string;
  @ApiProperty({ type: 'string', enum: ['cookie'] })
  refresh_token_in: 'cookie';
  token_type: 'bearer';
  /** Life of the access token in seconds. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 86_400 })
  expires_in: number;
}

export function presentTokens({ accessToken, refreshToken, expiresInSeconds }: Tokens): TokensResponse {
  return {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: 'bearer',
    expires_in: expiresInSeconds,
  };
}
