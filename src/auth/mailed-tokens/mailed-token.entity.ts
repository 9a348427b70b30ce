/** A mailed token. An account has one for each purpose; a newer one replaces it. */
import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

import { User } from '../../users/user.entity.js';

export type TokenPurpose = 'email_confirmation' | 'password_reset' | 'email_change' | 'invitation';

@Entity('account_tokens')
@Unique('account_tokens_user_purpose_key', ['userId', 'purpose'])
@Check(
  'account_tokens_purpose_check',
  `purpose IN ('email_confirmation', 'password_reset', 'email_change', 'invitation')`,
)
@Index('account_tokens_token_hash_idx', ['tokenHash'])
@Index('account_tokens_expires_at_idx', ['expiresAt'])
export class MailedToken {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'account_tokens_pkey' })
  id: string;

  @Column('uuid', { name: 'user_id', nullable: true })
  @ForeignKey(() => User, { name: 'account_tokens_user_id_fkey', onDelete: 'CASCADE' })
  userId: string | null;

  @Column('varchar', { length: 32 })
  purpose: TokenPurpose;

  @Column('varchar', { length: 255, nullable: true })
  address: string | null;

  /** SHA-256 is enough: the token is 32 random bytes. */
  @Column('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  /** HMAC of the mailed six digits, since a bare hash of so few digits could be guessed. */
  @Column('bytea', { name: 'code_hash', nullable: true })
  codeHash: Buffer | null;

  @Column('integer', { name: 'code_tries', default: 0 })
  codeTries: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
