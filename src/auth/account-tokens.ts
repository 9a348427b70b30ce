/** Tokens that are mailed: 32 random bytes, kept as their hash, good once and for a while. */
import { createHash, timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Clock } from '../common/clock.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { deriveKey, fingerprint } from '../config/keys.js';
import type { TokenPurpose } from './account-token.entity.js';
import { countCodeTry, deleteTokens, putToken, selectTokenOwner, takeToken } from './account-tokens.query.js';

const TOKEN_BYTES = 32;
const TTL_MS: Record<TokenPurpose, number> = { email_confirmation: 24 * 3_600_000, password_reset: 30 * 60_000 };

const CODES = 1_000_000;
const CODE_TRIES = 5;

/** Whose work is done when there is no such account. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** A token that is good, and whose it is. */
export interface OwnedToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  readonly tokenHash: Buffer;
}

@Injectable()
export class AccountTokens {
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
   * @param userId undefined: one that nobody has, at the same cost
   * @returns the token, and six digits that stand for it where the purpose has a code
   */
  async issue(tx: EntityManager, purpose: TokenPurpose, userId = NOBODY): Promise<{ token: string; code: string }> {
    const token = this.random.bytes(TOKEN_BYTES).toString('base64url');
    const code = String(this.random.bytes(6).readUIntBE(0, 6) % CODES).padStart(6, '0');
    const hasCode = purpose === 'email_confirmation';
    await putToken(tx, {
      userId,
      purpose,
      tokenHash: hashOf(token),
      codeHash: hasCode ? fingerprint(this.keys[0], userId, code) : null,
      codeTries: hasCode ? CODE_TRIES : 0,
      ttlMs: TTL_MS[purpose],
      offsetMs: this.clock.offsetMs,
    });
    return { token, code };
  }

  /** @returns undefined when it is no token, was used, has expired, or there is a newer one */
  async find(purpose: TokenPurpose, token: string): Promise<OwnedToken | undefined> {
    const presented = { purpose, tokenHash: hashOf(token) };
    const userId = await selectTokenOwner(this.database.manager, { ...presented, offsetMs: this.clock.offsetMs });
    return userId === undefined ? undefined : { userId, ...presented };
  }

  /** Counts the try, and commits it, before the code is compared. @returns undefined when it is wrong, or tried too often */
  async findByCode(email: string, code: string): Promise<OwnedToken | undefined> {
    const tried = await countCodeTry(this.database.manager, { email, offsetMs: this.clock.offsetMs });
    if (!tried) return undefined;
    const { userId, tokenHash, codeHash } = tried;
    const right = this.keys.some((key) => timingSafeEqual(fingerprint(key, userId, code), codeHash));
    return right ? { userId, tokenHash, purpose: 'email_confirmation' } : undefined;
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

/** Of the text and not of what it decodes to: no other spelling is the same token. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
