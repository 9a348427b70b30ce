/** Passkeys on the wire. */
import { ApiProperty } from '@nestjs/swagger';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

import { Exported } from '../../common/personal-data.js';
import { isoTimestamp } from '../../common/timestamps.js';
import { Flag, OptionalNotNull, Text } from '../../http/input/validation.js';
import { ApiText, ApiTime, ApiUuid } from '../../http/openapi/fields.js';
import { WebAuthnCredential } from '../second-factors/fields.js';
import { RECOVERY_CODES } from '../second-factors/recovery-codes.js';
import type { Passkey } from './passkeys.query.js';

const NAME_MAX_LENGTH = 50;

const Name = (): PropertyDecorator =>
  Text({ min: 1, max: NAME_MAX_LENGTH, blank: 'refused', documented: { examples: ['Phone'] } });

export class PasskeyOptionsResponse {
  /** For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`; good once, for five minutes. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  options: object;
}

export class CreatePasskeyRequest {
  /** What `navigator.credentials.create()` gave, by its `toJSON()`. */
  @WebAuthnCredential('clientDataJSON', 'attestationObject')
  credential: RegistrationResponseJSON;

  /** To tell it from others of the same person. */
  @Name()
  name: string;

  /** True: a login by password needs a passkey, too. False by default: the passkey is another way to log in. */
  @OptionalNotNull()
  @Flag()
  second_factor?: boolean;
}

export class RenamePasskeyRequest {
  @Name()
  name: string;
}

export class PasskeyLoginRequest {
  /** What `navigator.credentials.get()` gave, by its `toJSON()`. */
  @WebAuthnCredential('clientDataJSON', 'authenticatorData', 'signature')
  credential: AuthenticationResponseJSON;
}

/** A passkey of the caller's. */
@Exported('passkeys')
export class PasskeyResponse {
  @ApiUuid()
  id: string;
  @ApiText(NAME_MAX_LENGTH)
  name: string;
  /** Whether a login by password needs it, or another second factor. */
  second_factor: boolean;
  /** False after a reset by mail: it serves after the password only. A new passkey logs in alone. */
  logs_in_alone: boolean;
  /** Whether it was copied to other devices of its owner, by the vendor's cloud, as of its last use. */
  backed_up: boolean;
  @ApiTime()
  created_at: string;
  @ApiTime({ nullable: true })
  last_used_at: string | null;
}

export function presentPasskey(passkey: Passkey): PasskeyResponse {
  const { id, name, secondFactor, logsInAlone, backedUp, createdAt, lastUsedAt } = passkey;
  return {
    id,
    name,
    second_factor: secondFactor,
    logs_in_alone: logsInAlone,
    backed_up: backedUp,
    created_at: isoTimestamp(createdAt),
    last_used_at: lastUsedAt === null ? null : isoTimestamp(lastUsedAt),
  };
}

export class CreatedPasskeyResponse extends PasskeyResponse {
  /** Shown only now, and not to a repeat of the request: ten when it is the account's first second factor, else none. */
  @ApiProperty({ type: 'array', maxItems: RECOVERY_CODES, items: { type: 'string', maxLength: 50 } })
  recovery_codes: readonly string[];
}

export function presentCreated(passkey: Passkey, recoveryCodes: readonly string[]): CreatedPasskeyResponse {
  return Object.assign(presentPasskey(passkey), { recovery_codes: recoveryCodes });
}
