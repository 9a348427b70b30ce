/** The address of an account on the wire. */
import { invalid } from '../../common/errors.js';
import { digitsOf } from '../../common/text.js';
import { OptionalNotNull, Read, Text } from '../../http/input/validation.js';
import { Email, GivenEmail } from '../../users/fields.js';
import { GivenPassword, GivenToken, NewPassword } from '../hashing/fields.js';

/** Either the `token` of the mail's link, or the address and the `code` of the mail. */
export class ConfirmEmailRequest {
  @OptionalNotNull()
  @GivenToken()
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
  @GivenToken()
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
