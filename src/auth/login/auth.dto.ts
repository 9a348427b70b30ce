/** Registration, login and logout on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { invalid } from '../../common/errors.js';
import { OneOf, OptionalNotNull } from '../../http/input/validation.js';
import { Email, GivenEmail, NewUsername, Username } from '../../users/fields.js';
import type { AccountIdentifier } from '../../users/users.query.js';
import { GivenPassword, GivenToken, NewPassword } from '../hashing/fields.js';
import { SecondFactorProof } from '../second-factors/second-factors.dto.js';
import type { MfaTicket } from './second-step.js';
import { ApiText } from '../../http/openapi/fields.js';

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

/** How the document shows `LoginRequest`. */
export class LoginByEmail {
  @GivenEmail()
  email: string;
  @GivenPassword()
  password: string;
}

export class LoginByUsername {
  @Username()
  username: string;
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

export class RefreshRequest {
  @GivenToken()
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
  @GivenToken()
  refresh_token?: string;
}

/** The password is right, and the account has a second factor. */
export class MfaRequiredResponse {
  @ApiProperty({ type: 'boolean', enum: [true] })
  mfa_required: true;
  /** For `POST /auth/login/second-factor`, and good for nothing else. */
  @ApiText(200)
  mfa_ticket: string;
  /** The fields of `POST /auth/login/second-factor` of which one will do. */
  @ApiProperty({ type: 'array', maxItems: 10, items: { type: 'string', maxLength: 50 } })
  methods: readonly string[];
  /** Life of the ticket in seconds. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 3_600 })
  expires_in: number;
}

export function presentTicket({ ticket, methods, expiresInSeconds }: MfaTicket): MfaRequiredResponse {
  return { mfa_required: true, mfa_ticket: ticket, methods, expires_in: expiresInSeconds };
}

/** The ticket, and exactly one of the other fields. */
export class SecondStepRequest extends SecondFactorProof {
  /** As `POST /auth/login` gave it. */
  @GivenToken()
  mfa_ticket: string;
}
