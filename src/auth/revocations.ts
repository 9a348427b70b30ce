/** Which access tokens have ended, in memory: what makes a logout immediate without a query for each request. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import type { Principal } from '../common/access.js';
import { AppError } from '../common/errors.js';
import { KEPT_MS, type RevocationRow, selectStanding, type Standing } from './revocations.query.js';

/** What was read longer ago is not trusted: each request asks the database. Milliseconds. */
const TRUSTED_MS = 5_000;

@Injectable()
export class Revocations {
  /** Ids of sessions. */
  private readonly ended = new Expiring<true>();
  /** Ids of users. */
  private readonly minEpochs = new Expiring<number>();
  /** When the last good reading of the table began, on the monotonic clock. */
  private readAt = -Infinity;

  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Call when the transaction that wrote the row has committed, before the answer. */
  endSession(sessionId: string): void {
    this.ended.set(sessionId, true);
  }

  /** Call when the transaction that wrote the row has committed, before the answer. */
  endEpochsBelow(userId: string, minEpoch: number): void {
    this.minEpochs.set(userId, Math.max(minEpoch, this.minEpochs.get(userId) ?? 0));
  }

  /** Takes in what was read from the table. @param startedAt when the reading began, on the monotonic clock */
  add(rows: readonly RevocationRow[], startedAt: number): void {
    for (const { sessionId, userId, minEpoch } of rows) {
      if (sessionId !== null) this.endSession(sessionId);
      if (userId !== null && minEpoch !== null) this.endEpochsBelow(userId, minEpoch);
    }
    this.readAt = startedAt;
  }

  /**
   * From memory alone, while it is fresh.
   * @throws AppError `token_revoked` or `token_stale`; an error of the database when neither memory nor it can tell
   */
  check(principal: Principal): void | Promise<void> {
    if (performance.now() - this.readAt > TRUSTED_MS) return this.ask(principal);
    const { sessionId, userId } = principal;
    decide(principal, { sessionEnded: this.ended.has(sessionId), minEpoch: this.minEpochs.get(userId) ?? 0 });
  }

  private async ask(principal: Principal): Promise<void> {
    decide(principal, await selectStanding(this.database.manager, principal));
  }
}

function decide({ epoch }: Principal, standing: Standing | undefined): void {
  if (!standing || standing.sessionEnded) throw new AppError('token_revoked');
  if (epoch < standing.minEpoch) throw new AppError('token_stale');
}

/** A map that forgets when every token has expired that an entry could be asked for. The oldest come first. */
class Expiring<T> {
  private readonly entries = new Map<string, { readonly value: T; readonly forgetAt: number }>();

  has(key: string): boolean {
    return this.entries.has(key);
  }

  get(key: string): T | undefined {
    return this.entries.get(key)?.value;
  }

  set(key: string, value: T): void {
    const now = performance.now();
    for (const [old, { forgetAt }] of this.entries) {
      if (forgetAt > now) break;
      this.entries.delete(old);
    }
    this.entries.delete(key);
    this.entries.set(key, { value, forgetAt: now + KEPT_MS });
  }
}
