/** A mail: written in the transaction of its cause, sent later by any instance. */
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
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'mails_pkey' })
  id: string;

  @Column('varchar', { length: 32 })
  kind: MailKind;

  /** HMAC of the requested address: counts mails without storing it. */
  @Column('bytea', { name: 'address_key' })
  addressKey: Buffer;

  /** Null: a decoy for an address without an account, at a mail's cost. */
  @Column('varchar', { length: 255, nullable: true })
  recipient: string | null;

  /** The erasure of this account deletes the mail, in batches, hence no foreign key. Null in a decoy. */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  /** Encrypted, since it contains tokens. Null once sent or given up. */
  @Column('bytea', { nullable: true })
  sealed: Buffer | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column('integer', { default: 0 })
  attempts: number;

  @Column({ type: 'timestamptz', name: 'next_attempt_at', precision: 3, nullable: true })
  nextAttemptAt: Date | null;

  @Column({ type: 'timestamptz', name: 'sent_at', precision: 3, nullable: true })
  sentAt: Date | null;

  @Column({ type: 'timestamptz', name: 'given_up_at', precision: 3, nullable: true })
  givenUpAt: Date | null;

  @Column('varchar', { name: 'last_error', length: 500, nullable: true })
  lastError: string | null;
}
