/** Authentication on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { invalid } from '../common/errors.js';
import { codePoints, digitsOf } from '../common/text.js';
import { isoTimestamp } from '../common/timestamps.js';
import { Field, Flag, OneOf, OptionalNotNull, Read, Text } from '../http/validation.js';
import { Email, GivenEmail, NewUsername, Username } from '../users/users.dto.js';
import type { AccountIdentifier } from '../users/users.service.js';
import { PASSWORD_MAX_BYTES } from './passwords.js';
import type { LiveSession } from './sessions.query.js';

/** The least that PASSWORD_MIN_LENGTH can be; whether it asks for more is decided in Passwords. */
const PASSWORD_LEAST_LENGTH = 8;

/** A password that somebody chooses; whether it would be guessed is decided in Passwords, which knows whose it is. */
function NewPassword(): PropertyDecorator {
  return Field(
    { type: 'string', format: 'password', minLength: PASSWORD_LEAST_LENGTH, maxLength: PASSWORD_MAX_BYTES },
    { code: 'wrong_type', detail: 'must be a string', holds: (value) => typeof value === 'string' },
    {
      code: 'too_short',
      detail: `must have at least ${PASSWORD_LEAST_LENGTH} characters`,
      holds: (value) => codePoints(value as string) >= PASSWORD_LEAST_LENGTH,
    },
    {
      code: 'too_long',
      detail: `must have at most ${PASSWORD_MAX_BYTES} bytes in UTF-8`,
      holds: (value) => Buffer.byteLength(value as string) <= PASSWORD_MAX_BYTES,
    },
  );
}

/** A password that is only compared: a wrong, short or over-long one is refused like any other. */
function GivenPassword(): PropertyDecorator {
  return Text({ max: 100_000, documented: { format: 'password' } });
}

export class RegisterRequest {
  /** Unique without regard to case. */
  @Email()
  email: string;

  /**
   * At least PASSWORD_MIN_LENGTH characters (8 by default), at most 72 bytes in UTF-8; taken exactly as sent. What is
   * guessed first is refused: common passwords, repetitions and sequences, the account's own address or username.
   */
  @NewPassword()
  password: string;

  /** Unique without regard to case; a random one is given when none is chosen. */
  @OptionalNotNull()
  @NewUsername()
  username?: string;
}

/** Exactly one of `email` and `username`. */
export class LoginRequest {
  @OptionalNotNull()
  @GivenEmail()
  email?: string;

  @OptionalNotNull()
  @Username()
  username?: string;

  /** A wrong, short or over-long password is 401. */
  @GivenPassword()
  password: string;
}

/** @throws AppError `validation_failed` unless there is exactly one of the two */
export function identifierOf({ email, username }: LoginRequest): AccountIdentifier {
  if (email !== undefined && username === undefined) return { email };
  if (username !== undefined && email === undefined) return { username };
  const detail = 'exactly one of email and username is needed';
  throw invalid(...['#/email', '#/username'].map((pointer) => ({ pointer, code: 'exactly_one', detail })));
}

/** Longer than any body: whatever is no token of ours is 401. */
const TOKEN = { min: 1, max: 100_000 };

export class RefreshRequest {
  @Text(TOKEN)
  refresh_token: string;
}

export const LOGOUT_SCOPES = ['local', 'others', 'global'] as const;
export type LogoutScope = (typeof LOGOUT_SCOPES)[number];

export class LogoutRequest {
  /** With a bearer token: this session, all of the account's others, or all. */
  @OptionalNotNull()
  @OneOf(LOGOUT_SCOPES)
  scope?: LogoutScope;

  /** Without a bearer token: the session of this refresh token ends. */
  @OptionalNotNull()
  @Text(TOKEN)
  refresh_token?: string;
}

export class ChangePasswordRequest {
  /** A wrong, short or over-long one is 403. */
  @GivenPassword()
  current_password: string;

  /** Another than the current one, under the rules of registration. */
  @NewPassword()
  new_password: string;
}

export class ForgotPasswordRequest {
  /** The link is mailed to it if an account has it. */
  @GivenEmail()
  email: string;
}

/** Of an account whose address was confirmed by nobody yet, the person who resets it says whether it was theirs. */
export class ResetPasswordRequest {
  /**
   * From the mail; good once, for 30 minutes (7 days when it is an invitation), and until there is a newer one. The last
   * one that an address gets for now is good until it may get another.
   */
  @Text(TOKEN)
  token: string;

  /** Under the rules of registration. */
  @NewPassword()
  new_password: string;

  /**
   * True where somebody else made the account: it is erased with everything in it, and the address gets a new, empty one.
   * Only for an account that never confirmed its address.
   */
  @OptionalNotNull()
  @Flag()
  start_afresh?: boolean;
}

/** Either the `token` of the mail's link, or the address and the `code` of the mail. */
export class ConfirmEmailRequest {
  @OptionalNotNull()
  @Text(TOKEN)
  token?: string;

  @OptionalNotNull()
  @GivenEmail()
  email?: string;

  /** Six digits, as people type them: spaces, hyphens and the digits of any script; may be tried five times. */
  @OptionalNotNull()
  @Read(digitsOf)
  @Text({ min: 6, max: 6, pattern: { regex: /^[0-9]{6}$/, detail: 'must be the six digits of the mail' } })
  code?: string;
}

/** Presented by who has the mail. */
export type Confirmation = { readonly token: string } | { readonly email: string; readonly code: string };

/** @throws AppError `validation_failed` unless it is exactly one of the two */
export function confirmationOf({ token, email, code }: ConfirmEmailRequest): Confirmation {
  if (token !== undefined && email === undefined && code === undefined) return { token };
  if (token === undefined && email !== undefined && code !== undefined) return { email, code };
  const detail = 'either token, or email and code are needed';
  throw invalid(...['#/token', '#/code'].map((pointer) => ({ pointer, code: 'exactly_one', detail })));
}

export class UndoEmailRequest {
  /** From the mail to the old address; good once, for 7 days. */
  @Text(TOKEN)
  token: string;

  /** Under the rules of registration. */
  @NewPassword()
  new_password: string;
}

export class ChangeEmailRequest {
  /** Another than the account's own; the link is mailed to it. */
  @Email()
  email: string;

  /** A wrong, short or over-long one is 403. */
  @GivenPassword()
  current_password: string;
}

export class ResendConfirmationRequest {
  /** The mail is sent if it waits to be confirmed. */
  @GivenEmail()
  email: string;
}

export class TokensResponse {
  /** JWT, to be sent as `Authorization: Bearer`. */
  access_token: string;
  /** Good for one refresh; within the grace, the same one again gives the same answer. */
  refresh_token: string;
  token_type: 'bearer';
  /** Life of the access token in seconds. */
  @ApiProperty({ type: 'integer' })
  expires_in: number;
}

/** A public key; `crv`, `x` and `y` of an elliptic curve, `n` and `e` of RSA. */
export class JwkResponse {
  kty: string;
  use: string;
  alg: string;
  kid: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
}

export class JwksResponse {
  keys: JwkResponse[];
}

export class DeleteAccountRequest {
  @GivenPassword()
  current_password: string;
}

export class DeletionResponse {
  message: string;
  /** When it becomes final: the account and everything in it are erased from then on. */
  @ApiProperty({ format: 'date-time' })
  deletes_at: string;
}

export function presentDeletion(deletesAt: Date): DeletionResponse {
  return { message: 'The account is going to be deleted', deletes_at: isoTimestamp(deletesAt) };
}

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
