import { Field } from '../../http/input/validation.js';
import { isJsonObject } from '../../http/input/json-body.js';

const BASE64URL = /^[\w-]+={0,2}$/;
const MOST = 20_000;

const BYTES = { type: 'string' as const, minLength: 1, maxLength: MOST, pattern: '^[A-Za-z0-9_-]+={0,2}$' };

/** As `PublicKeyCredential.toJSON()` has it (WebAuthn Level 3, section 5.1). @param parts of its response */
export function WebAuthnCredential(...parts: readonly string[]): PropertyDecorator {
  return Field(
    {
      type: 'object',
      required: ['id', 'rawId', 'type', 'response'],
      properties: {
        id: BYTES,
        rawId: BYTES,
        type: { type: 'string', enum: ['public-key'] },
        response: {
          type: 'object',
          required: [...parts],
          properties: Object.fromEntries(parts.map((part) => [part, BYTES])),
          additionalProperties: true,
        },
      },
      additionalProperties: true,
    },
    {
      code: 'wrong_format',
      detail: 'must be a credential as PublicKeyCredential.toJSON() has it',
      holds: (value) => isCredential(value, parts),
    },
  );
}

function isCredential(value: unknown, parts: readonly string[]): boolean {
  if (!isJsonObject(value) || value.type !== 'public-key') return false;
  const { id, rawId, response } = value;
  return isJsonObject(response) && [id, rawId, ...parts.map((part) => response[part])].every(isBytes);
}

function isBytes(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MOST && BASE64URL.test(value);
}
