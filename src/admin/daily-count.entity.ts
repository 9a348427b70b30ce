/** How many of a noun were made on a day that is over: counted once, by whoever asked first. */
import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export type CountedNoun = 'tasks' | 'posts' | 'follows';

@Entity('daily_counts')
@Check('daily_counts_noun_check', `noun IN ('tasks', 'posts', 'follows')`)
export class DailyCount {
  @PrimaryColumn('varchar', { length: 16, primaryKeyConstraintName: 'daily_counts_pkey' })
  noun: CountedNoun;

  /** In UTC. */
  @PrimaryColumn('date', { primaryKeyConstraintName: 'daily_counts_pkey' })
  day: string;

  @Column('integer')
  created: number;
}
