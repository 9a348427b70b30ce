/** A block: each is hidden from the other, and neither follows. */
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { User } from '../../users/user.entity.js';

@Entity('blocks')
@Index('blocks_blocked_idx', ['blockedId'])
export class Block {
  @PrimaryColumn('uuid', { name: 'blocker_id', primaryKeyConstraintName: 'blocks_pkey' })
  @ForeignKey(() => User, { name: 'blocks_blocker_id_fkey' })
  blockerId: string;

  @PrimaryColumn('uuid', { name: 'blocked_id', primaryKeyConstraintName: 'blocks_pkey' })
  @ForeignKey(() => User, { name: 'blocks_blocked_id_fkey' })
  blockedId: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
