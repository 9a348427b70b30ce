/** A person deletes their own account: at first it is only closed, and their next login opens it again. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { EntityManager } from 'typeorm';

import type { Principal } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { AppError } from '../common/errors.js';
import { LOGGER } from '../common/logger.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { CurrentPassword } from './current-password.js';
import { PendingDeletions } from './pending-deletions.js';
import { isLastAdmin, lockLeaver } from './pending-deletions.query.js';
import { type Client, Sessions } from './sessions.js';
import { isSessionLive } from './sessions.query.js';

@Injectable()
export class AccountDeletion {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly users: UsersService,
    private readonly currentPassword: CurrentPassword,
    private readonly sessions: Sessions,
    private readonly deletions: PendingDeletions,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends all of the caller's sessions at once, on every instance.
   * @returns when the deletion becomes final
   * @throws AppError `wrong_password`, `rate_limited` after many wrong ones, `last_admin`, `token_revoked` or `token_stale`
   *   when session or role changed meanwhile, or `overloaded`
   */
  async request(principal: Principal, password: string, client: Client): Promise<Date> {
    const { userId, sessionId } = principal;
    const user = await this.users.findById(userId);
    if (!user) throw new AppError('invalid_token');
    await this.currentPassword.require(principal, { user, password, failure: 'user.deletion_failed' }, client);
    const end = { userId, reason: 'account_deletion', actorId: userId, origin: client } as const;
    const final = await this.sessions.endAllWith(end, async (tx) => {
      await this.lock(tx, principal, user);
      return this.deletions.begin(tx, userId, { actorId: userId, sessionId, origin: client });
    });
    this.logger.info({ event: 'deletion_requested', user: userId, by: userId }, 'deletion of an account requested');
    return final;
  }

  private async lock(tx: EntityManager, { userId, sessionId }: Principal, verified: User): Promise<void> {
    const locked = await lockLeaver(tx, verified, this.clock.offsetMs);
    const own = locked.find(({ id }) => id === userId);
    if (!own || !(await isSessionLive(tx, sessionId))) throw new AppError('token_revoked');
    if (own.epoch !== verified.tokenEpoch) throw new AppError('token_stale');
    // Only its hash was made anew, by a login: the session would have ended with another password.
    if (own.hashedPassword !== verified.hashedPassword) throw new AppError('overloaded');
    if (isLastAdmin(locked, userId)) throw new AppError('last_admin');
  }
}
