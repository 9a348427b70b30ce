import { type Database, one, raw, run, sql } from '../sql.js';

export const WRITES_CHANNEL = 'writes';

/** https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES */
const TIMELINE = raw('left(pg_walfile_name(pg_current_wal_lsn()), 8)');

/** Positions in the write-ahead log are numbers of bytes: exact up to 9 PB. */
const BYTES = raw(`- '0/0'::pg_lsn)::float8`);

export interface Standing {
  readonly isReplica: boolean;
  /** Its system and database, and the mark of the newest timeline that it shows. */
  readonly server: string;
  /** Of a primary that was promoted since the last mark. */
  readonly isUnmarked: boolean;
  /** Of a primary: what it has written; of a replica: what it shows. */
  readonly position: number;
}

export function selectStanding(db: Database): Promise<Standing> {
  return one(
    db,
    sql`SELECT pg_is_in_recovery() AS "isReplica", concat_ws('/', system_identifier, d.oid, t.mark) AS server,
               CASE WHEN pg_is_in_recovery() THEN false
                    ELSE (t.server, t.timeline) IS DISTINCT FROM (system_identifier, ${TIMELINE}) END AS "isUnmarked",
               (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END ${BYTES} AS position
          FROM pg_control_system()
          JOIN pg_database d ON d.datname = current_database()
          LEFT JOIN (SELECT server, timeline, mark FROM server_timelines ORDER BY id DESC LIMIT 1) t ON true`,
  );
}

/** Replicas that stay with the former primary never show it. */
export async function markTimeline(primary: Database): Promise<void> {
  await run(
    primary,
    sql`INSERT INTO server_timelines (server, timeline) SELECT system_identifier, ${TIMELINE} FROM pg_control_system()`,
  );
}

/** Tells every instance who has written, and up to where. A lost notification is no loss of data: it need not be on disk. */
export async function notifyOfWrites(db: Database, userIds: readonly string[]): Promise<number> {
  const notified = sql`SELECT (lsn ${BYTES} AS position, set_config('synchronous_commit', 'off', true),
                              pg_notify(${WRITES_CHANNEL}, (lsn ${BYTES} || ' ' || ${userIds.join(' ')})
                         FROM pg_current_wal_insert_lsn() AS lsn`;
  return (await one<{ position: number }>(db, notified)).position;
}
