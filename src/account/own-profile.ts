/** What a person says of themselves. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Audit } from '../audit/audit.js';
import type { Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import type { Origin } from '../common/origin.js';
import type { User } from '../users/user.entity.js';
import { type ProfileChanges, UsersService } from '../users/users.service.js';

@Injectable()
export class OwnProfile {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly audit: Audit,
  ) {}

  /** The caller's account. @throws AppError `invalid_token` when it is gone */
  async get({ userId }: Principal): Promise<User> {
    const user = await this.users.findById(userId);
    if (!user) throw new AppError('invalid_token');
    return user;
  }

  /**
   * Writes only what is given.
   * @throws AppError `username_taken`, or `invalid_token` when the account is gone
   */
  async update(principal: Principal, changes: ProfileChanges, origin: Origin): Promise<User> {
    return this.database.transaction(async (tx) => {
      const before = await this.users.lockById(tx, principal.userId);
      if (!before) throw new AppError('invalid_token');
      const user = await this.users.change(tx, before, changes);
      if (user.username !== before.username) await this.recordName(tx, { principal, before, user }, origin);
      return user;
    });
  }

  /** So that whoever reads the audit knows who did what under which name. */
  private async recordName(
    tx: EntityManager,
    { principal: { userId, sessionId }, before, user }: { principal: Principal; before: User; user: User },
    origin: Origin,
  ): Promise<void> {
    await this.audit.record(tx, origin, [
      {
        action: 'user.renamed',
        actorId: userId,
        subjectId: userId,
        sessionId,
        before: { username: before.username },
        after: { username: user.username },
      },
    ]);
  }
}
