import { applyDecorators } from '@nestjs/common';

import { Field, Read, Text } from '../http/input/validation.js';
import { canonicalEmail, EMAIL_MAX_LENGTH } from './email.js';

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

export function Email(): PropertyDecorator {
  return emailReadBy(canonicalEmail);
}

/** For look-ups only: keyboards add a space after a completed word. */
export function GivenEmail(): PropertyDecorator {
  return emailReadBy((text) => canonicalEmail(text.replace(AROUND, '')));
}

function emailReadBy(read: (text: string) => string | undefined): PropertyDecorator {
  return applyDecorators(
    Read(read),
    Field(
      { type: 'string', format: 'email', maxLength: EMAIL_MAX_LENGTH, examples: ['ada@example.org'] },
      { code: 'wrong_type', detail: 'must be a string', holds: (value) => typeof value === 'string' },
      {
        code: 'wrong_format',
        detail: `must be an e-mail address of at most ${EMAIL_MAX_LENGTH} characters`,
        holds: (value) => canonicalEmail(value as string) === value,
      },
    ),
  );
}

const AROUND = /^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu;

export const USERNAME_PATTERN = /^[A-Za-z0-9_]{3,30}$/;

export const USERNAME = {
  min: 3,
  max: 30,
  pattern: { regex: USERNAME_PATTERN, detail: 'must have 3 to 30 letters, digits and _' },
  documented: { examples: ['ada_lovelace'] },
};

export function Username(): PropertyDecorator {
  return Text(USERNAME);
}

export function NewUsername(): PropertyDecorator {
  const holds = (value: unknown): boolean => !isReserved(value as string);
  return Text({ ...USERNAME, also: [{ code: 'reserved', detail: 'is reserved', holds }] });
}

export function isUsername(value: unknown): value is string {
  return typeof value === 'string' && USERNAME_PATTERN.test(value) && !isReserved(value);
}

function isReserved(username: string): boolean {
  return RESERVED_USERNAMES.has(username.toLowerCase());
}
