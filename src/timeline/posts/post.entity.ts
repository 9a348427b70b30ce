import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';

import { User } from '../../users/user.entity.js';

@Entity('posts')
@Index('posts_author_idx', { synchronize: false })
@Index('posts_tx_idx', ['tx', 'id'])
@Index('posts_created_brin', { synchronize: false })
export class Post {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'posts_pkey',
  })
  id: string;

  @Column('uuid', { name: 'author_id' })
  @ForeignKey(() => User, { name: 'posts_author_id_fkey' })
  authorId: string;

  @Column('text')
  text: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'deleted_at', precision: 3, nullable: true })
  deletedAt: Date | null;

  @Column('uuid', { name: 'deleted_by', nullable: true })
  deletedBy: string | null;

  /** The writing transaction in decimal: streams deliver in its order. */
  @Column('bigint', { default: () => 'current_tx()' })
  tx: string;
}
