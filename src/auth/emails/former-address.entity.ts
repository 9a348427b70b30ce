/** An address reserved for its former account until the way back expires: its reader may undo the change. */
import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

import { User } from '../../users/user.entity.js';

@Entity('former_addresses')
@Unique('former_addresses_user_email_key', ['userId', 'email'])
@Index('former_addresses_email_idx', ['email'])
@Index('former_addresses_token_hash_idx', ['tokenHash'])
@Index('former_addresses_expires_at_idx', ['expiresAt'])
export class FormerAddress {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'former_addresses_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  @ForeignKey(() => User, { name: 'former_addresses_user_id_fkey', onDelete: 'CASCADE' })
  userId: string;

  @Column('varchar', { length: 255 })
  email: string;

  @Column('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
