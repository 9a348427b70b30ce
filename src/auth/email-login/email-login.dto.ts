/** Login by mail on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { invalid } from '../../common/errors.js';
import { digitsOf } from '../../common/text.js';
import { OptionalNotNull, Read, Text } from '../../http/input/validation.js';
import { ApiText } from '../../http/openapi/fields.js';
import { GivenEmail } from '../../users/fields.js';
import { GivenToken } from '../hashing/fields.js';
import { EMAIL_LOGIN_SECONDS, type MailedProof } from './email-login.service.js';

export class EmailLoginRequest {
  /** The code and the link are mailed to it if an account has it and has confirmed it. */
  @GivenEmail()
  email: string;
}

export class EmailLoginResponse {
  @ApiText(200)
  message: string;
  /** To be kept by the browser that asked, and sent with the code or the token. It is not in the mail. */
  @ApiText(100)
  login_request: string;
  /** Life of the request in seconds. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: EMAIL_LOGIN_SECONDS })
  expires_in: number;
}

export function presentEmailLogin(request: string): EmailLoginResponse {
  return {
    message: 'If an account has this address, a mail with a code is on its way.',
    login_request: request,
    expires_in: EMAIL_LOGIN_SECONDS,
  };
}

/** Exactly one of `code` and `token`. */
export class CompleteEmailLoginRequest {
  /** As `POST /auth/login/email` gave it. */
  @GivenToken()
  login_request: string;

  /** Eight digits, as people type them: spaces, hyphens and the digits of any script; may be tried five times. */
  @OptionalNotNull()
  @Read(digitsOf)
  @Text({ min: 8, max: 8, pattern: { regex: /^[0-9]{8}$/, detail: 'must be the eight digits of the mail' } })
  code?: string;

  /** From the link in the mail. */
  @OptionalNotNull()
  @GivenToken()
  token?: string;
}

/** @throws AppError `validation_failed` unless it is exactly one of the two */
export function mailedProofOf({ code, token }: CompleteEmailLoginRequest): MailedProof {
  if (code !== undefined && token === undefined) return { code };
  if (token !== undefined && code === undefined) return { token };
  const detail = 'exactly one of code and token is needed';
  throw invalid(...['#/code', '#/token'].map((pointer) => ({ pointer, code: 'exactly_one', detail })));
}
