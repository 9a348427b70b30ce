/** A mail: written in the transaction that causes it, sent afterwards by whichever instance comes first. */
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { MailKind } from './templates.js';

@Entity('mails')
@Index('mails_due_idx', { synchronize: false })
@Index('mails_decoys_idx', { synchronize: false })
@Index('mails_address_idx', ['addressKey', 'createdAt'])
@Index('mails_created_at_idx', ['createdAt'])
@Index('mails_recipient_idx', ['recipient'])
@Index('mails_user_id_idx', ['userId'])
export class OutboxMail {
  /** Its Message-ID, too: the same in every attempt. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'mails_pkey' })
  id: string;

  @Column('varchar', { length: 32 })
  kind: MailKind;

  /** HMAC of the address that was asked for, which mails are counted by. */
  @Column('bytea', { name: 'address_key' })
  addressKey: Buffer;

  /** Null: a decoy. Nobody has the address, and the row only costs what a mail costs. */
  @Column('varchar', { length: 255, nullable: true })
  recipient: string | null;

  /** Whose erasure takes it, whatever their address is by then; in batches, hence no foreign key. Null in a decoy. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  /** Subject and bodies, encrypted: there are tokens in them. Null once the mail was sent or given up. */
  @Column('bytea', { nullable: true })
  sealed: Buffer | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column('integer', { default: 0 })
  attempts: number;

  /** Null where nothing more is to be done, and in the dev mailbox. */
  @Column({ type: 'timestamptz', name: 'next_attempt_at', precision: 3, nullable: true })
  nextAttemptAt: Date | null;

  @Column({ type: 'timestamptz', name: 'sent_at', precision: 3, nullable: true })
  sentAt: Date | null;

  @Column({ type: 'timestamptz', name: 'given_up_at', precision: 3, nullable: true })
  givenUpAt: Date | null;

  @Column('varchar', { name: 'last_error', length: 500, nullable: true })
  lastError: string | null;
}
