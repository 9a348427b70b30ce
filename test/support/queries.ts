/** What an application asks of its database, while a test watches. */
import pg from 'pg';

export interface Watched<T> {
  readonly result: T;
  /** Statements in their order; what the instance asks by itself now and then, and says to a new connection, is left out. */
  readonly statements: string[];
}

const BACKGROUND =
  /FROM \(VALUES \(1\)\) one\s+LEFT JOIN revocations|^NOTIFY (?:echo_|posts$)|^SELECT 1$|^SET (?:statement_timeout|timezone)|^SELECT pg_backend_pid|^LISTEN |\bmails\b|\bdelete_after <=/;

/** Counts in the whole process: run one application at a time. */
export async function watchQueries<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const queries = jest.spyOn(pg.Client.prototype, 'query');
  try {
    const result = await work();
    const texts = queries.mock.calls.map(([query]) => textOf(query));
    return { result, statements: texts.filter((text) => !BACKGROUND.test(text)) };
  } finally {
    queries.mockRestore();
  }
}

/** @param query as pg takes it */
export function textOf(query: unknown): string {
  return typeof query === 'string' ? query : (query as { text: string }).text;
}

/** A statement as it was really sent, and how many rows of its tables PostgreSQL looks at for it. */
export interface Plan {
  readonly statement: string;
  readonly rowsRead: number;
  readonly plan: string;
}

/** Does work, and lets PostgreSQL explain each of its statements by running it once more, without effect. */
export async function plansOf(pool: pg.Pool, work: () => Promise<unknown>): Promise<Plan[]> {
  const queries = jest.spyOn(pg.Client.prototype, 'query');
  let calls: unknown[][];
  try {
    await work();
    calls = queries.mock.calls;
  } finally {
    queries.mockRestore();
  }
  const plans: Plan[] = [];
  const client = await pool.connect();
  try {
    for (const [query, values] of calls) {
      const statement = textOf(query);
      if (!/^\s*(?:SELECT|WITH|UPDATE|DELETE|INSERT)\b.*\bFROM\b/s.test(statement)) continue;
      await client.query('BEGIN');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON, TIMING off) ${statement}`,
        (values ?? (query as { values?: unknown[] }).values ?? []) as unknown[],
      );
      await client.query('ROLLBACK');
      const plan = (rows[0]?.['QUERY PLAN'] ?? [])[0]?.Plan;
      plans.push({ statement, rowsRead: plan ? rowsReadBy(plan) : 0, plan: JSON.stringify(plan) });
    }
  } finally {
    client.release();
  }
  return plans;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

function rowsReadBy(node: PlanNode): number {
  const below = (node.Plans ?? []).reduce((sum, part) => sum + rowsReadBy(part), 0);
  if (!node['Node Type'].endsWith('Scan')) return below;
  const dropped = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return below + (node['Actual Rows'] + dropped) * node['Actual Loops'];
}
