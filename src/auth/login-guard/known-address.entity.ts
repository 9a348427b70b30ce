/** An address that an account logged in from. All columns are HMACs: the row names nobody. */
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('known_addresses')
@Index('known_addresses_account_idx', ['account', 'seenAt'])
@Index('known_addresses_seen_at_idx', ['seenAt'])
export class KnownAddress {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'known_addresses_pkey' })
  id: Buffer;

  @Column('bytea')
  account: Buffer;

  @Column('bytea', { nullable: true })
  session: Buffer | null;

  @Column({ type: 'timestamptz', name: 'seen_at', precision: 3 })
  seenAt: Date;
}
