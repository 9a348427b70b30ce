/** Which access tokens have ended, in memory: what makes a logout immediate without a query for each request. */
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';

import type { Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { Revocation } from './revocation.entity.js';

/** Longer than any access token lives (24 hours and its leeway). */
const KEPT_MS = 25 * 3_600_000;

@Injectable()
export class Revocations implements OnApplicationBootstrap {
  /** Session id to the monotonic time at which every token of it has expired; the oldest first. */
  private readonly sessions = new Map<string, number>();
  private readonly minEpochs = new Map<string, number>();

  constructor(@InjectRepository(Revocation) private readonly revocations: Repository<Revocation>) {}

  /** Requests are served only after this: a token that ended before a restart stays ended. */
  async onApplicationBootstrap(): Promise<void> {
    const rows = await this.revocations
      .createQueryBuilder('r')
      .where("r.created_at > clock_timestamp() - :kept * interval '1 ms'", { kept: KEPT_MS })
      .orderBy('r.id')
      .getMany();
    for (const { sessionId, userId, minEpoch } of rows) {
      if (sessionId !== null) this.endSession(sessionId);
      if (userId !== null && minEpoch !== null) this.endEpochsBelow(userId, minEpoch);
    }
  }

  /** Call when the transaction that wrote the row has committed, before the answer. */
  endSession(sessionId: string): void {
    this.prune();
    this.sessions.set(sessionId, performance.now() + KEPT_MS);
  }

  /** @throws AppError `token_revoked` or `token_stale` */
  check({ sessionId, userId, epoch }: Principal): void {
    if (this.sessions.has(sessionId)) throw new AppError('token_revoked');
    if (epoch < (this.minEpochs.get(userId) ?? 0)) throw new AppError('token_stale');
  }

  private endEpochsBelow(userId: string, minEpoch: number): void {
    this.minEpochs.set(userId, Math.max(minEpoch, this.minEpochs.get(userId) ?? 0));
  }

  private prune(): void {
    const now = performance.now();
    for (const [sessionId, forgetAt] of this.sessions) {
      if (forgetAt > now) break;
      this.sessions.delete(sessionId);
    }
  }
}
