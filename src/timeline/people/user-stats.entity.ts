/** Exact counts, changed in the transaction of their cause. A trigger creates the row. */
import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

import { User } from '../../users/user.entity.js';

@Entity('user_stats')
@Check('user_stats_posts_check', 'posts_count >= 0')
@Check('user_stats_followers_check', 'followers_count >= 0')
@Check('user_stats_following_check', 'following_count >= 0')
export class UserStats {
  @PrimaryColumn('uuid', { name: 'user_id', primaryKeyConstraintName: 'user_stats_pkey' })
  @ForeignKey(() => User, { name: 'user_stats_user_id_fkey', onDelete: 'CASCADE' })
  userId: string;

  @Column('integer', { name: 'posts_count', default: 0 })
  postsCount: number;

  @Column('integer', { name: 'followers_count', default: 0 })
  followersCount: number;

  @Column('integer', { name: 'following_count', default: 0 })
  followingCount: number;
}
