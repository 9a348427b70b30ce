import { timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey, fingerprint } from '../../common/crypto.js';
import {
  countCodeTry,
  deleteTokens,
  putToken,
  selectToken,
  takeToken,
  type TokenPurpose,
} from './mailed-tokens.query.js';
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

const NOBODY = '00000000-0000-0000-0000-000000000000';

export interface OwnedToken {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  readonly address: string | null;
  readonly tokenHash: Buffer;
}

export interface TokenIssue {
  readonly purpose: TokenPurpose;
  readonly userId: string | undefined;
  readonly address?: string;
  readonly atLeastMs?: number;
}

@Injectable()
export class MailedTokens {
  private readonly keys: readonly [Buffer, ...Buffer[]];

  constructor(
    @Inject(CONFIG) { tokens: { secret, previousSecret } }: Config,
    @InjectDataSource() private readonly database: DataSource,
    private readonly random: Random,
  ) {
    const current = deriveKey(secret, 'confirmation code');
    this.keys = previousSecret === undefined ? [current] : [current, deriveKey(previousSecret, 'confirmation code')];
  }

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
    });
    return { token, code, ttlMs };
  }

  async find(purposes: readonly TokenPurpose[], token: string): Promise<OwnedToken | undefined> {
    const tokenHash = hashOf(token);
    const found = await selectToken(this.database.manager, { purposes, tokenHash });
    return found && { ...found, tokenHash };
  }

  /** Commits the count of tries before the code is compared, so that parallel tries cannot slip past. */
  async findByCode(email: string, code: string): Promise<OwnedToken | undefined> {
    const tried = await countCodeTry(this.database.manager, email);
    if (!tried) return undefined;
    const { userId, tokenHash, codeHash } = tried;
    const right = this.keys.some((key) => timingSafeEqual(fingerprint(key, userId, code), codeHash));
    return right ? { userId, tokenHash, purpose: 'email_confirmation', address: null } : undefined;
  }

  /** Lock the owner's row first. @returns false when the token was used or ended meanwhile */
  take(tx: EntityManager, { purpose, tokenHash }: OwnedToken): Promise<boolean> {
    return takeToken(tx, { purpose, tokenHash });
  }

  /** Lock the owner's row first. @param purpose undefined: all */
  async end(tx: EntityManager, userId: string, purpose?: TokenPurpose): Promise<void> {
    await deleteTokens(tx, userId, purpose);
  }
}
