/** Whoever does what cannot be undone shows that they are not only at somebody's unlocked screen. */
import { Injectable } from '@nestjs/common';

import type { AuditAction } from '../audit/actions.js';
import { Audit } from '../audit/audit.js';
import type { Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { LoginGuard } from './login-guard.js';
import { Passwords } from './passwords.js';
import type { Client } from './sessions.js';

/** What somebody presents as the password of an account. */
export interface GivenPassword {
  readonly user: User;
  readonly password: string;
  /** What the audit tells of a wrong one. */
  readonly failed: AuditAction;
}

@Injectable()
export class CurrentPassword {
  constructor(
    private readonly audit: Audit,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly loginGuard: LoginGuard,
  ) {}

  /**
   * Counted like a login.
   * @throws AppError `wrong_password`, `account_disabled` after the right one, `rate_limited` after many wrong ones, or
   *   `overloaded`
   */
  async require(principal: Principal, { user, password, failed }: GivenPassword, client: Client): Promise<void> {
    const { userId, sessionId } = principal;
    const guess = { identifier: { email: user.email }, userId: user.id, address: client.ip };
    await this.loginGuard.guarded(guess, async () => {
      const right = await this.passwords.verify(password, user.hashedPassword, client.isGone);
      if (right) return;
      await this.audit.record(undefined, client, [{ action: failed, actorId: userId, subjectId: userId, sessionId }]);
      throw new AppError('wrong_password');
    });
    if (await this.users.isDisabled(user)) throw new AppError('account_disabled');
  }
}
