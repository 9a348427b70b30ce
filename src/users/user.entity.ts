import { Check, Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

import type { Role } from '../common/access.js';

export type AccountStatus = 'active' | 'disabled';

export type DeletionKind = 'own' | 'staff' | 'erasing';

@Entity('users')
@Unique('users_email_key', ['email'])
@Check('users_username_check', `username ~ '^[A-Za-z0-9_]{3,30}$'`)
@Check('users_role_check', `role IN ('user', 'moderator', 'admin')`)
@Check('users_status_check', `status IN ('active', 'disabled')`)
@Check('users_deletion_check', `deletion IN ('own', 'staff', 'erasing')`)
@Check('users_delete_after_check', `(deletion IS NULL) = (delete_after IS NULL)`)
@Index('users_username_key', { synchronize: false })
@Index('users_found_by_staff_idx', { synchronize: false })
@Index('users_created_idx', ['createdAt', 'id'])
@Index('users_delete_after_idx', ['deleteAfter'], { where: 'delete_after IS NOT NULL' })
@Index('users_hidden_idx', { synchronize: false })
@Index('users_folded_name_idx', { synchronize: false })
@Index('users_folded_idx', { synchronize: false })
export class User {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'users_pkey' })
  id: string;

  @Column('varchar', { length: 255 })
  email: string;

  @Column('varchar', { length: 30 })
  username: string;

  @Column('varchar', { name: 'display_name', length: 50, nullable: true })
  displayName: string | null;

  @Column('varchar', { length: 500, nullable: true })
  bio: string | null;

  @Column('varchar', { name: 'hashed_password', length: 255 })
  hashedPassword: string;

  @Column('varchar', { length: 16, default: 'user' })
  role: Role;

  @Column('varchar', { length: 16, default: 'active' })
  status: AccountStatus;

  @Column({ type: 'timestamptz', name: 'disabled_until', precision: 3, nullable: true })
  disabledUntil: Date | null;

  @Column('varchar', { name: 'disabled_reason', length: 500, nullable: true })
  disabledReason: string | null;

  @Column('varchar', { length: 16, nullable: true })
  deletion: DeletionKind | null;

  @Column({ type: 'timestamptz', name: 'delete_after', precision: 3, nullable: true })
  deleteAfter: Date | null;

  @Column({ type: 'timestamptz', name: 'email_confirmed_at', precision: 3, nullable: true })
  emailConfirmedAt: Date | null;

  /** Rises with every change that invalidates the account's access tokens. */
  @Column('integer', { name: 'token_epoch', default: 0 })
  tokenEpoch: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt: Date;
}
