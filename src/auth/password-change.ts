/** A person changes their own password. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';

import type { AuditAction } from '../audit/actions.js';
import { Audit } from '../audit/audit.js';
import type { AuditEvent } from '../audit/audit.query.js';
import type { Principal } from '../common/access.js';
import { AppError, invalid } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { AccountTokens } from './account-tokens.js';
import { LoginGuard } from './login-guard.js';
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
    private readonly loginGuard: LoginGuard,
    private readonly sessions: Sessions,
    private readonly tokens: AccountTokens,
  ) {}

  /**
   * Changes the caller's password and ends all of their other sessions.
   * @throws AppError `wrong_password`, `validation_failed`, `account_disabled` after the right password, `token_revoked`
   *   when the caller's own session ended meanwhile, `rate_limited` after many wrong ones, or `overloaded`
   */
  async change(principal: Principal, { from, to }: { from: string; to: string }, client: Client): Promise<void> {
    let hash: string | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const user = await this.owner(principal);
      this.requireNew(user, { from, to });
      await this.requireCurrent(principal, { user, password: from }, client);
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
    if (to !== from) return;
    throw invalid({ pointer: NEW_PASSWORD, code: 'same_password', detail: 'must differ from the current password' });
  }

  private async requireCurrent(
    principal: Principal,
    { user, password }: { user: User; password: string },
    client: Client,
  ): Promise<void> {
    const guess = { identifier: { email: user.email }, userId: user.id, origin: client };
    await this.loginGuard.guarded(guess, async () => {
      const right = await this.passwords.verify(password, user.hashedPassword, client.isGone);
      if (right) return;
      await this.audit.record(undefined, client, [eventOf(principal, 'password.change_failed')]);
      throw new AppError('wrong_password');
    });
    if (await this.users.isDisabled(user)) throw new AppError('account_disabled');
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
      // A link to reset the password before is none to the new one.
      await this.tokens.end(tx, user.id, 'password_reset');
      await this.audit.record(tx, client, [eventOf(principal, 'password.changed')]);
      return true;
    });
    if (replaced) {
      const { userId, sessionId } = principal;
      this.logger.info({ event: 'password_changed', user: userId, session: sessionId }, 'password changed');
    }
    return replaced;
  }
}

function eventOf({ userId, sessionId }: Principal, action: AuditAction): AuditEvent {
  return { action, actorId: userId, subjectId: userId, sessionId };
}
