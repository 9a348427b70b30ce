/** What an application asks of its database, while a test watches. */
import { createRequire } from 'node:module';

import pg from 'pg';

import { preparedName } from '../../src/database/prepared.js';

export interface Watched<T> {
  readonly result: T;
  /** Statements in their order; what the instance asks by itself now and then, and says to a new connection, is left out. */
  readonly statements: string[];
}

const BACKGROUND =
  /FROM \(VALUES \(1\)\) one LEFT JOIN LATERAL \(SELECT \* FROM revocations|^NOTIFY (?:echo_|posts$)|^SELECT 1$|^SET (?:statement_timeout|timezone|test_clock)|^SELECT pg_backend_pid|^LISTEN |\bmails\b|\bdelete_after <=|^SELECT \(extract\(epoch FROM clock_timestamp\(\)/;

/** Asked for each request where the process did not come to read the revocations for five seconds. */
const STANDING = /FROM sessions s JOIN users u ON u\.id = s\.user_id WHERE s\.id = \$\d+ AND u\.id =/;

/** Counts in the whole process: run one application at a time. */
export async function watchQueries<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const { result, statements } = await watchAllQueries(work);
  return { result, statements: statements.filter((text) => !STANDING.test(text)) };
}

/** For tests of what is asked about a token. */
export async function watchAllQueries<T>(work: () => Promise<T>): Promise<Watched<T>> {
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

/** Times that PostgreSQL plans a prepared statement for its values, before it considers one plan for all values. */
const PLANNED_FOR_VALUES = 5;

/**
 * Does work, and lets PostgreSQL explain each of its statements by running it once more, without effect. What Roost
 * prepares is prepared here, too, and run as often as a connection runs it before its plan stays.
 */
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
      const given = (values ?? (query as { values?: unknown[] }).values ?? []) as unknown[];
      await client.query(`PREPARE explained AS ${statement}`);
      const execution = `EXECUTE explained${given.length === 0 ? '' : `(${given.map(literal).join(', ')})`}`;
      const times = preparedName(statement, given) !== undefined ? PLANNED_FOR_VALUES : 0;
      for (let time = 0; time < times; time += 1) await client.query(`BEGIN; ${execution}; ROLLBACK`);
      await client.query('BEGIN');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON, TIMING off) ${execution}`,
      );
      await client.query('ROLLBACK; DEALLOCATE explained');
      const plan = (rows[0]?.['QUERY PLAN'] ?? [])[0]?.Plan;
      plans.push({ statement, rowsRead: plan ? rowsReadBy(plan) : 0, plan: JSON.stringify(plan) });
    }
  } finally {
    client.release();
  }
  return plans;
}

/** As pg writes a value. */
function literal(value: unknown): string {
  const { prepareValue } = createRequire(__filename)('pg/lib/utils') as {
    prepareValue: (value: unknown) => string | Buffer | null;
  };
  const text = prepareValue(value);
  if (text === null) return 'NULL';
  return pg.escapeLiteral(Buffer.isBuffer(text) ? `\\x${text.toString('hex')}` : text);
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
