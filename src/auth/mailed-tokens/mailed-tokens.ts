/** Tokens that are mailed: 32 random bytes, kept as their hash, good once and for a while. */
import { timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Clock } from '../../common/clock.js';
import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey, fingerprint } from '../../config/keys.js';
import type { TokenPurpose } from './mailed-token.entity.js';
import { countCodeTry, deleteTokens, putToken, selectToken, takeToken } from './mailed-tokens.query.js';
import { hashOf, newToken } from './mailed-token.js';

const HOUR_MS = 3_600_000;
const TTL_MS: Record<TokenPurpose, number> = {
  email_confirmation: 24 * HOUR_MS,
  password_reset: HOUR_MS / 2,
  email_change: 24 * HOUR_MS,
  invitation: 7 * 24 * HOUR_MS,
};

const CODES = 1_000_000;
const CODE_TRIES = 5;

/** Whose work is done when there is no such account. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** A token that is good, and whose it is. */
export interface OwnedToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  /** The one that a change leads to. */
  readonly address: string | null;
  readonly tokenHash: Buffer;
}

export interface TokenIssue {
  readonly purpose: TokenPurpose;
  /** Undefined: one that nobody has, at the same cost. */
  readonly userId: string | undefined;
  readonly address?: string;
  /** Where it has to be good for longer than its purpose says. */
  readonly atLeastMs?: number;
}

@Injectable()
export class MailedTokens {
  /** For codes: the current key, and the previous one while secrets rotate. */
  private readonly keys: readonly [Buffer, ...Buffer[]];

  constructor(
    @Inject(CONFIG) { tokens: { secret, previousSecret } }: Config,
    @InjectDataSource() private readonly database: DataSource,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    const current = deriveKey(secret, 'confirmation code');
    this.keys = previousSecret === undefined ? [current] : [current, deriveKey(previousSecret, 'confirmation code')];
  }

  /**
   * Ends the one before.
   * @returns the token, how long it is good, and six digits that stand for it where the purpose has a code
   */
  async issue(
    tx: EntityManager,
    { purpose, userId = NOBODY, address, atLeastMs = 0 }: TokenIssue,
  ): Promise<{ token: string; code: string; ttlMs: number }> {
    const { token, tokenHash } = newToken(this.random);
    const code = String(this.random.bytes(6).readUIntBE(0, 6) % CODES).padStart(6, '0');
    const hasCode = purpose === 'email_confirmation';
    const ttlMs = Math.max(TTL_MS[purpose], atLeastMs);
    await putToken(tx, {
      userId,
      purpose,
      address: address ?? null,
      tokenHash,
      codeHash: hasCode ? fingerprint(this.keys[0], userId, code) : null,
      codeTries: hasCode ? CODE_TRIES : 0,
      ttlMs,
      offsetMs: this.clock.offsetMs,
    });
    return { token, code, ttlMs };
  }

  /** @returns undefined when it is no token, was used, has expired, or there is a newer one */
  async find(purposes: readonly TokenPurpose[], token: string): Promise<OwnedToken | undefined> {
    const tokenHash = hashOf(token);
    const { offsetMs } = this.clock;
    const found = await selectToken(this.database.manager, { purposes, tokenHash, offsetMs });
    return found && { ...found, tokenHash };
  }

  /** Counts the try, and commits it, before the code is compared. @returns undefined when it is wrong, or tried too often */
  async findByCode(email: string, code: string): Promise<OwnedToken | undefined> {
    const tried = await countCodeTry(this.database.manager, { email, offsetMs: this.clock.offsetMs });
    if (!tried) return undefined;
    const { userId, tokenHash, codeHash } = tried;
    const right = this.keys.some((key) => timingSafeEqual(fingerprint(key, userId, code), codeHash));
    return right ? { userId, tokenHash, purpose: 'email_confirmation', address: null } : undefined;
  }

  /** Uses it up; lock the owner's row before. @returns false when it is not good any more */
  take(tx: EntityManager, { purpose, tokenHash }: OwnedToken): Promise<boolean> {
    return takeToken(tx, { purpose, tokenHash, offsetMs: this.clock.offsetMs });
  }

  /** Ends what an account has; lock its row before. @param purpose undefined: all */
  async end(tx: EntityManager, userId: string, purpose?: TokenPurpose): Promise<void> {
    await deleteTokens(tx, userId, purpose);
  }
}
