/** WebAuthn (Level 3), by @simplewebauthn/server. It takes a third of a start's time to load, so it is loaded when used. */
import { Inject, Injectable } from '@nestjs/common';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';

import { AppError } from '../../common/errors.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';

const CREDENTIAL_ID_MAX_BYTES = 1_023;

export interface AuthenticatorState {
  readonly counter: number;
  readonly backedUp: boolean;
}

export interface VerifiedCredential extends AuthenticatorState {
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
}

export interface Owner {
  readonly id: string;
  readonly email: string;
  readonly username: string;
}

@Injectable()
export class WebAuthn {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async creationOptions(
    owner: Owner,
    { challenge, known, ttlMs }: { challenge: Buffer; known: readonly Buffer[]; ttlMs: number },
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    if (this.config.passkeys.origins.length === 0) throw new AppError('passkeys_unavailable');
    const { generateRegistrationOptions } = await load();
    return generateRegistrationOptions({
      rpName: this.config.mail.serviceName,
      rpID: this.config.passkeys.rpId,
      // The user handle names nobody (section 14.6.1).
      userID: Uint8Array.from(Buffer.from(owner.id.replaceAll('-', ''), 'hex')),
      userName: owner.email,
      userDisplayName: owner.username,
      challenge: Uint8Array.from(challenge),
      timeout: ttlMs,
      attestationType: 'none',
      excludeCredentials: known.map((id) => ({ id: id.toString('base64url') })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
  }

  async requestOptions(challenge: Buffer, ttlMs: number): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await load();
    return generateAuthenticationOptions({
      rpID: this.config.passkeys.rpId,
      challenge: Uint8Array.from(challenge),
      timeout: ttlMs,
      userVerification: 'required',
    });
  }

  async verifyCreation(response: RegistrationResponseJSON, challenge: Buffer): Promise<VerifiedCredential | undefined> {
    const { verifyRegistrationResponse } = await load();
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      ...this.expected(challenge),
    }).catch(() => ({ verified: false, registrationInfo: undefined }));
    if (!verified || !registrationInfo) return undefined;
    const { credential, credentialBackedUp } = registrationInfo;
    const credentialId = Buffer.from(credential.id, 'base64url');
    if (credentialId.length > CREDENTIAL_ID_MAX_BYTES) return undefined;
    return {
      credentialId,
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      backedUp: credentialBackedUp,
    };
  }

  /** The counter is compared by the caller, in the database. */
  async verifyAssertion(
    response: AuthenticationResponseJSON,
    { challenge, publicKey }: { challenge: Buffer; publicKey: Buffer },
  ): Promise<AuthenticatorState | undefined> {
    const { verifyAuthenticationResponse } = await load();
    const credential = { id: response.id, publicKey: Uint8Array.from(publicKey), counter: 0 };
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      credential,
      ...this.expected(challenge),
    }).catch(() => ({ verified: false, authenticationInfo: undefined }));
    if (!verified || !authenticationInfo) return undefined;
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
  }

  private expected(challenge: Buffer): {
    expectedChallenge: string;
    expectedOrigin: string[];
    expectedRPID: string;
    requireUserVerification: true;
  } {
    const { rpId, origins } = this.config.passkeys;
    return {
      expectedChallenge: challenge.toString('base64url'),
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      requireUserVerification: true,
    };
  }
}

function load(): Promise<typeof import('@simplewebauthn/server')> {
  return import('@simplewebauthn/server');
}
