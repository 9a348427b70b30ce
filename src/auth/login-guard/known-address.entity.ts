/** An address that an account was logged in from. All are HMACs: the row names nobody, and needs no account to be there. */
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('known_addresses')
@Index('known_addresses_account_idx', ['account', 'seenAt'])
@Index('known_addresses_seen_at_idx', ['seenAt'])
export class KnownAddress {
  /** Of the account and the address. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'known_addresses_pkey' })
  id: Buffer;

  @Column('bytea')
  account: Buffer;

  /** Of the session that was started last from there, with whose revocation it goes; null: of a reset. */
  @Column('bytea', { nullable: true })
  session: Buffer | null;

  @Column({ type: 'timestamptz', name: 'seen_at', precision: 3 })
  seenAt: Date;
}
