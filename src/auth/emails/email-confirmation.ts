import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Links } from '../../mail/links.js';
import { Outbox } from '../../mail/outbox.js';
import { confirmationMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { MailedTokens, type OwnedToken } from '../mailed-tokens/mailed-tokens.js';
import type { Confirmation } from './emails.dto.js';
import { EmailChange } from './email-change.js';
import type { Client } from '../../common/actor.js';

@Injectable()
export class EmailConfirmation {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly tokens: MailedTokens,
    private readonly change: EmailChange,
    private readonly outbox: Outbox,
    private readonly links: Links,
    private readonly audit: Audit,
  ) {}

  async begin(tx: EntityManager, user: User): Promise<void> {
    await this.mail(tx, user.email, user);
  }

  async pretend(tx: EntityManager): Promise<void> {
    await this.tokens.issue(tx, { purpose: 'email_confirmation', userId: undefined });
  }

  /** Does the same work for an unknown or a confirmed address: timing must not tell which. */
  async resend(email: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await this.outbox.mayAdd(tx, 'email_confirmation', email))) return;
      const user = await this.users.lockByEmail(tx, email);
      await this.mail(tx, email, user?.emailConfirmedAt === null ? user : undefined);
    });
  }

  /** Also confirms a change of address. @throws AppError `invalid_account_token`, `invalid_confirmation_code` */
  async confirm(given: Confirmation, client: Client): Promise<void> {
    const refusal = 'token' in given ? 'invalid_account_token' : 'invalid_confirmation_code';
    const found =
      'token' in given
        ? await this.tokens.find(['email_confirmation', 'email_change'], given.token)
        : await this.tokens.findByCode(given.email, given.code);
    if (found?.purpose === 'email_change') return this.change.confirm(found, client);
    if (!found || !(await this.database.transaction((tx) => this.use(tx, found, client)))) throw new AppError(refusal);
    this.logger.info({ event: 'email_confirmed', user: found.userId }, 'e-mail address confirmed');
  }

  /** Lock order: the user's row, then the token's. */
  private async use(tx: EntityManager, token: OwnedToken, client: Client): Promise<boolean> {
    const user = await this.users.lockById(tx, token.userId);
    if (!user || !(await this.tokens.take(tx, token))) return false;
    await this.users.confirm(tx, user.id);
    // A change requested while unconfirmed has no way back, so it ends.
    await this.tokens.end(tx, user.id, 'email_change');
    await this.audit.record(tx, client, [{ action: 'email.confirmed', actorId: user.id, subjectId: user.id }]);
    return true;
  }

  private async mail(tx: EntityManager, address: string, user: User | undefined): Promise<void> {
    const { token, code } = await this.tokens.issue(tx, { purpose: 'email_confirmation', userId: user?.id });
    const url = this.links.toPage('confirm', token);
    const content = confirmationMail({ username: user?.username ?? 'nobody', url, code });
    await this.outbox.add(tx, { kind: 'email_confirmation', address, content, userId: user?.id });
  }
}
