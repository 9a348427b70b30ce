/** Known addresses: they let an owner log in while guesses from elsewhere are blocked. */
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { networkOf } from '../../common/address.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey, fingerprint } from '../../common/crypto.js';
import type { Sql } from '../../database/sql.js';
import { deleteAddresses, forgetAddresses, rememberAddress, rememberedAddress } from './known-addresses.query.js';

interface Owner {
  readonly userId: string;
  readonly sessionId?: string;
}

/** An unknown account costs the same work. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

@Injectable()
export class KnownAddresses {
  private readonly keys: readonly Buffer[];

  constructor(@Inject(CONFIG) { tokens }: Config) {
    const secrets = [tokens.secret, tokens.previousSecret].filter((secret) => secret !== undefined);
    this.keys = secrets.map((secret) => deriveKey(secret, 'known address'));
  }

  idsOf(userId: string = NOBODY, ip: string | null): Buffer[] {
    return ip === null ? [] : this.keys.map((key) => fingerprint(key, 'address', userId, networkOf(ip)));
  }

  /** For a right password or a completed reset, in its transaction; never for a refresh, whose token may be stolen. */
  async remember(tx: EntityManager, owner: Owner, ip: string | null): Promise<void> {
    const remembered = this.remembered(owner, ip);
    if (remembered) await rememberAddress(tx, remembered);
  }

  remembered({ userId, sessionId }: Owner, ip: string | null, where?: Sql): Sql | undefined {
    const [key] = this.keys as [Buffer];
    const [id] = this.idsOf(userId, ip);
    const session = sessionId === undefined ? null : fingerprint(key, 'session', sessionId);
    return id && rememberedAddress({ id, account: fingerprint(key, 'account', userId), session }, where);
  }

  async forgetSessions(tx: EntityManager, userId: string, ended: readonly { id: string }[]): Promise<void> {
    const sessions = this.keys.flatMap((key) => ended.map(({ id }) => fingerprint(key, 'session', id)));
    await forgetAddresses(tx, this.accountsOf(userId), sessions);
  }

  async forgetAll(tx: EntityManager, userId: string): Promise<void> {
    await forgetAddresses(tx, this.accountsOf(userId));
  }

  forget(tx: EntityManager, userId: string, limit: number): Promise<number> {
    return deleteAddresses(tx, this.accountsOf(userId), limit);
  }

  private accountsOf(userId: string): Buffer[] {
    return this.keys.map((key) => fingerprint(key, 'account', userId));
  }
}
