import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import type { Principal } from '../../common/access.js';
import { AppError, invalid } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { MessageResponse } from '../../http/openapi/message.dto.js';
import { Idempotency } from '../../idempotency/idempotency.js';
import type { IdempotentRequest } from '../../idempotency/idempotent-request.js';
import { Outbox } from '../../mail/outbox.js';
import { registrationConflictMail, suspiciousLoginMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import type { AddressHolder } from '../../users/users.query.js';
import type { AccountIdentifier } from '../../users/users.query.js';
import { UsersService } from '../../users/users.service.js';
import { Admission } from './admission.js';
import type { LogoutScope } from './auth.dto.js';
import { type MfaTicket, SecondStep } from './second-step.js';
import { EmailConfirmation } from '../emails/email-confirmation.js';
import { LoginGuard } from '../login-guard/login-guard.js';
import { Passwords } from '../hashing/passwords.js';
import { Sessions, type Tokens } from '../sessions/sessions.js';
import type { Actor, Client } from '../../common/actor.js';

const LOGIN_ATTEMPTS = 3;

export interface NewRegistration {
  readonly email: string;
  readonly username: string | undefined;
  readonly password: string;
}

@Injectable()
export class AuthService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly loginGuard: LoginGuard,
    private readonly sessions: Sessions,
    private readonly admission: Admission,
    private readonly confirmation: EmailConfirmation,
    private readonly outbox: Outbox,
    private readonly secondStep: SecondStep,
    private readonly idempotency: Idempotency,
  ) {}

  /** Where REGISTER_CONFLICT is `conceal`, a taken address gets the same answer at the same cost, and its owner a mail.
   * @throws AppError `validation_failed` for a guessable password, `email_taken`, `username_taken` */
  async register(account: NewRegistration, client: Client, request: IdempotentRequest): Promise<MessageResponse> {
    this.passwords.requireGood('#/password', account.password, account);
    const hashedPassword = await this.passwords.hash(account.password, client.isGone);
    const { concealConflicts } = this.config.registration;
    return this.idempotency.transaction({ ...request, address: account.email }, async (tx) => {
      // Checked for every address: otherwise the answer would tell which addresses have accounts.
      if (concealConflicts && account.username !== undefined) await this.users.requireFree(tx, account.username);
      const user = await this.users.create(tx, { ...account, hashedPassword });
      if (!user && !concealConflicts) throw new AppError('email_taken');
      // Also for the account just made: the two answers are to take the same time.
      const holder = user && !concealConflicts ? user : await this.users.findHolder(tx, account.email);
      const kind = user ? 'email_confirmation' : 'registration_conflict';
      const mayTell = !concealConflicts || (await this.outbox.mayAdd(tx, kind, account.email));
      if (user) await this.confirmation.begin(tx, user);
      else await this.tellOwner(tx, account.email, mayTell ? holder : undefined);
      const action = user ? 'user.registered' : 'user.registration_refused';
      const actorId = user?.id ?? null;
      await this.audit.record(tx, client, [{ action, actorId, subjectId: holder?.id ?? null }]);
      return { message: 'User created successfully' };
    });
  }

  /** @throws AppError `invalid_credentials`, `rate_limited`, `overloaded`; after the right password `account_disabled`,
   * `account_deleted`, `email_not_confirmed` */
  async login(identifier: AccountIdentifier, password: string, client: Client): Promise<Tokens | MfaTicket> {
    let user = await this.users.findByIdentifier(identifier);
    const guess = await this.loginGuard.count({ identifier, userId: user?.id, client });
    try {
      for (let attempt = 1; attempt <= LOGIN_ATTEMPTS; attempt += 1) {
        const { verified, outdated } = await this.verified(user, password, client);
        if (attempt === 1 && this.loginGuard.isSuspicious(guess)) void this.tellOfGuesses(verified, client);
        if (verified.secondFactors.length > 0) {
          // The ticket is for the account as the password found it, and for no later password.
          const hashedPassword = outdated ? await this.upgradeHash(verified, password) : verified.hashedPassword;
          const ticket = await this.secondStep.ask({ ...verified, hashedPassword }, client);
          await this.loginGuard.takeBack(guess);
          return ticket;
        }
        const tokens = await this.admission.start({ user: verified, secondFactor: false }, client);
        if (tokens) {
          await this.loginGuard.clear(guess);
          // Not awaited: the time of a login must not tell which hashes are old.
          if (outdated) void this.upgradeHash(verified, password);
          return tokens;
        }
        user = await this.users.findByIdentifier(identifier);
      }
      throw new AppError('overloaded');
    } catch (error) {
      // This code follows the right password only, so it is no guess.
      if (error instanceof AppError && error.code === 'email_not_confirmed') await this.loginGuard.clear(guess);
      else await this.loginGuard.fail(guess, error);
      throw error;
    }
  }

  refresh(refreshToken: string, client: Client): Promise<Tokens> {
    return this.sessions.refresh(refreshToken, client);
  }

  /** @throws AppError `authentication_required`, `invalid_refresh_token`, `validation_failed` */
  async logout(
    client: Client & Partial<Actor>,
    { scope, refreshToken }: { scope: LogoutScope | undefined; refreshToken: string | undefined },
  ): Promise<void> {
    const { principal } = client;
    if (principal && refreshToken !== undefined) {
      throw invalid({
        pointer: '#/refresh_token',
        code: 'not_with_bearer',
        detail: 'must not be sent with a bearer token',
      });
    }
    if (principal) return this.sessions.end({ ...client, principal }, scope ?? 'local');
    if (refreshToken === undefined) throw new AppError('authentication_required');
    if (scope !== undefined && scope !== 'local') {
      throw invalid({ pointer: '#/scope', code: 'needs_bearer', detail: 'needs a bearer token' });
    }
    return this.sessions.endByRefreshToken(refreshToken, client);
  }

  account({ userId }: Principal): Promise<User> {
    return this.users.require(userId);
  }

  /** Writes as many rows as a registration. @param holder undefined when the mail cap is reached */
  private async tellOwner(tx: EntityManager, email: string, holder: AddressHolder | undefined): Promise<void> {
    await this.confirmation.pretend(tx);
    const content = registrationConflictMail(holder ?? { username: 'nobody' });
    await this.outbox.add(tx, { kind: 'registration_conflict', address: email, content, userId: holder?.id });
  }

  private async verified(
    user: User | undefined,
    password: string,
    client: Client,
  ): Promise<{ verified: User; outdated: boolean }> {
    const { right, outdated } = await this.passwords.verify(password, user?.hashedPassword, client.isGone);
    if (!user || !right) throw await this.admission.refuse(user, 'invalid_credentials', client);
    await this.admission.require(user, client);
    return { verified: user, outdated };
  }

  private async tellOfGuesses({ id, email, username }: User, { ip }: Client): Promise<void> {
    try {
      const content = suspiciousLoginMail({ username, ip });
      await this.database.transaction((tx) =>
        this.outbox.add(tx, { kind: 'suspicious_login', address: email, content, userId: id }),
      );
    } catch (error) {
      this.logger.warn({ event: 'suspicious_login_untold', user: id, err: error }, 'no mail about a suspicious login');
    }
  }

  /** A failure is left to the next login. @returns the hash that is stored for the verified password */
  private async upgradeHash(user: User, password: string): Promise<string> {
    try {
      const hash = await this.passwords.hash(password);
      if (!(await this.users.replaceHash(user, hash))) return user.hashedPassword;
      this.logger.info({ event: 'password_hash_upgraded', user: user.id }, 'password hash upgraded');
      return hash;
    } catch (error) {
      this.logger.warn({ event: 'password_hash_kept', user: user.id, err: error }, 'password hash not upgraded');
      return user.hashedPassword;
    }
  }
}
