/** A token that was mailed. An account has one for each purpose: a newer one takes its place. */
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

  /** Null: a decoy, which only costs what a token costs. */
  @Column('uuid', { name: 'user_id', nullable: true })
  @ForeignKey(() => User, { name: 'account_tokens_user_id_fkey', onDelete: 'CASCADE' })
  userId: string | null;

  @Column('varchar', { length: 32 })
  purpose: TokenPurpose;

  /** The one that an `email_change` leads to; null for all others, which are about the account's own. */
  @Column('varchar', { length: 255, nullable: true })
  address: string | null;

  /** SHA-256: the token itself is 32 random bytes, which nobody guesses. */
  @Column('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  /** HMAC of the six digits that were mailed with it, which anybody could guess who had a bare hash. */
  @Column('bytea', { name: 'code_hash', nullable: true })
  codeHash: Buffer | null;

  /** How often the code may still be tried. */
  @Column('integer', { name: 'code_tries', default: 0 })
  codeTries: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
