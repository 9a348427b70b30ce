/** Where accounts are used from: what lets an owner in while somebody elsewhere guesses at the password. */
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { networkOf } from '../common/address.js';
import { Clock } from '../common/clock.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { deriveKey, fingerprint } from '../config/keys.js';
import { deleteAddresses, rememberAddress } from './known-addresses.query.js';

const DAY_MS = 86_400_000;

/** Whose work is done when there is no such account. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Where and when a session was used. */
export interface Use {
  readonly ip: string | null;
  readonly at: Date;
}

@Injectable()
export class KnownAddresses {
  private readonly keys: readonly Buffer[];

  constructor(
    @Inject(CONFIG) { tokens }: Config,
    private readonly clock: Clock,
  ) {
    const secrets = [tokens.secret, tokens.previousSecret].filter((secret) => secret !== undefined);
    this.keys = secrets.map((secret) => deriveKey(secret, 'known address'));
  }

  /** @returns under which ids the address is known to the account, if it is: one for each secret that is accepted */
  idsOf(userId: string = NOBODY, ip: string | null): Buffer[] {
    return ip === null ? [] : this.keys.map((key) => fingerprint(key, 'address', userId, networkOf(ip)));
  }

  /** Call after a login or a completed reset, in its transaction. */
  async remember(tx: EntityManager, userId: string, ip: string | null): Promise<void> {
    const [key] = this.keys as [Buffer];
    const [id] = this.idsOf(userId, ip);
    if (id) await rememberAddress(tx, { id, account: fingerprint(key, 'account', userId) }, this.clock.offsetMs);
  }

  /** @returns how many of an account's were deleted, at most `limit` */
  forget(tx: EntityManager, userId: string, limit: number): Promise<number> {
    const accounts = this.keys.map((key) => fingerprint(key, 'account', userId));
    return deleteAddresses(tx, accounts, limit);
  }

  /** Call with each use of a session: asks the database only when the address changes, and once a day. */
  async rememberUse(tx: EntityManager, userId: string, use: { last: Use; now: Use }): Promise<void> {
    if (isAnother(use.last, use.now)) await this.remember(tx, userId, use.now.ip);
  }
}

function isAnother(last: Use, now: Use): boolean {
  const [before, after] = [last, now].map(({ ip, at }) => [ip && networkOf(ip), Math.floor(at.getTime() / DAY_MS)]);
  return String(before) !== String(after);
}
