/** Second factors on the wire. */
import { ApiProperty } from '@nestjs/swagger';

import { digitsOf } from '../../common/text.js';
import { OptionalNotNull, Read, Text } from '../../http/input/validation.js';
import { ApiCount } from '../../http/openapi/fields.js';
import { WebAuthnCredential } from './fields.js';
import { RECOVERY_CODES } from './recovery-codes.js';

/** Exactly one of the fields. */
export class SecondFactorProof {
  /** Six digits of an authenticator app (RFC 6238); each code is accepted once. */
  @OptionalNotNull()
  @Read(digitsOf)
  @Text({ max: 6, pattern: { regex: /^\d{6}$/, detail: 'must be six digits' }, documented: { examples: ['123456'] } })
  totp?: string;

  /** One of the ten that were shown when the first second factor was set up; good once. Case and hyphens do not matter. */
  @OptionalNotNull()
  @Text({ min: 1, max: 100, documented: { examples: ['0a1b2c-3d4e5f-6g7h8j-9kamnp'] } })
  recovery_code?: string;

  /** What `navigator.credentials.get()` gave for `POST /auth/login/passkey/options`, by its `toJSON()`. */
  @OptionalNotNull()
  @WebAuthnCredential('clientDataJSON', 'authenticatorData', 'signature')
  passkey?: object;
}

export class SecondFactorsResponse {
  /** Of which a login needs one; empty: the password is enough. */
  @ApiProperty({ type: 'array', maxItems: 10, items: { type: 'string', maxLength: 50 } })
  methods: readonly string[];
  @ApiCount()
  recovery_codes_left: number;
}

export class RecoveryCodesResponse {
  /** Shown only now: ten when these are new, none when the account keeps the codes that it has. */
  @ApiProperty({ type: 'array', maxItems: RECOVERY_CODES, items: { type: 'string', maxLength: 50 } })
  recovery_codes: readonly string[];
}
