/** Which access tokens have ended, in memory: what makes a logout immediate without a query for each request. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import type { Principal } from '../../common/access.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
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
  private readonly listeners: (() => void)[] = [];

  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** Call when the transaction that wrote the row has committed, before the answer. */
  endSession(sessionId: string): void {
    this.ended.set(sessionId, true);
    this.tell();
  }

  /** Call when the transaction that wrote the row has committed, before the answer. */
  endEpochsBelow(userId: string, minEpoch: number): void {
    this.raiseEpoch(userId, minEpoch);
    this.tell();
  }

  /** Takes in what was read from the table. @param startedAt when the reading began, on the monotonic clock */
  add(rows: readonly RevocationRow[], startedAt: number): void {
    for (const { sessionId, userId, minEpoch } of rows) {
      if (sessionId !== null) this.ended.set(sessionId, true);
      if (userId !== null && minEpoch !== null) this.raiseEpoch(userId, minEpoch);
    }
    this.readAt = startedAt;
    if (rows.length > 0) this.tell();
  }

  /** Call before {@link add} with all of another server's rows. @param startedAt what came later is kept */
  forgetEpochs(startedAt: number): void {
    this.minEpochs.forgetSetBefore(startedAt);
  }

  /** False when this instance cannot know what has ended: then nothing may be given out. */
  get isCurrent(): boolean {
    return performance.now() - this.readAt <= TRUSTED_MS;
  }

  /** From memory. @returns undefined while the token is good, but for its expiry */
  whyEnded(principal: Principal): ErrorCode | undefined {
    const { sessionId, userId } = principal;
    return judge(principal, { sessionEnded: this.ended.has(sessionId), minEpoch: this.minEpochs.get(userId) ?? 0 });
  }

  /** @param listener called at once when tokens may have ended, on this instance or another */
  onEnded(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * From memory alone, while it is fresh.
   * @throws AppError `token_revoked` or `token_stale`; an error of the database when neither memory nor it can tell
   */
  check(principal: Principal): void | Promise<void> {
    if (!this.isCurrent) return this.ask(principal);
    refuse(this.whyEnded(principal));
  }

  private async ask(principal: Principal): Promise<void> {
    refuse(judge(principal, await selectStanding(this.database.manager, principal)));
  }

  private raiseEpoch(userId: string, minEpoch: number): void {
    this.minEpochs.set(userId, Math.max(minEpoch, this.minEpochs.get(userId) ?? 0));
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function judge({ epoch }: Principal, standing: Standing | undefined): ErrorCode | undefined {
  if (!standing || standing.sessionEnded) return 'token_revoked';
  return epoch < standing.minEpoch ? 'token_stale' : undefined;
}

function refuse(why: ErrorCode | undefined): void {
  if (why !== undefined) throw new AppError(why);
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

  forgetSetBefore(moment: number): void {
    for (const [key, { forgetAt }] of this.entries) if (forgetAt < moment + KEPT_MS) this.entries.delete(key);
  }
}
