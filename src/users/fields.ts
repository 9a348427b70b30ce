/** The fields of requests that name an account. */
import { applyDecorators } from '@nestjs/common';

import { Field, Read, Text } from '../http/input/validation.js';
import { canonicalEmail, EMAIL_MAX_LENGTH } from './email.js';

/** Names that would be mistaken for a part of the product or of an address. */
const RESERVED_USERNAMES = new Set([
  'about',
  'admin',
  'administrator',
  'api',
  'docs',
  'export',
  'help',
  'login',
  'logout',
  'me',
  'moderator',
  'null',
  'official',
  'register',
  'roost',
  'root',
  'security',
  'settings',
  'staff',
  'support',
  'system',
  'undefined',
]);

/** An e-mail address; the field then holds its canonical form. */
export function Email(): PropertyDecorator {
  return emailReadBy(canonicalEmail);
}

/** An address that is only looked up: keyboards put a space behind what they complete. */
export function GivenEmail(): PropertyDecorator {
  return emailReadBy((text) => canonicalEmail(text.replace(AROUND, '')));
}

function emailReadBy(read: (text: string) => string | undefined): PropertyDecorator {
  return applyDecorators(
    Read(read),
    Field(
      { type: 'string', format: 'email', maxLength: EMAIL_MAX_LENGTH },
      { code: 'wrong_type', detail: 'must be a string', holds: (value) => typeof value === 'string' },
      {
        code: 'wrong_format',
        detail: `must be an e-mail address of at most ${EMAIL_MAX_LENGTH} characters`,
        holds: (value) => canonicalEmail(value as string) === value,
      },
    ),
  );
}

/** White space, and characters that nobody sees. */
const AROUND = /^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu;

export const USERNAME_PATTERN = /^[A-Za-z0-9_]{3,30}$/;

const USERNAME = {
  min: 3,
  max: 30,
  pattern: { regex: USERNAME_PATTERN, detail: 'must have 3 to 30 letters, digits and _' },
};

export function Username(): PropertyDecorator {
  return Text(USERNAME);
}

/** A username that somebody chooses. */
export function NewUsername(): PropertyDecorator {
  const holds = (value: unknown): boolean => !isReserved(value as string);
  return Text({ ...USERNAME, also: [{ code: 'reserved', detail: 'is reserved', holds }] });
}

/** Whether somebody may choose it, as far as the name itself tells. */
export function isUsername(value: unknown): value is string {
  return typeof value === 'string' && USERNAME_PATTERN.test(value) && !isReserved(value);
}

function isReserved(username: string): boolean {
  return RESERVED_USERNAMES.has(username.toLowerCase());
}
