import type { EntityManager } from 'typeorm';

import { isDisabledAt } from '../users/users.query.js';
import type { CountedNoun } from './daily-count.entity.js';

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
  const accounts: [Stats['accounts']] = await manager.query(
    `SELECT count(*)::int AS total, count(email_confirmed_at)::int AS confirmed,
            count(*) FILTER (WHERE ${isDisabledAt('u', 'statement_timestamp()')})::int AS disabled
       FROM users u`,
  );
  const active: [Stats['active']] = await manager.query(
    `WITH t AS (SELECT statement_timestamp() AS now), seen AS (
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
  return { accounts: accounts[0], active: active[0], tasks, posts, follows };
}

/** The last 30 days in UTC, today last. Past days keep their first count; only today is counted again. */
async function countByDay(manager: EntityManager, noun: CountedNoun): Promise<DayCount[]> {
  const days: (Omit<DayCount, 'created'> & { readonly created: number | null })[] = await manager.query(
    `WITH today AS (SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS day)
     SELECT (today.day - ago)::text AS date, c.created
       FROM today CROSS JOIN generate_series(0, 29) AS ago
       LEFT JOIN daily_counts c ON c.noun = $1 AND c.day = today.day - ago AND ago > 0
      ORDER BY ago DESC`,
    [noun],
  );
  const today = days.at(-1)?.date;
  const counted: DayCount[] = [];
  for (const { date, created } of days)
    counted.push({ date, created: created ?? (await (date === today ? countDay : keepDay)(manager, noun, date)) });
  return counted;
}

async function countDay(manager: EntityManager, noun: CountedNoun, date: string): Promise<number> {
  const [{ created }]: [{ created: number }] = await manager.query(countOf(noun, '$1'), [date]);
  return created;
}

/** Racing counts of one day keep the same number. */
async function keepDay(manager: EntityManager, noun: CountedNoun, date: string): Promise<number> {
  await manager.query(
    `INSERT INTO daily_counts (noun, day, created) SELECT $2, $1::date, created FROM (${countOf(noun, '$1')}) counted
         ON CONFLICT DO NOTHING`,
    [date, noun],
  );
  const [{ created }]: [{ created: number }] = await manager.query(
    'SELECT created FROM daily_counts WHERE noun = $2 AND day = $1',
    [date, noun],
  );
  return created;
}

function countOf(noun: CountedNoun, day: string): string {
  return `SELECT count(*)::int AS created FROM ${noun}
           WHERE created_at >= ${day}::date::timestamp AT TIME ZONE 'UTC'
             AND created_at < (${day}::date + 1)::timestamp AT TIME ZONE 'UTC'`;
}
