/** One row for each session that ended, or for each user whose older tokens ended; written with its cause, kept 25 hours. */
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

@Entity('revocations')
@Index('revocations_created_at_idx', ['createdAt'])
export class Revocation {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'revocations_pkey',
  })
  id: string;

  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId: string | null;

  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  /** Tokens of the user below this epoch have ended. */
  @Column('integer', { name: 'min_epoch', nullable: true })
  minEpoch: number | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
