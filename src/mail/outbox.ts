/** The outbox: a mail exists exactly if the transaction of its cause commits. */
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { onCommit } from '../database/transactions.js';
import { countMailsOfDay, insertMail, lockAddress, selectMailPause } from './outbox.query.js';
import { Seals } from './seals.js';
import type { MailContent, MailKind } from './templates.js';

/** Per kind and address, and one a minute; further mails are dropped. Bounds what a stranger can send to a mailbox. */
const MOST = { anHour: 5, aDay: 10 };

/** Kinds that are added without {@link Outbox.mayAdd}; beyond the daily cap they are dropped, too. */
const REPEATABLE: ReadonlySet<MailKind> = new Set<MailKind>([
  // An address given up is free, and may be registered again and again.
  'email_confirmation',
  // As many statements as the mail it stands for.
  'registration_conflict',
  'password_changed',
  'personal_token',
  'account_deletion',
  'account_deletion_cancelled',
  'suspicious_login',
  'passkey_added',
  'passkey_removed',
  'second_factor_added',
  'second_factor_removed',
  'second_factors_reset',
  'recovery_code_used',
]);

export interface NewMail {
  readonly kind: MailKind;
  readonly address: string;
  readonly content: MailContent;
  readonly userId: string | undefined;
}

@Injectable()
export class Outbox {
  private readonly listeners: (() => void)[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly seals: Seals,
    private readonly random: Random,
  ) {}

  async add(tx: EntityManager, { kind, address, content, userId }: NewMail): Promise<void> {
    if (REPEATABLE.has(kind) && !(await this.isBelowCap(tx, kind, address))) return;
    const id = this.random.uuid();
    const row = {
      id,
      kind,
      addressKey: this.seals.addressKey(address),
      recipient: userId === undefined ? null : address,
      userId: userId ?? null,
      ...this.seals.seal(id, content),
      due: userId !== undefined && !this.config.mail.mailbox,
    };
    await insertMail(tx, row);
    onCommit(tx, () => {
      for (const listener of this.listeners) listener();
    });
  }

  onAdded(listener: () => void): void {
    this.listeners.push(listener);
  }

  async lockAddresses(tx: EntityManager, addresses: readonly string[]): Promise<void> {
    const keys = addresses.map((address) => this.seals.addressKey(address)).sort((a, b) => Buffer.compare(a, b));
    for (const key of keys) await lockAddress(tx, key);
  }

  /** Locks the address until the end of the transaction. */
  async mayAdd(tx: EntityManager, kind: MailKind, address: string): Promise<boolean> {
    return (await this.secondsUntilNext(tx, kind, address)) === 0;
  }

  async secondsUntilNext(tx: EntityManager, kind: MailKind, address: string): Promise<number> {
    const addressKey = this.seals.addressKey(address);
    await lockAddress(tx, addressKey);
    return selectMailPause(tx, { addressKey, kind, ...MOST });
  }

  secondsAfterOneMore(tx: EntityManager, kind: MailKind, address: string): Promise<number> {
    const most = { anHour: MOST.anHour - 1, aDay: MOST.aDay - 1 };
    return selectMailPause(tx, { addressKey: this.seals.addressKey(address), kind, ...most });
  }

  private async isBelowCap(tx: EntityManager, kind: MailKind, address: string): Promise<boolean> {
    const addressKey = this.seals.addressKey(address);
    return (await countMailsOfDay(tx, { addressKey, kind })) < MOST.aDay;
  }
}
