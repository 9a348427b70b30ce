/** A login. The row holds no secret: an HMAC proves a refresh token, the row knows the current generation. */
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

import { User } from '../../users/user.entity.js';

export type SessionEnd =
  | 'logout'
  | 'reuse'
  | 'session_cap'
  | 'password_change'
  | 'password_reset'
  | 'email_undo'
  | 'ban'
  | 'forced_logout'
  | 'account_deletion';

@Entity('sessions')
@Index('sessions_user_id_idx', ['userId'])
@Index('sessions_end_idx', { synchronize: false })
export class Session {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id' })
  @ForeignKey(() => User, { name: 'sessions_user_id_fkey', onDelete: 'CASCADE' })
  userId: string;

  @Column('integer')
  seq: number;

  @Column('bytea')
  salt: Buffer;

  @Column('bytea', { name: 'prev_salt', nullable: true })
  prevSalt: Buffer | null;

  @Column({ type: 'timestamptz', name: 'rotated_at', precision: 3 })
  rotatedAt: Date;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3 })
  lastUsedAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  @Column({ type: 'timestamptz', name: 'revoked_at', precision: 3, nullable: true })
  revokedAt: Date | null;

  @Column('varchar', { name: 'revoked_reason', length: 32, nullable: true })
  revokedReason: SessionEnd | null;

  @Column('inet', { nullable: true })
  ip: string | null;

  @Column('varchar', { name: 'user_agent', length: 512, nullable: true })
  userAgent: string | null;
}
