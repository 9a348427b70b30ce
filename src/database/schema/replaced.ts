/** The first migrations are baselines: they replace the 18 from before the first release, whose schema is the same. */
import type { QueryRunner } from 'typeorm';

import { DatabaseStartError } from '../connect.js';
import { one, sql } from '../sql.js';

const REPLACED = { last: 1763820000000, migrations: 18 };

const PARTLY =
  'The schema is of an early version of Roost: first start the last version that has the migration DecoyIndex1763820000000, and then this one.';

/** A baseline then has nothing to do. @throws DatabaseStartError for a database that has some of the 18 only */
export async function hasReplaced(runner: QueryRunner): Promise<boolean> {
  const { ran } = await one<{ ran: number }>(
    runner,
    sql`SELECT count(*)::int AS ran FROM migrations WHERE timestamp <= ${REPLACED.last}`,
  );
  if (ran > 0 && ran < REPLACED.migrations) throw new DatabaseStartError(PARTLY);
  return ran > 0;
}
