/** Figures about the whole. */
import type { EntityManager } from 'typeorm';

import { isDisabledAt } from '../users/users.query.js';

const NOW = `clock_timestamp() + $1 * interval '1 ms'`;

export interface Stats {
  readonly accounts: { readonly total: number; readonly confirmed: number; readonly disabled: number };
  readonly active: { readonly day: number; readonly week: number; readonly month: number };
  readonly tasks: DayCount[];
  /** Also those that were deleted since. */
  readonly posts: DayCount[];
  /** Only those that still hold. */
  readonly follows: DayCount[];
}

export interface DayCount {
  /** In UTC. */
  readonly date: string;
  readonly created: number;
}

export async function selectStats(manager: EntityManager, offsetMs: number): Promise<Stats> {
  const accounts: [Stats['accounts']] = await manager.query(
    `SELECT count(*)::int AS total, count(email_confirmed_at)::int AS confirmed,
            count(*) FILTER (WHERE ${isDisabledAt('u', NOW)})::int AS disabled
       FROM users u`,
    [offsetMs],
  );
  // Sessions say when they were used last, but ended ones are cleared away: what those did of note is in the audit.
  const active: [Stats['active']] = await manager.query(
    `WITH t AS (SELECT ${NOW} AS now), seen AS (
       SELECT user_id, last_used_at AS at FROM sessions, t WHERE last_used_at > t.now - interval '30 days'
       UNION ALL
       SELECT actor_id, e.at FROM audit_events e, t WHERE actor_id IS NOT NULL AND e.at > t.now - interval '30 days'
     ), latest AS (SELECT user_id, max(at) AS at FROM seen JOIN users u ON u.id = user_id GROUP BY user_id)
     SELECT count(*) FILTER (WHERE at > t.now - interval '1 day')::int AS day,
            count(*) FILTER (WHERE at > t.now - interval '7 days')::int AS week, count(at)::int AS month
       FROM t LEFT JOIN latest ON true`,
    [offsetMs],
  );
  const [tasks, posts, follows] = [
    await countByDay(manager, 'tasks', offsetMs),
    await countByDay(manager, 'posts', offsetMs),
    await countByDay(manager, 'follows', offsetMs),
  ];
  return { accounts: accounts[0], active: active[0], tasks, posts, follows };
}

/** Of the last 30 days, today last. */
function countByDay(
  manager: EntityManager,
  table: 'tasks' | 'posts' | 'follows',
  offsetMs: number,
): Promise<DayCount[]> {
  return manager.query(
    `WITH today AS (SELECT date_trunc('day', (${NOW}) AT TIME ZONE 'UTC') AS day), counted AS (
       SELECT date_trunc('day', created_at AT TIME ZONE 'UTC') AS day, count(*)::int AS created FROM ${table}
        WHERE created_at >= (SELECT (day - interval '29 days') AT TIME ZONE 'UTC' FROM today) GROUP BY 1
     )
     SELECT d.day::date::text AS date, coalesce(c.created, 0) AS created
       FROM today, generate_series(today.day - interval '29 days', today.day, interval '1 day') AS d (day)
       LEFT JOIN counted c ON c.day = d.day
      ORDER BY d.day`,
    [offsetMs],
  );
}
