/** Revocations in memory: a logout is immediate, without a query per request. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import type { Principal } from '../../common/access.js';
import { Activity } from '../../common/schedule.js';
import type { ErrorCode } from '../../common/error-codes.js';
import { AppError } from '../../common/errors.js';
import { KEPT_MS, type RevocationRow, selectStanding, type Standing } from './revocations.query.js';

/** Milliseconds. With an older read, each request asks the database. */
const TRUSTED_MS = 5_000;

/** The tokens of a session, or those of a person below an epoch. */
export type EndedTokens = { readonly sessionId: string } | { readonly userId: string };

@Injectable()
export class Revocations {
  private readonly ended = new Expiring<true>();
  private readonly minEpochs = new Expiring<number>();
  private readAt = -Infinity;
  private resume: (() => Promise<void>) | undefined;
  private resuming: Promise<void> | undefined;
  private readonly listeners: ((ended: EndedTokens) => void)[] = [];

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly activity: Activity,
  ) {}

  /** Like `endEpochsBelow`: after the commit of the row and before the answer. */
  endSession(sessionId: string): void {
    this.ended.set(sessionId, true);
    this.tell({ sessionId });
  }

  endEpochsBelow(userId: string, minEpoch: number): void {
    this.raiseEpoch(userId, minEpoch);
    this.tell({ userId });
  }

  add(rows: readonly RevocationRow[], startedAt: number): void {
    for (const { sessionId, userId, minEpoch } of rows) {
      if (sessionId !== null) this.ended.set(sessionId, true);
      if (userId !== null && minEpoch !== null) this.raiseEpoch(userId, minEpoch);
    }
    this.readAt = startedAt;
    for (const { sessionId, userId } of rows) {
      if (sessionId !== null) this.tell({ sessionId });
      if (userId !== null) this.tell({ userId });
    }
  }

  /** Call before {@link add} with all rows of another server. @param startedAt later entries are kept */
  forgetEpochs(startedAt: number): void {
    this.minEpochs.forgetSetBefore(startedAt);
  }

  /** Memory is not trusted until the next request has read what is new, by `resume`. */
  rest(resume: () => Promise<void>): void {
    this.readAt = -Infinity;
    this.resume = resume;
  }

  /** Milliseconds since the last read; Infinity while resting. */
  get age(): number {
    return performance.now() - this.readAt;
  }

  /** While false, this instance may not deliver anything. */
  get isCurrent(): boolean {
    return this.age <= TRUSTED_MS;
  }

  whyEnded(principal: Principal): ErrorCode | undefined {
    const { sessionId, userId } = principal;
    return judge(principal, { sessionEnded: this.ended.has(sessionId), minEpoch: this.minEpochs.get(userId) ?? 0 });
  }

  onEnded(listener: (ended: EndedTokens) => void): void {
    this.listeners.push(listener);
  }

  /** Memory only, while it is fresh. @throws AppError `token_revoked`, `token_stale`; a database error */
  check(principal: Principal, standingOf: typeof selectStanding = selectStanding): void | Promise<void> {
    this.activity.use();
    if (!this.isCurrent) return this.ask(principal, standingOf);
    refuse(this.whyEnded(principal));
  }

  private async ask(principal: Principal, standingOf: typeof selectStanding): Promise<void> {
    await this.resumed();
    if (this.isCurrent) refuse(this.whyEnded(principal));
    else refuse(judge(principal, await standingOf(this.database.manager, principal)));
  }

  /** One read for all requests that come meanwhile. */
  private resumed(): Promise<void> | undefined {
    this.resuming ??= this.resume?.().finally(() => {
      this.resuming = undefined;
    });
    this.resume = undefined;
    return this.resuming;
  }

  private raiseEpoch(userId: string, minEpoch: number): void {
    this.minEpochs.set(userId, Math.max(minEpoch, this.minEpochs.get(userId) ?? 0));
  }

  private tell(ended: EndedTokens): void {
    for (const listener of this.listeners) listener(ended);
  }
}

function judge({ epoch }: Principal, standing: Standing | undefined): ErrorCode | undefined {
  if (!standing || standing.sessionEnded) return 'token_revoked';
  return epoch < standing.minEpoch ? 'token_stale' : undefined;
}

function refuse(why: ErrorCode | undefined): void {
  if (why !== undefined) throw new AppError(why);
}

/** Entries stand in the order of their expiry: the oldest come first. */
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
