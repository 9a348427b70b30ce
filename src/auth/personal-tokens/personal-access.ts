/** Authenticates requests by personal access tokens, from memory where it can. */
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import type { Caller } from '../../common/access.js';
import { Clock } from '../../common/clock.js';
import { AppError } from '../../common/errors.js';
import { LOGGER } from '../../common/logger.js';
import { Revocations } from '../revocations/revocations.js';
import type { OtherTokens } from '../tokens/auth.guard.js';
import { noteTokenUse, selectToken, selectTokenStanding } from './personal-tokens.query.js';
import { hashOf, isWellFormed, TOKEN_PREFIX } from './token-format.js';

/** Read again long before `revocations` forgets an end, which is after 25 hours. */
export const REMEMBERED = { most: 5_000, forMs: 3_600_000 };
const USE_NOTED_MS = 3_600_000;

interface Remembered {
  readonly caller: Caller;
  readonly readAt: number;
  usedAt: number;
}

@Injectable()
export class PersonalAccess implements OtherTokens, BeforeApplicationShutdown {
  readonly prefix = TOKEN_PREFIX;
  /** By the hash: what the memory holds is no credential. */
  private readonly remembered = new LRUCache<string, Remembered>({ max: REMEMBERED.most });
  private readonly notes = new Set<Promise<void>>();

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.notes);
  }

  /** @throws AppError `invalid_token`, `token_expired`, `token_revoked`, `token_stale`; a database error */
  async verify(token: string): Promise<Caller> {
    if (!isWellFormed(token)) throw new AppError('invalid_token');
    const hash = hashOf(token);
    const known = this.recall(hash) ?? (await this.read(hash));
    const current = (await this.isStale(known)) ? await this.read(hash) : known;
    if (current !== known) await this.judge(current);
    this.noteUse(current);
    return current.caller;
  }

  private recall(hash: Buffer): Remembered | undefined {
    const found = this.remembered.get(hash.toString('base64'));
    return found && this.clock.elapsedMs() - found.readAt < REMEMBERED.forMs ? found : undefined;
  }

  private async read(hash: Buffer): Promise<Remembered> {
    const readAt = this.clock.elapsedMs();
    const token = await selectToken(this.database.manager, hash);
    if (!token) throw new AppError('invalid_token');
    if (token.isRevoked) throw new AppError('token_revoked');
    if (token.hasExpired) throw new AppError('token_expired');
    const { id, userId, role, epoch, expiresAtSeconds, lastUsedAtMs, scopes, secondFactor } = token;
    const caller = { userId, sessionId: id, role, epoch, expiresAt: expiresAtSeconds, scopes, secondFactor };
    const found = { caller, readAt, usedAt: lastUsedAtMs ?? -Infinity };
    this.remembered.set(hash.toString('base64'), found);
    return found;
  }

  /** After a change of the account, the token stays: it is read again. */
  private async isStale(known: Remembered): Promise<boolean> {
    try {
      await this.judge(known);
      return false;
    } catch (error) {
      if (error instanceof AppError && error.code === 'token_stale') return true;
      throw error;
    }
  }

  private async judge({ caller }: Remembered): Promise<void> {
    if (caller.expiresAt <= this.clock.epochSeconds()) throw new AppError('token_expired');
    await this.revocations.check(caller, selectTokenStanding);
  }

  private noteUse(known: Remembered): void {
    const now = this.clock.now().getTime();
    if (now - known.usedAt < USE_NOTED_MS) return;
    known.usedAt = now;
    const { sessionId: token } = known.caller;
    const note = noteTokenUse(this.database.manager, token, USE_NOTED_MS)
      .catch((error: unknown) => {
        this.logger.warn({ event: 'token_use_unnoted', token, err: error }, 'the use of a token could not be noted');
      })
      .finally(() => this.notes.delete(note));
    this.notes.add(note);
  }
}
