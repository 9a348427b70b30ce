/** The way back from a change of address: a token that was mailed to the old one, which is kept for the account meanwhile. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import { Clock } from '../../common/clock.js';
import { Random } from '../../common/random.js';
import {
  deleteFormerAddress,
  prolongFormerAddresses,
  putFormerAddress,
  selectFormerAddress,
  takeFormerAddress,
} from './former-addresses.query.js';
import { hashOf, newToken } from '../mailed-tokens/mailed-token.js';

const TTL_MS = 7 * 86_400_000;

/** Whose address it was. */
export interface AddressOwner {
  readonly userId: string;
  readonly email: string;
}

/** A token that is good, and what it brings back. */
export interface Undo extends AddressOwner {
  readonly tokenHash: Buffer;
}

@Injectable()
export class FormerAddresses {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Lock the user's row before. @returns the token; an earlier one of the same address is none any more */
  async keep(tx: EntityManager, owner: AddressOwner): Promise<string> {
    const { token, tokenHash } = newToken(this.random);
    await putFormerAddress(tx, { ...owner, tokenHash, ttlMs: TTL_MS, offsetMs: this.clock.offsetMs });
    return token;
  }

  /**
   * Tokens that were mailed before stay good for as long as a new one would be.
   * @returns the addresses that they bring back
   */
  prolong(tx: EntityManager, userId: string): Promise<string[]> {
    return prolongFormerAddresses(tx, { userId, ttlMs: TTL_MS, offsetMs: this.clock.offsetMs });
  }

  /** @returns undefined when it is no token, was used, or has expired */
  async find(token: string): Promise<Undo | undefined> {
    const tokenHash = hashOf(token);
    const owner = await selectFormerAddress(this.database.manager, tokenHash, this.clock.offsetMs);
    return owner && { ...owner, tokenHash };
  }

  /** Uses it up, and ends any other; lock the user's row before. @returns false when it is not good any more */
  take(tx: EntityManager, { tokenHash }: Undo): Promise<boolean> {
    return takeFormerAddress(tx, tokenHash, this.clock.offsetMs);
  }

  /** Lock the user's row before. */
  async end(tx: EntityManager, owner: AddressOwner): Promise<void> {
    await deleteFormerAddress(tx, owner);
  }
}
