/** A person changes their own password. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';

import { Audit } from '../audit/audit.js';
import type { Principal } from '../common/access.js';
import { AppError, invalid } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import { Outbox } from '../mail/outbox.js';
import { passwordChangedMail } from '../mail/templates.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { AccountTokens } from './account-tokens.js';
import { CurrentPassword } from './current-password.js';
import { Passwords } from './passwords.js';
import { type Client, Sessions } from './sessions.js';

/** How often the current password is verified again when the account changes meanwhile. */
const ATTEMPTS = 3;

const NEW_PASSWORD = '#/new_password';

@Injectable()
export class PasswordChange {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly currentPassword: CurrentPassword,
    private readonly sessions: Sessions,
    private readonly tokens: AccountTokens,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Changes the caller's password, ends all of their other sessions, and tells them by mail.
   * @throws AppError `wrong_password`, `validation_failed`, `account_disabled` after the right password, `token_revoked`
   *   when the caller's own session ended meanwhile, `rate_limited` after many wrong ones, or `overloaded`
   */
  async change(principal: Principal, { from, to }: { from: string; to: string }, client: Client): Promise<void> {
    let hash: string | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.owner(principal);
      this.requireNew(user, { from, to });
      await this.currentPassword.require(
        principal,
        { user, password: from, failure: 'password.change_failed' },
        client,
      );
      hash ??= await this.passwords.hash(to, client.isGone);
      if (await this.replace(principal, { user, hash }, client)) return;
    }
    throw new AppError('overloaded');
  }

  private async owner({ userId }: Principal): Promise<User> {
    const user = await this.users.findById(userId);
    if (!user) throw new AppError('invalid_token');
    return user;
  }

  private requireNew(user: User, { from, to }: { from: string; to: string }): void {
    this.passwords.requireGood(NEW_PASSWORD, to, user);
    if (to.normalize('NFC') !== from.normalize('NFC')) return;
    throw invalid({ pointer: NEW_PASSWORD, code: 'same_password', detail: 'must differ from the current password' });
  }

  /** The user's row first, then the sessions: the order in which everything locks them. */
  private async replace(
    principal: Principal,
    { user, hash }: { user: User; hash: string },
    client: Client,
  ): Promise<boolean> {
    const end = { principal, reason: 'password_change', origin: client } as const;
    const replaced = await this.sessions.endOthersWith(end, async (tx) => {
      if (!(await this.users.replaceHash(user, hash, tx))) return false;
      // A link to reset the password before is none to the new one, and who knew it may have asked for another address.
      for (const purpose of ['password_reset', 'email_change'] as const) await this.tokens.end(tx, user.id, purpose);
      const content = passwordChangedMail(user);
      await this.outbox.add(tx, { kind: 'password_changed', address: user.email, content, userId: user.id });
      const { userId, sessionId } = principal;
      const event = { action: 'password.changed', actorId: userId, subjectId: userId, sessionId } as const;
      await this.audit.record(tx, client, [event]);
      return true;
    });
    if (replaced) {
      const { userId, sessionId } = principal;
      this.logger.info({ event: 'password_changed', user: userId, session: sessionId }, 'password changed');
    }
    return replaced;
  }
}
