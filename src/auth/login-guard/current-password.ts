/** Requires the current password for actions that a stolen access token must not allow. */
import { Injectable } from '@nestjs/common';

import type { AuditAction } from '../../audit/actions.js';
import { Audit } from '../../audit/audit.js';
import { AppError } from '../../common/errors.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { LoginGuard } from './login-guard.js';
import { Passwords } from '../hashing/passwords.js';
import type { Actor } from '../../common/actor.js';

export interface PresentedPassword {
  readonly user: User;
  readonly password: string;
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

  /** Counted as a login guess. @throws AppError `wrong_password`, `account_disabled`, `rate_limited`, `overloaded` */
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
