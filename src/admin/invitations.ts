/** Invitations and password links: admins mail a link and never choose a password for somebody. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../audit/audit.js';
import type { Role } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import { onCommit } from '../database/transactions.js';
import { Idempotency } from '../idempotency/idempotency.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import { Links } from '../mail/links.js';
import { Outbox } from '../mail/outbox.js';
import { invitationMail, passwordResetMail } from '../mail/templates.js';
import type { User } from '../users/user.js';
import { selectAccount, selectUser, updateUser } from '../users/users.query.js';
import { UsersService } from '../users/users.service.js';
import { MailedTokens } from '../auth/mailed-tokens/mailed-tokens.js';
import { NO_PASSWORD } from '../auth/hashing/bcrypt-hash.js';
import { presentUser, type UserResponse } from './admin.dto.js';
import { type Act, Moderation } from './moderation.js';
import type { Actor } from '../common/actor.js';

export interface Invitation {
  readonly email: string;
  readonly username: string | undefined;
  readonly role: Role;
}

@Injectable()
export class Invitations {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly tokens: MailedTokens,
    private readonly moderation: Moderation,
    private readonly outbox: Outbox,
    private readonly links: Links,
    private readonly idempotency: Idempotency,
  ) {}

  /** Nobody can log in before the link was used. @throws AppError `email_taken`, `username_taken`, `token_stale` */
  invite(actor: Actor, { email, username, role }: Invitation, request: IdempotentRequest): Promise<UserResponse> {
    const { principal } = actor;
    return this.idempotency.transaction(request, async (tx) => {
      await this.moderation.lockActing(tx, principal);
      const user = await this.users.create(tx, { email, username, hashedPassword: NO_PASSWORD });
      if (!user) throw new AppError('email_taken');
      await updateUser(tx, user.id, { role });
      await this.mail(tx, user);
      const event = { action: 'user.invited', actorId: principal.userId, subjectId: user.id, after: { role } } as const;
      await this.audit.record(tx, actor, [event]);
      const listed = await selectUser(tx, user.id);
      if (!listed) throw new AppError('user_not_found');
      onCommit(tx, () => {
        this.logger.info({ event: 'user_invited', user: user.id, by: principal.userId }, 'account made by invitation');
      });
      return presentUser(listed);
    });
  }

  /** Repeats an invitation not accepted yet. @throws AppError `user_not_found`, `token_stale`, `rate_limited` */
  async sendPasswordLink(act: Act): Promise<void> {
    const { principal, userId } = act;
    const found = await this.users.findById(userId);
    if (!found) throw new AppError('user_not_found');
    await this.database.transaction(async (tx) => {
      const retryAfterSeconds = await this.outbox.secondsUntilNext(tx, kindOf(found), found.email);
      if (retryAfterSeconds > 0) throw new AppError('rate_limited', { retryAfterSeconds, policies: ['account_mail'] });
      await this.moderation.lockActing(tx, principal, userId);
      const user = await selectAccount(tx, { id: userId });
      if (!user) throw new AppError('user_not_found');
      await this.mail(tx, user);
      const event = { action: 'password.reset_requested', actorId: principal.userId, subjectId: userId } as const;
      await this.audit.record(tx, act, [event]);
    });
    this.logger.info(
      { event: 'password_reset_requested', user: userId, by: principal.userId },
      'password reset requested by staff',
    );
  }

  private async mail(tx: EntityManager, user: User): Promise<void> {
    const kind = kindOf(user);
    const atLeastMs = 1_000 * (await this.outbox.secondsAfterOneMore(tx, kind, user.email));
    const { token, ttlMs } = await this.tokens.issue(tx, { purpose: kind, userId: user.id, atLeastMs });
    const asks = kind === 'password_reset' && user.emailConfirmedAt === null;
    const url = `${this.links.toPage('reset', token)}${asks ? '&unconfirmed=true' : ''}`;
    const to = { username: user.username, url, ttlMs, asks };
    const content = kind === 'invitation' ? invitationMail(to) : passwordResetMail(to);
    await this.outbox.add(tx, { kind, address: user.email, content, userId: user.id });
  }
}

function kindOf({ hashedPassword }: User): 'invitation' | 'password_reset' {
  return hashedPassword === NO_PASSWORD ? 'invitation' : 'password_reset';
}
