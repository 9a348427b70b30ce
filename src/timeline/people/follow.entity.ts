import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { User } from '../../users/user.entity.js';

@Entity('follows')
@Check('follows_self_check', 'follower_id <> followee_id')
@Index('follows_followers_idx', { synchronize: false })
@Index('follows_following_idx', { synchronize: false })
@Index('follows_created_brin', { synchronize: false })
export class Follow {
  @PrimaryColumn('uuid', { name: 'follower_id', primaryKeyConstraintName: 'follows_pkey' })
  @ForeignKey(() => User, { name: 'follows_follower_id_fkey' })
  followerId: string;

  @PrimaryColumn('uuid', { name: 'followee_id', primaryKeyConstraintName: 'follows_pkey' })
  @ForeignKey(() => User, { name: 'follows_followee_id_fkey' })
  followeeId: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
