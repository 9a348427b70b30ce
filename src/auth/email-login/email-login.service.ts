/** Login by a mailed code or link. Both are good in the browser that asked for them alone, which keeps a secret. */
import { createHash, timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { Client } from '../../common/actor.js';
import { deriveKey, fingerprint } from '../../common/crypto.js';
import { LOGGER } from '../../common/logger.js';
import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Links } from '../../mail/links.js';
import { Outbox } from '../../mail/outbox.js';
import { emailLoginMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { Admission } from '../login/admission.js';
import { type MfaTicket, SecondStep } from '../login/second-step.js';
import { type CountedGuess, LoginGuard } from '../login-guard/login-guard.js';
import type { Tokens } from '../sessions/sessions.js';
import {
  countEmailLoginTry,
  type EmailLogin,
  putEmailLogin,
  selectEmailLogin,
  takeEmailLogin,
} from './email-login.query.js';

export const EMAIL_LOGIN_SECONDS = 600;

const SECRET_BYTES = 32;
const CODES = 100_000_000;
const CODE_TRIES = 5;

const NOBODY = { id: 'nobody', email: 'nobody', hashedPassword: 'none', tokenEpoch: 0 };

export type MailedProof = { readonly code: string } | { readonly token: string };

@Injectable()
export class EmailLoginService {
  private readonly keys: readonly [Buffer, ...Buffer[]];

  constructor(
    @Inject(CONFIG) { tokens: { secret, previousSecret } }: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly random: Random,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly outbox: Outbox,
    private readonly links: Links,
    private readonly loginGuard: LoginGuard,
    private readonly admission: Admission,
    private readonly secondStep: SecondStep,
  ) {
    const current = deriveKey(secret, 'mailed login');
    this.keys = previousSecret === undefined ? [current] : [current, deriveKey(previousSecret, 'mailed login')];
  }

  /** Does the same work for every address. @returns the secret of the browser, which the mail does not have */
  async request(email: string, client: Client): Promise<string> {
    const request = this.secret();
    const user = await this.database.transaction(async (tx) => {
      if (!(await this.outbox.mayAdd(tx, 'email_login', email))) return undefined;
      const user = await this.users.lockByEmail(tx, email);
      await this.mail(tx, { email, user, request });
      const event = { action: 'login.email_requested', actorId: null, subjectId: user?.id ?? null } as const;
      await this.audit.record(tx, client, [event]);
      return user;
    });
    this.logger.info({ event: 'email_login_requested', user: user?.id }, 'login by mail requested');
    return request;
  }

  /** @throws AppError `invalid_email_login`, `rate_limited`; after the right proof `account_disabled`, `account_deleted` */
  async complete(request: string, proof: MailedProof, client: Client): Promise<Tokens | MfaTicket> {
    const login = await selectEmailLogin(this.database.manager, hashOf(request));
    if (!login) throw await this.admission.refuse(undefined, 'invalid_email_login', client);
    // A token is too long to be guessed, so its owner gets in while a stranger's guesses pause the code.
    if ('token' in proof) return this.enter(login, timingSafeEqual(hashOf(proof.token), login.tokenHash), client);
    const guess = await this.loginGuard.count({
      identifier: { mailedLoginTo: login.addressKey.toString('hex') },
      userId: login.userId ?? undefined,
      client,
    });
    try {
      const answer = await this.enter(login, await this.isRight(login, proof.code), client);
      await this.settle(guess, answer);
      return answer;
    } catch (error) {
      await this.loginGuard.fail(guess, error);
      throw error;
    }
  }

  /** An address that nobody confirmed gets a decoy, and a mail that says how to take the account over: a stranger may
   * have made it, and their password would stay. */
  private async mail(
    tx: EntityManager,
    { email, user, request }: { email: string; user: User | undefined; request: string },
  ): Promise<void> {
    const owner = user?.emailConfirmedAt === null ? undefined : user;
    const token = this.secret();
    const code = String(this.random.bytes(6).readUIntBE(0, 6) % CODES).padStart(8, '0');
    const [key] = this.keys;
    const requestHash = hashOf(request);
    await putEmailLogin(tx, {
      addressKey: fingerprint(key, 'address', email),
      userId: owner?.id ?? null,
      requestHash,
      tokenHash: hashOf(token),
      codeHash: codeHashOf(key, requestHash, code),
      standing: standingOf(key, owner ?? NOBODY),
      tries: CODE_TRIES,
      ttlMs: EMAIL_LOGIN_SECONDS * 1_000,
    });
    const url = this.links.toPage('email-login', token);
    const content = emailLoginMail({ username: user?.username ?? 'nobody', url, code, isConfirmed: owner === user });
    await this.outbox.add(tx, { kind: 'email_login', address: email, content, userId: user?.id });
  }

  /** Commits the count of tries before the code is compared, so that parallel tries cannot slip past. */
  private async isRight({ requestHash, codeHash }: EmailLogin, code: string): Promise<boolean> {
    if (!(await countEmailLoginTry(this.database.manager, requestHash))) return false;
    return this.keys.some((key) => timingSafeEqual(codeHashOf(key, requestHash, code), codeHash));
  }

  private async enter(login: EmailLogin, isRight: boolean, client: Client): Promise<Tokens | MfaTicket> {
    const { userId } = login;
    const user = isRight && userId !== null ? await this.users.findById(userId) : undefined;
    if (user) await this.admission.require(user, client);
    const entered = user && (await this.database.transaction((tx) => this.start(tx, login, { user, client })));
    if (!entered)
      throw await this.admission.refuse(userId === null ? undefined : { id: userId }, 'invalid_email_login', client);
    return 'accessToken' in entered ? entered : this.secondStep.ask(entered, client);
  }

  /** Uses the request up. Lock order: the user's row first. @returns the account when a second factor is to follow */
  private async start(
    tx: EntityManager,
    login: EmailLogin,
    { user, client }: { user: User; client: Client },
  ): Promise<Tokens | User | undefined> {
    const now = await this.users.lockById(tx, user.id);
    if (!now || !(await takeEmailLogin(tx, login.requestHash))) return undefined;
    if (!this.keys.some((key) => timingSafeEqual(standingOf(key, now), login.standing))) return undefined;
    if (now.secondFactors.length > 0) return now;
    return this.admission.startWithin(tx, { user: now, secondFactor: false }, client);
  }

  private settle(guess: CountedGuess, answer: Tokens | MfaTicket): Promise<void> {
    return 'ticket' in answer ? this.loginGuard.takeBack(guess) : this.loginGuard.clear(guess);
  }

  private secret(): string {
    return this.random.bytes(SECRET_BYTES).toString('base64url');
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function codeHashOf(key: Buffer, requestHash: Buffer, code: string): Buffer {
  return fingerprint(key, 'code', requestHash.toString('hex'), code);
}

function standingOf(key: Buffer, { id, email, hashedPassword, tokenEpoch }: Standing): Buffer {
  return fingerprint(key, 'standing', id, email, hashedPassword, String(tokenEpoch));
}

type Standing = Pick<User, 'id' | 'email' | 'hashedPassword' | 'tokenEpoch'>;
