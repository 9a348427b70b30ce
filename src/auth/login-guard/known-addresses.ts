/** Where accounts are logged in from: what lets an owner in while somebody elsewhere guesses at the password. */
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { networkOf } from '../../common/address.js';
import { Clock } from '../../common/clock.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey, fingerprint } from '../../config/keys.js';
import { deleteAddresses, forgetAddresses, rememberAddress } from './known-addresses.query.js';

/** Whose work is done when there is no such account. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

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

  /**
   * Call after a right password or a completed reset, in its transaction; never after a refresh, whose token may be stolen.
   * @param owner.sessionId the session that the password started, with whose revocation the address is forgotten
   */
  async remember(tx: EntityManager, owner: { userId: string; sessionId?: string }, ip: string | null): Promise<void> {
    const { userId, sessionId } = owner;
    const [key] = this.keys as [Buffer];
    const [id] = this.idsOf(userId, ip);
    if (!id) return;
    const session = sessionId === undefined ? null : fingerprint(key, 'session', sessionId);
    await rememberAddress(tx, { id, account: fingerprint(key, 'account', userId), session }, this.clock.offsetMs);
  }

  /** Call with revoked sessions of one account. */
  async forgetSessions(tx: EntityManager, userId: string, ended: readonly { id: string }[]): Promise<void> {
    const sessions = this.keys.flatMap((key) => ended.map(({ id }) => fingerprint(key, 'session', id)));
    await forgetAddresses(tx, this.accountsOf(userId), sessions);
  }

  async forgetAll(tx: EntityManager, userId: string): Promise<void> {
    await forgetAddresses(tx, this.accountsOf(userId));
  }

  /** For erasure. @returns how many of an account's were deleted, at most `limit` */
  forget(tx: EntityManager, userId: string, limit: number): Promise<number> {
    return deleteAddresses(tx, this.accountsOf(userId), limit);
  }

  private accountsOf(userId: string): Buffer[] {
    return this.keys.map((key) => fingerprint(key, 'account', userId));
  }
}
