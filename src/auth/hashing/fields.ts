import { codePoints } from '../../common/text.js';
import { Field, Text } from '../../http/input/validation.js';
import { PASSWORD_MAX_BYTES } from './passwords.js';

const PASSWORD_LEAST_LENGTH = 8;
const EXAMPLES = { format: 'password', examples: ['correct horse battery'] };

export function NewPassword(): PropertyDecorator {
  return Field(
    { type: 'string', ...EXAMPLES, minLength: PASSWORD_LEAST_LENGTH, maxLength: PASSWORD_MAX_BYTES },
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

/** For comparison only: a wrong, short or over-long password is refused alike. */
export function GivenPassword(): PropertyDecorator {
  return Text({ max: 100_000, documented: EXAMPLES });
}

export function GivenToken(): PropertyDecorator {
  return Text({ min: 1, max: 100_000 });
}
