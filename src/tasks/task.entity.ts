import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';

import { User } from '../users/user.entity.js';

@Entity('tasks')
@Index('tasks_user_created_idx', ['userId', 'createdAt', 'id'])
@Index('tasks_user_completed_created_idx', ['userId', 'completed', 'createdAt', 'id'])
@Index('tasks_user_updated_idx', ['userId', 'updatedAt', 'id'])
@Index('tasks_user_title_idx', ['userId', 'title', 'id'])
@Index('tasks_created_brin', { synchronize: false })
@Index('tasks_search_idx', { synchronize: false })
export class Task {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'tasks_pkey',
  })
  id: number;

  @Column('uuid', { name: 'user_id' })
  @ForeignKey(() => User, { name: 'tasks_user_id_fkey', onDelete: 'CASCADE' })
  userId: string;

  @Column('varchar', { length: 200 })
  title: string;

  @Column('text', { nullable: true })
  description: string | null;

  @Column('boolean', { default: false })
  completed: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt: Date;
}
