import type { EntityManager } from 'typeorm';

import { countedNouns } from '../common/registries/counted-daily.js';
import { isoTimestamp } from '../common/timestamps.js';
import { type Database, join, one, raw, row, rows, run, type Sql, sql, utcText } from '../database/sql.js';
import { isDisabledAt } from '../users/users.query.js';

/** With more rows than this, accounts and their activity are counted once a day, and not at each look. */
export const COUNTED_DAILY = { aboveRows: 10_000 };

const nouns = (): string[] => countedNouns().map(({ table }) => table);

export interface Stats {
  readonly countedAt: string;
  readonly accounts: { readonly total: number; readonly confirmed: number; readonly disabled: number };
  readonly active: { readonly day: number; readonly week: number; readonly month: number };
  readonly created: Readonly<Record<string, DayCount[]>>;
}

export interface DayCount {
  readonly date: string;
  readonly created: number;
}

const UTC_NOW = raw(`statement_timestamp() AT TIME ZONE 'UTC'`);

type AccountCounts = Stats['accounts'] & Stats['active'] & { readonly countedAt: string };

export async function selectStats(manager: EntityManager): Promise<Stats> {
  const { countedAt, total, confirmed, disabled, day, week, month } =
    (await selectKeptAccounts(manager)) ?? (await countAccounts(manager));
  return {
    countedAt: isoTimestamp(countedAt),
    accounts: { total, confirmed, disabled },
    active: { day, week, month },
    created: await selectDays(manager),
  };
}

function selectKeptAccounts(manager: EntityManager): Promise<AccountCounts | undefined> {
  return row(
    manager,
    sql`SELECT ${utcText('counted_at')} AS "countedAt", total, confirmed, disabled, active_day AS day,
               active_week AS week, active_month AS month FROM account_counts`,
  );
}

async function countAccounts(db: Database): Promise<AccountCounts & { readonly rows: number }> {
  const accounts = await one<Stats['accounts'] & { readonly countedAt: string }>(
    db,
    sql`SELECT ${utcText('statement_timestamp()')} AS "countedAt", count(*)::int AS total,
               count(email_confirmed_at)::int AS confirmed,
               count(*) FILTER (WHERE ${isDisabledAt('statement_timestamp()')})::int AS disabled
          FROM users u`,
  );
  const active = await one<Stats['active'] & { readonly seen: number }>(
    db,
    sql`WITH t AS (SELECT statement_timestamp() AS now), seen AS (
          SELECT user_id, last_used_at AS at FROM sessions, t WHERE last_used_at > t.now - interval '30 days'
          UNION ALL
          SELECT actor_id, e.at FROM audit_events e, t WHERE actor_id IS NOT NULL AND e.at > t.now - interval '30 days'
        ), latest AS (
          SELECT user_id, max(at) AS at, count(*) AS seen FROM seen JOIN users u ON u.id = user_id GROUP BY user_id
        )
        SELECT count(*) FILTER (WHERE at > t.now - interval '1 day')::int AS day,
               count(*) FILTER (WHERE at > t.now - interval '7 days')::int AS week, count(at)::int AS month,
               coalesce(sum(seen), 0)::float8 AS seen
          FROM t LEFT JOIN latest ON true`,
  );
  return { ...accounts, ...active, rows: accounts.total + active.seen };
}

/** The last 30 days, in times of UTC without a zone, as in the indexes. */
const days = (): Sql => sql`
  SELECT noun, d.day, coalesce(c.created, 0) AS created, c.noun IS NOT NULL AND c.counted_until IS NULL AS "isOver",
         d.day::timestamp AS begins, (d.day + 1)::timestamp AS ends, c.counted_until AT TIME ZONE 'UTC' AS counted_until
    FROM unnest(${nouns()}::text[]) AS noun CROSS JOIN generate_series(0, 29) AS ago
   CROSS JOIN LATERAL (SELECT (${UTC_NOW})::date - ago AS day) d
    LEFT JOIN daily_counts c USING (noun, day)`;

async function selectDays(manager: EntityManager): Promise<Stats['created']> {
  const since = countOf(sql`coalesce(counted_until, begins)`, sql`ends`);
  const counted = await rows<DayCount & { readonly noun: string }>(
    manager,
    sql`SELECT noun, day::text AS date, created + CASE WHEN "isOver" THEN 0 ELSE ${since} END AS created
          FROM (${days()}) d ORDER BY day`,
  );
  const of = (table: string): DayCount[] =>
    counted.filter(({ noun }) => noun === table).map(({ date, created }) => ({ date, created }));
  return Object.fromEntries(nouns().map((table) => [table, of(table)]));
}

/** Today's until a minute ago, as what is being committed may be older; those that are over once, and for good. */
export async function keepDays(db: Database): Promise<void> {
  await run(
    db,
    sql`INSERT INTO daily_counts (noun, day, created, counted_until)
        SELECT noun, day, ${countOf(sql`begins`, sql`until`)}, nullif(until, ends) AT TIME ZONE 'UTC'
          FROM (${days()}) d
         CROSS JOIN LATERAL (SELECT least(ends, greatest(begins, ${UTC_NOW} - interval '1 minute')) AS until) u
         WHERE NOT "isOver"
            ON CONFLICT (noun, day) DO UPDATE SET created = excluded.created, counted_until = excluded.counted_until
         WHERE daily_counts.counted_until IS NOT NULL`,
  );
}

function countOf(from: Sql, until: Sql): Sql {
  const counts = nouns().map(
    (noun) =>
      sql`WHEN ${noun} THEN (SELECT count(*)::int FROM ${raw(noun)}
                              WHERE created_at AT TIME ZONE 'UTC' >= ${from} AND created_at AT TIME ZONE 'UTC' < ${until})`,
  );
  return counts.length === 0 ? sql`0` : sql`CASE noun ${join(counts, ' ')} END`;
}

export async function lockStats(db: Database): Promise<boolean> {
  return (await one<{ free: boolean }>(db, sql`SELECT pg_try_advisory_xact_lock(${LOCK}) AS free`)).free;
}

const LOCK = 7_263_948_119;

export async function keepAccounts(db: Database): Promise<void> {
  const { isDue } = await one<{ isDue: boolean }>(
    db,
    sql`SELECT NOT EXISTS (SELECT FROM account_counts WHERE (counted_at AT TIME ZONE 'UTC')::date = (${UTC_NOW})::date) AS "isDue"`,
  );
  if (!isDue) return;
  const { countedAt, total, confirmed, disabled, day, week, month, rows: counted } = await countAccounts(db);
  await run(db, sql`DELETE FROM account_counts`);
  if (counted <= COUNTED_DAILY.aboveRows) return;
  await run(
    db,
    sql`INSERT INTO account_counts (counted_at, total, confirmed, disabled, active_day, active_week, active_month)
        VALUES (${countedAt}::timestamp AT TIME ZONE 'UTC', ${total}, ${confirmed}, ${disabled}, ${day}, ${week}, ${month})`,
  );
}
