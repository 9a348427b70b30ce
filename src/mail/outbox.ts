/** Where mails are put: in the transaction that causes them, so that there is one exactly if its cause is committed. */
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { Clock } from '../common/clock.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { countMailsOfDay, insertMail, lockAddress, selectMailPause } from './outbox.query.js';
import { Seals } from './seals.js';
import type { MailContent, MailKind } from './templates.js';

/** Of one kind to one address, and one a minute; more are silently not sent. A day's bounds what a stranger can send to somebody's mailbox. */
const MOST = { anHour: 5, aDay: 10 };

/** Mails of what may be done again and again without asking {@link Outbox.mayAdd}: beyond a day's number they are not sent either. */
const REPEATABLE: ReadonlySet<MailKind> = new Set<MailKind>([
  // An address that its account leaves is free: it may be registered again.
  'email_confirmation',
  // With as many statements as the one that it stands for.
  'registration_conflict',
  'password_changed',
  'account_deletion',
  'account_deletion_cancelled',
]);

export interface NewMail {
  readonly kind: MailKind;
  /** The address that was asked for, in canonical form. */
  readonly address: string;
  readonly content: MailContent;
  /** Of the account that it is about, and goes with; undefined: there is none, and the row is a decoy that is never sent. */
  readonly userId: string | undefined;
}

@Injectable()
export class Outbox {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly seals: Seals,
    private readonly random: Random,
    private readonly clock: Clock,
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
      sealed: this.seals.seal(id, content),
      due: userId !== undefined && !this.config.mail.mailbox,
    };
    await insertMail(tx, row, this.clock.offsetMs);
  }

  /** In one order for all. */
  async lockAddresses(tx: EntityManager, addresses: readonly string[]): Promise<void> {
    const keys = addresses.map((address) => this.seals.addressKey(address)).sort((a, b) => Buffer.compare(a, b));
    for (const key of keys) await lockAddress(tx, key);
  }

  /** Whether one more mail of this kind may go to an address now; until the end of the transaction nobody else asks. */
  async mayAdd(tx: EntityManager, kind: MailKind, address: string): Promise<boolean> {
    return (await this.secondsUntilNext(tx, kind, address)) === 0;
  }

  /** How long it takes until one more may go there, as {@link mayAdd}. */
  async secondsUntilNext(tx: EntityManager, kind: MailKind, address: string): Promise<number> {
    const addressKey = this.seals.addressKey(address);
    await lockAddress(tx, addressKey);
    const { offsetMs } = this.clock;
    return selectMailPause(tx, { addressKey, kind, offsetMs, ...MOST });
  }

  /** The same, as it is once one more is sent now; call after {@link mayAdd}. */
  secondsAfterOneMore(tx: EntityManager, kind: MailKind, address: string): Promise<number> {
    const most = { anHour: MOST.anHour - 1, aDay: MOST.aDay - 1 };
    const { offsetMs } = this.clock;
    return selectMailPause(tx, { addressKey: this.seals.addressKey(address), kind, offsetMs, ...most });
  }

  /** Without the lock, which may only be taken before an account's row is. */
  private async isBelowCap(tx: EntityManager, kind: MailKind, address: string): Promise<boolean> {
    const addressKey = this.seals.addressKey(address);
    return (await countMailsOfDay(tx, { addressKey, kind, offsetMs: this.clock.offsetMs })) < MOST.aDay;
  }
}
