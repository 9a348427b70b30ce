import { type Database, one, raw, sql } from '../sql.js';

export const WRITES_CHANNEL = 'writes';

/** Positions in the write-ahead log are numbers of bytes: exact up to 9 PB. */
const BYTES = raw(`- '0/0'::pg_lsn)::float8`);

export interface Standing {
  readonly isReplica: boolean;
  readonly server: string;
  /** Of a primary: what it has written; of a replica: what it shows. */
  readonly position: number;
}

export function selectStanding(db: Database): Promise<Standing> {
  return one(
    db,
    sql`SELECT pg_is_in_recovery() AS "isReplica",
               (SELECT system_identifier FROM pg_control_system()) || '/' || d.oid AS server,
               (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END ${BYTES} AS position
          FROM pg_database d WHERE d.datname = current_database()`,
  );
}

/** Tells every instance who has written, and up to where. A lost notification is no loss of data: it need not be on disk. */
export async function notifyOfWrites(db: Database, userIds: readonly string[]): Promise<number> {
  const notified = sql`SELECT (lsn ${BYTES} AS position, set_config('synchronous_commit', 'off', true),
                              pg_notify(${WRITES_CHANNEL}, (lsn ${BYTES} || ' ' || ${userIds.join(' ')})
                         FROM pg_current_wal_insert_lsn() AS lsn`;
  return (await one<{ position: number }>(db, notified)).position;
}
