import type { EntityManager } from 'typeorm';

import { one, raw, rows, run, type Sql, sql } from '../database/sql.js';
import { isDisabledAt } from '../users/users.query.js';

type CountedNoun = 'tasks' | 'posts' | 'follows';

export interface Stats {
  readonly accounts: { readonly total: number; readonly confirmed: number; readonly disabled: number };
  readonly active: { readonly day: number; readonly week: number; readonly month: number };
  readonly tasks: DayCount[];
  readonly posts: DayCount[];
  readonly follows: DayCount[];
}

export interface DayCount {
  readonly date: string;
  readonly created: number;
}

export async function selectStats(manager: EntityManager): Promise<Stats> {
  const accounts = await one<Stats['accounts']>(
    manager,
    sql`SELECT count(*)::int AS total, count(email_confirmed_at)::int AS confirmed,
               count(*) FILTER (WHERE ${isDisabledAt('statement_timestamp()')})::int AS disabled
          FROM users u`,
  );
  const active = await one<Stats['active']>(
    manager,
    sql`WITH t AS (SELECT statement_timestamp() AS now), seen AS (
          SELECT user_id, last_used_at AS at FROM sessions, t WHERE last_used_at > t.now - interval '30 days'
          UNION ALL
          SELECT actor_id, e.at FROM audit_events e, t WHERE actor_id IS NOT NULL AND e.at > t.now - interval '30 days'
        ), latest AS (SELECT user_id, max(at) AS at FROM seen JOIN users u ON u.id = user_id GROUP BY user_id)
        SELECT count(*) FILTER (WHERE at > t.now - interval '1 day')::int AS day,
               count(*) FILTER (WHERE at > t.now - interval '7 days')::int AS week, count(at)::int AS month
          FROM t LEFT JOIN latest ON true`,
  );
  const [tasks, posts, follows] = [
    await countByDay(manager, 'tasks'),
    await countByDay(manager, 'posts'),
    await countByDay(manager, 'follows'),
  ];
  return { accounts, active, tasks, posts, follows };
}

/** The last 30 days in UTC, today last. Past days keep their first count; only today is counted again. */
async function countByDay(manager: EntityManager, noun: CountedNoun): Promise<DayCount[]> {
  const days = await rows<{ readonly date: string; readonly created: number | null }>(
    manager,
    sql`WITH today AS (SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS day)
        SELECT (today.day - ago)::text AS date, c.created
          FROM today CROSS JOIN generate_series(0, 29) AS ago
          LEFT JOIN daily_counts c ON c.noun = ${noun} AND c.day = today.day - ago AND ago > 0
         ORDER BY ago DESC`,
  );
  const today = days.at(-1)?.date;
  const counted: DayCount[] = [];
  for (const { date, created } of days)
    counted.push({ date, created: created ?? (await (date === today ? countDay : keepDay)(manager, noun, date)) });
  return counted;
}

async function countDay(manager: EntityManager, noun: CountedNoun, date: string): Promise<number> {
  return (await one<{ created: number }>(manager, countOf(noun, date))).created;
}

async function keepDay(manager: EntityManager, noun: CountedNoun, date: string): Promise<number> {
  await run(
    manager,
    sql`INSERT INTO daily_counts (noun, day, created) SELECT ${noun}, ${date}::date, created FROM (${countOf(noun, date)}) counted
            ON CONFLICT DO NOTHING`,
  );
  const kept = sql`SELECT created FROM daily_counts WHERE noun = ${noun} AND day = ${date}`;
  return (await one<{ created: number }>(manager, kept)).created;
}

function countOf(noun: CountedNoun, day: string): Sql {
  return sql`SELECT count(*)::int AS created FROM ${raw(noun)}
              WHERE created_at >= ${day}::date::timestamp AT TIME ZONE 'UTC'
                AND created_at < (${day}::date + 1)::timestamp AT TIME ZONE 'UTC'`;
}
