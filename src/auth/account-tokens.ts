/** Tokens that are mailed: 32 random bytes, kept as their hash, good once and for a while. */
import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Clock } from '../common/clock.js';
import { Random } from '../common/random.js';
import type { TokenPurpose } from './account-token.entity.js';
import { deleteTokens, type PresentedToken, putToken, selectTokenOwner, takeToken } from './account-tokens.query.js';

const TOKEN_BYTES = 32;
const TTL_MS: Record<TokenPurpose, number> = { email_confirmation: 24 * 3_600_000, password_reset: 30 * 60_000 };

/** Whose work is done when there is no such account. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

@Injectable()
export class AccountTokens {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Ends the one before. @param userId undefined: a token that nobody has, at the same cost */
  async issue(tx: EntityManager, purpose: TokenPurpose, userId = NOBODY): Promise<string> {
    const token = this.random.bytes(TOKEN_BYTES).toString('base64url');
    const { offsetMs } = this.clock;
    const row = { userId, purpose, tokenHash: hashOf(token), codeHash: null, codeTries: 0 };
    await putToken(tx, { ...row, ttlMs: TTL_MS[purpose], offsetMs });
    return token;
  }

  /** @returns whose token it is; undefined when it is none, was used, has expired, or there is a newer one */
  ownerOf(purpose: TokenPurpose, token: string): Promise<string | undefined> {
    return selectTokenOwner(this.database.manager, this.presented(purpose, token));
  }

  /** Uses it up; lock the owner's row before. @returns false when it is not good any more */
  take(tx: EntityManager, purpose: TokenPurpose, token: string): Promise<boolean> {
    return takeToken(tx, this.presented(purpose, token));
  }

  /** Ends all that an account has. */
  async end(tx: EntityManager, userId: string): Promise<void> {
    await deleteTokens(tx, userId);
  }

  private presented(purpose: TokenPurpose, token: string): PresentedToken {
    return { purpose, tokenHash: hashOf(token), offsetMs: this.clock.offsetMs };
  }
}

/** Of the text and not of what it decodes to: no other spelling is the same token. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
