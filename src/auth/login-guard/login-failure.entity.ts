/** Consecutive wrong passwords. The id is an HMAC: the row names neither an account nor an address. */
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('login_failures')
@Index('login_failures_counted_at_idx', ['countedAt'])
export class LoginFailure {
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'login_failures_pkey' })
  id: Buffer;

  @Column('integer')
  count: number;

  @Column({ type: 'timestamptz', name: 'counted_at', precision: 3 })
  countedAt: Date;

  @Column({ type: 'timestamptz', name: 'blocked_until', precision: 3, nullable: true })
  blockedUntil: Date | null;

  @Column({ type: 'timestamptz', name: 'told_until', precision: 3, nullable: true })
  toldUntil: Date | null;
}
