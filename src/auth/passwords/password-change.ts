import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Audit } from '../../audit/audit.js';
import { AppError, invalid } from '../../common/errors.js';
import { spellingsOf } from '../../common/text.js';
import { LOGGER } from '../../common/logger.js';
import { onCommit } from '../../database/transactions.js';
import { Outbox } from '../../mail/outbox.js';
import { passwordChangedMail } from '../../mail/templates.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { MailedTokens } from '../mailed-tokens/mailed-tokens.js';
import { CurrentPassword } from '../login-guard/current-password.js';
import { Passwords } from '../hashing/passwords.js';
import { Sessions } from '../sessions/sessions.js';
import type { Actor } from '../../common/actor.js';

const ATTEMPTS = 3;

const NEW_PASSWORD = '#/new_password';

@Injectable()
export class PasswordChange {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly currentPassword: CurrentPassword,
    private readonly sessions: Sessions,
    private readonly tokens: MailedTokens,
    private readonly outbox: Outbox,
  ) {}

  /** Ends all other sessions. @throws AppError `wrong_password`, `validation_failed`, `rate_limited`, `overloaded`,
   * `account_disabled` after the right password, `token_revoked` */
  async change(actor: Actor, { from, to }: { from: string; to: string }): Promise<void> {
    let hash: string | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.users.require(actor.principal.userId);
      this.requireNew(user, { from, to });
      await this.currentPassword.require(actor, { user, password: from, failure: 'password.change_failed' });
      hash ??= await this.passwords.hash(to, actor.isGone);
      if (await this.replace(actor, { user, hash })) return;
    }
    throw new AppError('overloaded');
  }

  private requireNew(user: User, { from, to }: { from: string; to: string }): void {
    this.passwords.requireGood(NEW_PASSWORD, to, user);
    if (!spellingsOf(from).has(to.normalize('NFC'))) return;
    throw invalid({ pointer: NEW_PASSWORD, code: 'same_password', detail: 'must differ from the current password' });
  }

  /** Lock order: the user's row, then the sessions. @returns false when the account changed since the verification */
  private replace(actor: Actor, { user, hash }: { user: User; hash: string }): Promise<boolean> {
    const { userId, sessionId } = actor.principal;
    return this.database.transaction(async (tx) => {
      if (!(await this.users.replaceHash(user, hash, tx))) return false;
      // Reset links for the old password end, and so does a change of address, which a thief may have requested.
      for (const purpose of ['password_reset', 'email_change'] as const) await this.tokens.end(tx, user.id, purpose);
      const content = passwordChangedMail(user);
      await this.outbox.add(tx, { kind: 'password_changed', address: user.email, content, userId: user.id });
      const event = { action: 'password.changed', actorId: userId, subjectId: userId, sessionId } as const;
      await this.audit.record(tx, actor, [event]);
      await this.sessions.endOthers(tx, actor, 'password_change');
      onCommit(tx, () => {
        this.logger.info({ event: 'password_changed', user: userId, session: sessionId }, 'password changed');
      });
      return true;
    });
  }
}
