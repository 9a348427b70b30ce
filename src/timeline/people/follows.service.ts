import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { AppError } from '../../common/errors.js';
import { violatedConstraint } from '../../database/pg-errors.js';
import { Reads } from '../../database/replicas/reads.js';
import type { About } from './person.decorator.js';
import {
  deleteBlock,
  deleteFollows,
  deleteMute,
  insertBlock,
  insertFollow,
  insertMute,
  lockStats,
  type Pair,
} from './follows.query.js';
import { PeopleService } from './people.service.js';

export const FOLLOW_LIMIT = 5_000;

/** Follows, mutes and blocks: idempotent, and effective from the next read on. */
@Injectable()
export class FollowsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly reads: Reads,
    private readonly profiles: PeopleService,
  ) {}

  /** @throws AppError `user_not_found`, `not_oneself`, `user_blocked` by the caller, `follow_limit_reached` */
  async follow(about: About): Promise<void> {
    const refusal = await insertFollow(this.database.manager, about, FOLLOW_LIMIT);
    if (refusal !== null) throw new AppError(refusal);
  }

  async unfollow(about: About): Promise<void> {
    const pair = await this.anybody(about);
    await this.database.transaction(async (tx) => {
      await this.lock(tx, pair);
      await deleteFollows(tx, [{ followerId: pair.self, followeeId: pair.other }]);
    });
  }

  /** Keeps an existing follow. @throws AppError `user_not_found`, `not_oneself` */
  async mute(about: About): Promise<void> {
    const pair = await this.visible(about);
    try {
      await insertMute(this.database.manager, pair);
    } catch (error) {
      const violated = violatedConstraint(error);
      if (violated === 'mutes_muted_id_fkey') throw new AppError('user_not_found', { cause: error });
      if (violated === 'mutes_user_id_fkey') throw new AppError('invalid_token', { cause: error });
      throw error;
    }
  }

  async unmute(about: About): Promise<void> {
    await deleteMute(this.database.manager, await this.anybody(about));
  }

  /** Ends both follows. A blocked person may block in return. @throws AppError `user_not_found`, `not_oneself` */
  async block(about: About): Promise<void> {
    const { id, isHidden } = await this.profiles.find(about);
    if (isHidden) throw new AppError('user_not_found');
    const pair = distinct(about, id);
    await this.database.transaction(async (tx) => {
      await this.lock(tx, pair);
      await insertBlock(tx, pair);
      await deleteFollows(tx, [
        { followerId: pair.self, followeeId: pair.other },
        { followerId: pair.other, followeeId: pair.self },
      ]);
    });
    await this.reads.announce(pair.other);
  }

  /** Does not restore follows. @throws AppError `user_not_found` */
  async unblock(about: About): Promise<void> {
    await deleteBlock(this.database.manager, await this.anybody(about));
  }

  private async anybody(about: About): Promise<Pair> {
    return { self: about.principal.userId, other: (await this.profiles.find(about)).id };
  }

  private async visible(about: About): Promise<Pair> {
    const { id, isHidden, hasBlockedViewer } = await this.profiles.find(about);
    if (isHidden || hasBlockedViewer) throw new AppError('user_not_found');
    return distinct(about, id);
  }

  /** Erasure takes the same lock: an account found here exists until the end of the transaction. */
  private async lock(tx: EntityManager, { self, other }: Pair): Promise<void> {
    const there = await lockStats(tx, [self, other]);
    if (!there.includes(self)) throw new AppError('invalid_token');
    if (!there.includes(other)) throw new AppError('user_not_found');
  }
}

function distinct({ principal }: About, other: string): Pair {
  if (other === principal.userId) throw new AppError('not_oneself');
  return { self: principal.userId, other };
}
