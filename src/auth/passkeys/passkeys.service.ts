import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import type { AuditAction } from '../../audit/actions.js';
import { Audit } from '../../audit/audit.js';
import { type Actor, type Client, NO_CLIENT } from '../../common/actor.js';
import type { Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Random } from '../../common/random.js';
import { violatedConstraint } from '../../database/pg-errors.js';
import { Outbox } from '../../mail/outbox.js';
import { passkeyAddedMail, passkeyRemovedMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { Admission } from '../login/admission.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import type { Tokens } from '../sessions/sessions.js';
import {
  deletePasskey,
  insertChallenge,
  insertPasskey,
  type Passkey,
  renamePasskey,
  selectByCredential,
  selectPasskeys,
  takeChallenge,
  useCounter,
} from './passkeys.query.js';
import { WebAuthn } from './webauthn.js';

export const PASSKEY = 'passkey';
export const PASSKEYS_PER_USER = 20;

const CHALLENGE_BYTES = 32;
const CHALLENGE_MS = 5 * 60_000;

export interface NewPasskeyRequest {
  readonly credential: RegistrationResponseJSON;
  readonly name: string;
  readonly secondFactor: boolean;
}

@Injectable()
export class PasskeysService {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly random: Random,
    private readonly users: UsersService,
    private readonly outbox: Outbox,
    private readonly webAuthn: WebAuthn,
    private readonly secondFactors: SecondFactors,
    private readonly admission: Admission,
  ) {}

  list({ userId }: Pick<Principal, 'userId'>): Promise<Passkey[]> {
    return selectPasskeys(this.database.manager, userId);
  }

  async beginCreation({ userId }: Principal): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const user = await this.users.require(userId);
    const known = await selectPasskeys(this.database.manager, userId);
    const challenge = await this.challenge(userId);
    const ids = known.map(({ credentialId }) => credentialId);
    return this.webAuthn.creationOptions(user, { challenge, known: ids, ttlMs: CHALLENGE_MS });
  }

  /** @throws AppError `invalid_passkey`, `passkey_exists`, `too_many_passkeys` */
  async create(actor: Actor, { credential, name, secondFactor }: NewPasskeyRequest): Promise<CreatedPasskey> {
    const { userId } = actor.principal;
    const challenge = challengeOf(credential);
    if (!challenge || !(await takeChallenge(this.database.manager, challenge, userId)))
      throw new AppError('invalid_passkey');
    const verified = await this.webAuthn.verifyCreation(credential, challenge);
    if (!verified) throw new AppError('invalid_passkey');
    return this.database.transaction(async (tx) => {
      const user = await this.lock(tx, userId);
      if ((await selectPasskeys(tx, userId)).length >= PASSKEYS_PER_USER) throw new AppError('too_many_passkeys');
      const passkey = await insertPasskey(tx, { userId, name, secondFactor, ...verified }).catch((error: unknown) => {
        if (violatedConstraint(error) !== 'passkeys_credential_id_key') throw error;
        throw new AppError('passkey_exists', { cause: error });
      });
      await this.record(tx, actor, { action: 'passkey.added', passkey });
      const content = passkeyAddedMail({ username: user.username, name });
      await this.outbox.add(tx, { kind: 'passkey_added', address: user.email, content, userId });
      const isNew = secondFactor && !user.secondFactors.includes(PASSKEY);
      const recoveryCodes = isNew ? await this.secondFactors.enable(tx, actor, { user, name: PASSKEY }) : [];
      return { passkey, recoveryCodes };
    });
  }

  /** @throws AppError `passkey_not_found` */
  async rename({ userId }: Principal, id: string, name: string): Promise<Passkey> {
    const passkey = await renamePasskey(this.database.manager, { id, userId, name });
    if (!passkey) throw new AppError('passkey_not_found');
    return passkey;
  }

  /** With the last one of its kind, a login by password needs no passkey any more.
   * @throws AppError `passkey_not_found`, `second_factor_kept` */
  async remove(actor: Actor, id: string): Promise<void> {
    const { userId } = actor.principal;
    await this.database.transaction(async (tx) => {
      const user = await this.lock(tx, userId);
      const before = await selectPasskeys(tx, userId);
      const passkey = before.find((each) => each.id === id);
      if (!passkey || !(await deletePasskey(tx, id, userId))) throw new AppError('passkey_not_found');
      await this.record(tx, actor, { action: 'passkey.removed', passkey });
      const content = passkeyRemovedMail({ username: user.username, name: passkey.name });
      await this.outbox.add(tx, { kind: 'passkey_removed', address: user.email, content, userId });
      const isLast = !before.some(({ id: other, secondFactor }) => secondFactor && other !== id);
      if (passkey.secondFactor && isLast) await this.secondFactors.disable(tx, actor, { user, name: PASSKEY });
    });
  }

  /** For a login, its second step, and step-up: passkeys are discoverable, so it tells nothing of an account. */
  async beginAssertion(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.webAuthn.requestOptions(await this.challenge(null), CHALLENGE_MS);
  }

  /** A passkey proves possession and, by PIN or biometrics, the person: no second step follows.
   * @throws AppError `invalid_passkey_login`, `account_disabled`, `account_deleted`, `email_not_confirmed` */
  async login(credential: AuthenticationResponseJSON, client: Client): Promise<Tokens> {
    const owner = await this.database.transaction((tx) => this.verify(tx, credential, { client }));
    const user = owner && (await this.users.findById(owner));
    if (!user) throw await this.admission.refuse(undefined, 'invalid_passkey_login', client);
    await this.admission.require(user, client);
    const tokens = await this.admission.start({ user, secondFactor: true }, client);
    if (!tokens) throw await this.admission.refuse(user, 'invalid_passkey_login', client);
    return tokens;
  }

  async take(tx: EntityManager, userId: string, proof: unknown): Promise<boolean> {
    return (await this.verify(tx, proof as AuthenticationResponseJSON, { owner: userId })) !== undefined;
  }

  /** Uses the challenge up, whatever comes of it. @returns the passkey's owner */
  private async verify(
    tx: EntityManager,
    credential: AuthenticationResponseJSON,
    { client = NO_CLIENT, owner }: { client?: Client; owner?: string },
  ): Promise<string | undefined> {
    const challenge = challengeOf(credential);
    if (!challenge || !(await takeChallenge(tx, challenge, null))) return undefined;
    const passkey = await selectByCredential(tx, Buffer.from(credential.id, 'base64url'));
    if (!passkey || (owner !== undefined && passkey.userId !== owner)) return undefined;
    const { id, userId, publicKey } = passkey;
    const counter = await this.webAuthn.verifyAssertion(credential, { challenge, publicKey });
    if (counter === undefined) return undefined;
    if (await useCounter(tx, id, counter)) return userId;
    this.logger.warn({ event: 'passkey_copied', user: userId, passkey: id }, 'the counter of a passkey went back');
    const event = { action: 'passkey.copied', actorId: null, subjectId: userId, after: { passkey: id } } as const;
    await this.audit.record(tx, client, [event]);
    return undefined;
  }

  private async challenge(userId: string | null): Promise<Buffer> {
    const challenge = this.random.bytes(CHALLENGE_BYTES);
    await insertChallenge(this.database.manager, { challenge, userId, ttlMs: CHALLENGE_MS });
    return challenge;
  }

  private async record(
    tx: EntityManager,
    actor: Actor,
    { action, passkey }: { action: AuditAction; passkey: Passkey },
  ): Promise<void> {
    const { userId, sessionId } = actor.principal;
    const after = { passkey: passkey.id, name: passkey.name };
    await this.audit.record(tx, actor, [{ action, actorId: userId, subjectId: userId, sessionId, after }]);
  }

  private async lock(tx: EntityManager, userId: string): Promise<User> {
    const user = await this.users.lockById(tx, userId);
    if (!user) throw new AppError('invalid_token');
    return user;
  }
}

export interface CreatedPasskey {
  readonly passkey: Passkey;
  readonly recoveryCodes: readonly string[];
}

/** The client names the challenge that it answers; whether it was asked, the database knows. */
function challengeOf({ response }: { response: { clientDataJSON: string } }): Buffer | undefined {
  try {
    const { challenge } = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString()) as {
      challenge?: unknown;
    };
    const bytes = typeof challenge === 'string' ? Buffer.from(challenge, 'base64url') : undefined;
    return bytes?.length === CHALLENGE_BYTES ? bytes : undefined;
  } catch {
    return undefined;
  }
}
