/** Whoever holds a session proves to be its owner, before what a stolen token must not do. */
import { Injectable } from '@nestjs/common';

import type { AuditAction } from '../../audit/actions.js';
import { Audit } from '../../audit/audit.js';
import { AppError } from '../../common/errors.js';
import type { User } from '../../users/user.entity.js';
import { UsersService } from '../../users/users.service.js';
import { LoginGuard } from './login-guard.js';
import { Passwords } from '../hashing/passwords.js';
import type { Actor } from '../../common/actor.js';

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
  async require(actor: Actor, { user, password, failure }: PresentedPassword): Promise<void> {
    const { userId, sessionId } = actor.principal;
    const guess = await this.loginGuard.count({ identifier: { email: user.email }, userId: user.id, client: actor });
    try {
      const { right } = await this.passwords.verify(password, user.hashedPassword, actor.isGone);
      if (!right) {
        const event = { action: failure, actorId: userId, subjectId: userId, sessionId };
        await this.audit.record(undefined, actor, [event]);
        throw new AppError('wrong_password');
      }
    } catch (error) {
      await this.loginGuard.fail(guess, error);
      throw error;
    }
    await this.loginGuard.clear(guess);
    if (await this.users.isDisabled(user)) throw new AppError('account_disabled');
  }
}
