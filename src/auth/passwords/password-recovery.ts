import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { AppError, invalid } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Links } from '../../mail/links.js';
import { Outbox } from '../../mail/outbox.js';
import { passwordResetMail, passwordWasResetMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { MailedTokens, type OwnedToken } from '../mailed-tokens/mailed-tokens.js';
import { NO_PASSWORD } from '../hashing/bcrypt-hash.js';
import { FormerAddresses } from '../emails/former-addresses.js';
import { LoginGuard } from '../login-guard/login-guard.js';
import { Passwords } from '../hashing/passwords.js';
import { isLastAdmin, lockLeaver } from '../../users/locks.query.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { Sessions } from '../sessions/sessions.js';
import type { Client } from '../../common/actor.js';

export interface Reset {
  readonly token: string;
  readonly password: string;
  readonly startAfresh: boolean;
}

const NOT_AFRESH = {
  pointer: '#/start_afresh',
  code: 'confirmed',
  detail: 'is only allowed for an account that never confirmed its address: delete the account instead',
};

@Injectable()
export class PasswordRecovery {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly tokens: MailedTokens,
    private readonly former: FormerAddresses,
    private readonly passwords: Passwords,
    private readonly loginGuard: LoginGuard,
    private readonly sessions: Sessions,
    private readonly outbox: Outbox,
    private readonly links: Links,
    private readonly audit: Audit,
    private readonly secondFactors: SecondFactors,
  ) {}

  /** Does the same work for an unknown address, so that the answer does not reveal accounts. */
  async request(email: string): Promise<void> {
    const user = await this.database.transaction(async (tx) => {
      if (!(await this.outbox.mayAdd(tx, 'password_reset', email))) return undefined;
      const user = await this.users.lockByEmail(tx, email);
      // A stranger can use up the day's mail cap. The last link then stays valid until another mail may be sent.
      const atLeastMs = 1_000 * (await this.outbox.secondsAfterOneMore(tx, 'password_reset', email));
      const { token, ttlMs } = await this.tokens.issue(tx, { purpose: 'password_reset', userId: user?.id, atLeastMs });
      // An account without a password was invited: no stranger has used it.
      const asks = user?.emailConfirmedAt === null && user.hashedPassword !== NO_PASSWORD;
      const url = `${this.links.toPage('reset', token)}${asks ? '&unconfirmed=true' : ''}`;
      const content = passwordResetMail({ username: user?.username ?? 'nobody', url, ttlMs, asks });
      await this.outbox.add(tx, { kind: 'password_reset', address: email, content, userId: user?.id });
      return user;
    });
    this.logger.info({ event: 'password_reset_requested', user: user?.id }, 'password reset requested');
  }

  /** Ends sessions, tokens and counted guesses of the old password. Confirms the address, since the mail was read.
   * @throws AppError `invalid_account_token`, `validation_failed`, `last_admin`, `overloaded` */
  async reset({ token, password, startAfresh }: Reset, client: Client): Promise<void> {
    const found = await this.tokens.find(['password_reset', 'invitation'], token);
    const owner = found && (await this.users.findById(found.userId));
    if (!owner) throw new AppError('invalid_account_token');
    const secondFactors = owner.emailConfirmedAt === null ? [] : owner.secondFactors;
    this.passwords.requireGood('#/new_password', password, { ...owner, secondFactors });
    const hash = await this.passwords.hash(password, client.isGone);
    await this.database.transaction(async (tx) => {
      if (startAfresh) {
        await this.startAfresh(tx, { token: found, owner, hash, client });
      } else {
        await this.replace(tx, { token: found, hash, client });
        const event = { action: 'password.reset', actorId: owner.id, subjectId: owner.id } as const;
        await this.audit.record(tx, client, [event]);
      }
      const end = { userId: owner.id, reason: 'password_reset', actorId: owner.id, client } as const;
      await this.sessions.endAll(tx, end);
    });
    this.logger.info({ event: 'password_reset', user: owner.id }, 'password reset');
  }

  /** Nothing of the stranger who made the account carries over, nor a ban of theirs. */
  private async startAfresh(
    tx: EntityManager,
    { token, owner, hash, client }: { token: OwnedToken; owner: User; hash: string; client: Client },
  ): Promise<void> {
    const leaving = await lockLeaver(tx, owner);
    const before = await this.users.lockById(tx, token.userId);
    if (!before || !(await this.tokens.take(tx, token))) throw new AppError('invalid_account_token');
    if (before.emailConfirmedAt !== null) throw invalid(NOT_AFRESH);
    if (isLastAdmin(leaving, before.id)) throw new AppError('last_admin');
    await this.tokens.end(tx, before.id);
    await this.loginGuard.forget(tx, before);
    const user = await this.users.replace(tx, before, hash);
    const content = passwordWasResetMail({ username: user.username });
    await this.outbox.add(tx, { kind: 'password_was_reset', address: user.email, content, userId: user.id });
    await this.audit.record(tx, client, [
      { action: 'user.taken_over', actorId: user.id, subjectId: before.id },
      { action: 'user.registered', actorId: user.id, subjectId: user.id },
    ]);
  }

  private async replace(
    tx: EntityManager,
    { token, hash, client }: { token: OwnedToken; hash: string; client: Client },
  ): Promise<void> {
    const user = await this.users.lockById(tx, token.userId);
    if (!user || !(await this.tokens.take(tx, token))) throw new AppError('invalid_account_token');
    await this.secondFactors.recover(tx, user, client);
    await this.users.recover(tx, user.id, hash);
    await this.tokens.end(tx, user.id);
    // Only the way back of this address ends: the reader may be the thief, so earlier addresses keep theirs.
    await this.former.end(tx, { userId: user.id, email: user.email });
    await this.loginGuard.forget(tx, user);
    const content = passwordWasResetMail({ username: user.username });
    await this.outbox.add(tx, { kind: 'password_was_reset', address: user.email, content, userId: user.id });
  }
}
