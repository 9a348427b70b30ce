/** A person deletes their own account. It is closed at first; their next login reopens it. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource, type EntityManager } from 'typeorm';

import type { Principal } from '../../common/access.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import type { User } from '../../users/user.js';
import { UsersService } from '../../users/users.service.js';
import { CurrentPassword } from '../login-guard/current-password.js';
import { Deletions } from './deletions.js';
import { isLastAdmin, lockLeaver } from '../../users/locks.query.js';
import { Sessions } from '../sessions/sessions.js';
import type { Actor } from '../../common/actor.js';

@Injectable()
export class OwnDeletion {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly currentPassword: CurrentPassword,
    private readonly sessions: Sessions,
    private readonly deletions: Deletions,
  ) {}

  /** @throws AppError `wrong_password`, `rate_limited`, `last_admin`, `token_revoked`, `token_stale`, `overloaded` */
  async request(actor: Actor, password: string): Promise<Date> {
    const { userId, sessionId } = actor.principal;
    const user = await this.users.require(userId);
    await this.currentPassword.require(actor, { user, password, failure: 'user.deletion_failed' });
    const final = await this.database.transaction(async (tx) => {
      await this.lock(tx, actor.principal, user);
      const final = await this.deletions.begin(tx, userId, { actorId: userId, sessionId, client: actor });
      const end = { userId, reason: 'account_deletion', actorId: userId, client: actor } as const;
      await this.sessions.endAll(tx, end);
      return final;
    });
    this.logger.info({ event: 'deletion_requested', user: userId, by: userId }, 'deletion of an account requested');
    return final;
  }

  private async lock(tx: EntityManager, { userId, sessionId }: Principal, verified: User): Promise<void> {
    const locked = await lockLeaver(tx, verified);
    const own = locked.find(({ id }) => id === userId);
    if (!own) throw new AppError('token_revoked');
    await this.sessions.requireLive(tx, sessionId);
    if (own.epoch !== verified.tokenEpoch) throw new AppError('token_stale');
    // A login only renewed the hash: with another password, the session would have ended.
    if (own.hashedPassword !== verified.hashedPassword) throw new AppError('overloaded');
    if (isLastAdmin(locked, userId)) throw new AppError('last_admin');
  }
}
