/** How many rows of a noun were created on a past day, counted once on first request. */
import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export type CountedNoun = 'tasks' | 'posts' | 'follows';

@Entity('daily_counts')
@Check('daily_counts_noun_check', `noun IN ('tasks', 'posts', 'follows')`)
export class DailyCount {
  @PrimaryColumn('varchar', { length: 16, primaryKeyConstraintName: 'daily_counts_pkey' })
  noun: CountedNoun;

  @PrimaryColumn('date', { primaryKeyConstraintName: 'daily_counts_pkey' })
  day: string;

  @Column('integer')
  created: number;
}
