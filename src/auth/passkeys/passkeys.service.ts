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
import type { Actor, Client } from '../../common/actor.js';
import type { Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Random } from '../../common/random.js';
import { Idempotency } from '../../idempotency/idempotency.js';
import type { IdempotentRequest } from '../../idempotency/idempotent-request.js';
import { Outbox } from '../../mail/outbox.js';
import { passkeyAddedMail, passkeyRemovedMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { Admission } from '../login/admission.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import type { Tokens } from '../sessions/sessions.js';
import { type CreatedPasskeyResponse, presentCreated } from './passkeys.dto.js';
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
import { type AuthenticatorState, WebAuthn } from './webauthn.js';

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
    private readonly idempotency: Idempotency,
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
  async create(
    actor: Actor,
    { credential, name, secondFactor }: NewPasskeyRequest,
    request: IdempotentRequest,
  ): Promise<CreatedPasskeyResponse> {
    const { userId } = actor.principal;
    // A refusal is returned and not thrown: it commits, so that the challenge is used up.
    const work = async (tx: EntityManager): Promise<CreatedPasskeyResponse | AppError> => {
      const challenge = challengeOf(credential);
      if (!challenge || !(await takeChallenge(tx, challenge, userId))) return new AppError('invalid_passkey');
      const verified = await this.webAuthn.verifyCreation(credential, challenge);
      if (!verified) return new AppError('invalid_passkey');
      const user = await this.secondFactors.lockOwner(tx, actor.principal).catch(refusalOf);
      if (user instanceof AppError) return user;
      if ((await selectPasskeys(tx, userId)).length >= PASSKEYS_PER_USER) return new AppError('too_many_passkeys');
      const passkey = await insertPasskey(tx, { userId, name, secondFactor, ...verified });
      if (!passkey) return new AppError('passkey_exists');
      await this.record(tx, actor, { action: 'passkey.added', passkey });
      const content = passkeyAddedMail({ username: user.username, name });
      await this.outbox.add(tx, { kind: 'passkey_added', address: user.email, content, userId });
      const isNew = secondFactor && !user.secondFactors.includes(PASSKEY);
      const recoveryCodes = isNew ? await this.secondFactors.enable(tx, actor, { user, name: PASSKEY }) : [];
      return presentCreated(passkey, recoveryCodes);
    };
    const answer = await this.idempotency.transaction(request, work, withoutCodes);
    if (answer instanceof AppError) throw answer;
    return answer;
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
      const user = await this.secondFactors.lockOwner(tx, actor.principal);
      const before = await selectPasskeys(tx, userId);
      const passkey = before.find((each) => each.id === id);
      if (!passkey || !(await deletePasskey(tx, id, userId))) throw new AppError('passkey_not_found');
      await this.record(tx, actor, { action: 'passkey.removed', passkey });
      const content = passkeyRemovedMail({ username: user.username, name: passkey.name });
      await this.outbox.add(tx, { kind: 'passkey_removed', address: user.email, content, userId });
      const others = before.filter(({ id: other }) => other !== id);
      if (passkey.secondFactor && !others.some(({ secondFactor }) => secondFactor))
        await this.secondFactors.disable(tx, actor, { user, name: PASSKEY });
      else if (others.length === 0 && user.secondFactors.length === 0) await this.forgetProofs(tx, user);
    });
  }

  private async forgetProofs(tx: EntityManager, user: User): Promise<void> {
    if (this.secondFactors.isNeededBy(user)) throw new AppError('second_factor_kept');
    await this.secondFactors.keep(tx, user.id, []);
  }

  /** For a login, its second step, and step-up: passkeys are discoverable, so it tells nothing of an account. */
  async beginAssertion(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.webAuthn.requestOptions(await this.challenge(null), CHALLENGE_MS);
  }

  /** A passkey proves possession and, by PIN or biometrics, the person: no second step follows.
   * @throws AppError `invalid_passkey_login`, `account_disabled`, `account_deleted`, `email_not_confirmed` */
  async login(credential: AuthenticationResponseJSON, client: Client): Promise<Tokens> {
    const verified = await this.verify(this.database.manager, credential);
    const user = verified?.passkey.logsInAlone === true && (await this.users.findById(verified.passkey.userId));
    if (!verified || !user) throw await this.admission.refuse(undefined, 'invalid_passkey_login', client);
    await this.admission.require(user, client);
    const tokens = await this.database.transaction((tx) => this.start(tx, { verified, user }, client));
    if (!tokens) throw await this.admission.refuse(user, 'invalid_passkey_login', client);
    return tokens;
  }

  async take(
    tx: EntityManager,
    userId: string,
    { value, client }: { value: unknown; client: Client },
  ): Promise<boolean> {
    const verified = await this.verify(tx, value as AuthenticationResponseJSON);
    return verified?.passkey.userId === userId && (await this.use(tx, verified, client));
  }

  /** A reset or a removal that committed before has deleted the passkey; one that comes later ends the session. */
  private async start(
    tx: EntityManager,
    { verified, user }: { verified: VerifiedAssertion; user: User },
    client: Client,
  ): Promise<Tokens | undefined> {
    await this.users.lockById(tx, user.id);
    if (!(await this.use(tx, verified, client))) return undefined;
    return this.admission.startWithin(tx, { user, secondFactor: true }, client);
  }

  private async verify(
    manager: EntityManager,
    credential: AuthenticationResponseJSON,
  ): Promise<VerifiedAssertion | undefined> {
    const challenge = challengeOf(credential);
    if (!challenge || !(await takeChallenge(manager, challenge, null))) return undefined;
    const passkey = await selectByCredential(manager, Buffer.from(credential.id, 'base64url'));
    if (!passkey || !isHandleOf(passkey.userId, credential.response.userHandle)) return undefined;
    const state = await this.webAuthn.verifyAssertion(credential, { challenge, publicKey: passkey.publicKey });
    return state && { passkey, state };
  }

  private async use(tx: EntityManager, { passkey, state }: VerifiedAssertion, client: Client): Promise<boolean> {
    const { id, userId, credentialId } = passkey;
    if (await useCounter(tx, passkey, state)) return true;
    // Else it was removed, or closed by a reset, meanwhile.
    const now = await selectByCredential(tx, credentialId);
    if (now?.logsInAlone === passkey.logsInAlone) {
      this.logger.warn({ event: 'passkey_copied', user: userId, passkey: id }, 'the counter of a passkey went back');
      const event = { action: 'passkey.copied', actorId: null, subjectId: userId, after: { passkey: id } } as const;
      await this.audit.record(tx, client, [event]);
    }
    return false;
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
    const event = { action, actorId: userId, subjectId: userId, sessionId, after: { passkey: passkey.id } };
    await this.audit.record(tx, actor, [event]);
  }
}

interface VerifiedAssertion {
  readonly passkey: Passkey;
  readonly state: AuthenticatorState;
}

function refusalOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

function withoutCodes(answer: CreatedPasskeyResponse | AppError): CreatedPasskeyResponse | undefined {
  return answer instanceof AppError ? undefined : Object.assign({}, answer, { recovery_codes: [] });
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

/** WebAuthn section 7.2, step 6: the authenticator names the account that it made the passkey for. */
function isHandleOf(userId: string, handle: unknown): boolean {
  if (handle === undefined || handle === null) return true;
  return typeof handle === 'string' && Buffer.from(handle, 'base64url').toString('hex') === userId.replaceAll('-', '');
}
