/** Whoever holds a session proves to be its owner, before what a stolen token must not do. */
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

export interface PresentedPassword {
  readonly user: User;
  readonly password: string;
  /** What the audit tells of a wrong one. */
  readonly failure: AuditAction;
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
   * Counted with the guesses at logins.
   * @throws AppError `wrong_password`, `account_disabled` after the right password, `rate_limited` after many wrong ones, or
   *   `overloaded`
   */
  async require(
    { userId, sessionId }: Principal,
    { user, password, failure }: PresentedPassword,
    client: Client,
  ): Promise<void> {
    const guess = { identifier: { email: user.email }, userId: user.id, origin: client };
    await this.loginGuard.guarded(guess, async () => {
      const { right } = await this.passwords.verify(password, user.hashedPassword, client.isGone);
      if (right) return;
      await this.audit.record(undefined, client, [{ action: failure, actorId: userId, subjectId: userId, sessionId }]);
      throw new AppError('wrong_password');
    });
    if (await this.users.isDisabled(user)) throw new AppError('account_disabled');
  }
}
