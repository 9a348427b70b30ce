/** The way back from a change of address: a token mailed to the old address, which stays reserved meanwhile. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

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

export interface AddressOwner {
  readonly userId: string;
  readonly email: string;
}

export interface Undo extends AddressOwner {
  readonly tokenHash: Buffer;
  readonly since: Date;
}

@Injectable()
export class FormerAddresses {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly random: Random,
  ) {}

  /** Lock the user's row first. Replaces an earlier token of the same address. */
  async keep(tx: EntityManager, owner: AddressOwner): Promise<string> {
    const { token, tokenHash } = newToken(this.random);
    await putFormerAddress(tx, { ...owner, tokenHash, ttlMs: TTL_MS });
    return token;
  }

  prolong(tx: EntityManager, userId: string): Promise<string[]> {
    return prolongFormerAddresses(tx, { userId, ttlMs: TTL_MS });
  }

  async find(token: string): Promise<Undo | undefined> {
    const tokenHash = hashOf(token);
    const owner = await selectFormerAddress(this.database.manager, tokenHash);
    return owner && { ...owner, tokenHash };
  }

  /** Ends all ways back of the account. Lock the user's row first. @returns false when the token is stale */
  take(tx: EntityManager, { tokenHash }: Undo): Promise<boolean> {
    return takeFormerAddress(tx, tokenHash);
  }

  /** Lock the user's row first. */
  async end(tx: EntityManager, owner: AddressOwner): Promise<void> {
    await deleteFormerAddress(tx, owner);
  }
}
