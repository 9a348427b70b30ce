/** A mute: hides a person's posts from the home timeline, followed or not. */
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { User } from '../../users/user.entity.js';

@Entity('mutes')
@Index('mutes_muted_idx', ['mutedId'])
export class Mute {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'mutes_pkey' })
  @ForeignKey(() => User, { name: 'mutes_user_id_fkey' })
  userId: string;

  @PrimaryColumn('uuid', { name: 'muted_id', primaryKeyConstraintName: 'mutes_pkey' })
  @ForeignKey(() => User, { name: 'mutes_muted_id_fkey' })
  mutedId: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
