/** Monthly partitions of the audit in UTC: created ahead, dropped when expired. Events without a partition go into
 * the default one, so that no login fails, and are moved later. */
import type pg from 'pg';

import { Client } from '../connections/client.js';
import { hangUp } from '../connections/hang-up.js';
import { formats } from '../connections/session.js';

const MONTHS_AHEAD = 3;

const LOCK = 7_263_948_116;

/** Milliseconds. Writers queue behind a waiting lock of the whole table. */
const TIMEOUTS = { connect: 5_000, lock: 2_000, answer: 30_000 };

export interface PartitionChanges {
  readonly made: readonly string[];
  readonly dropped: readonly string[];
  readonly moved: number;
}

/** Idempotent and safe on any number of instances. @param url a direct connection of the table's owner */
export async function keepAuditPartitions(url: string, retentionMs?: number): Promise<PartitionChanges> {
  const client = new Client({
    connectionString: url,
    application_name: 'roost-audit',
    connectionTimeoutMillis: TIMEOUTS.connect,
    query_timeout: TIMEOUTS.answer,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED; ${formats('SET LOCAL')}; SET LOCAL lock_timeout = ${TIMEOUTS.lock};
       SELECT pg_advisory_xact_lock(${LOCK})`,
    );
    const changes = await changePartitions(client, retentionMs);
    await client.query('COMMIT');
    return changes;
  } finally {
    await hangUp(client);
  }
}

async function changePartitions(client: pg.Client, retentionMs: number | undefined): Promise<PartitionChanges> {
  const now = await databaseTime(client);
  const existing = await partitionedMonths(client);
  const strays = await strayMonths(client);
  const ahead = Array.from({ length: MONTHS_AHEAD + 1 }, (_, months) => monthOf(now, months));
  const wanted = new Set([...ahead, ...strays.keys()]);
  const made = [...wanted].filter((month) => !existing.includes(month)).sort();
  const moved = [...strays.values()].reduce((sum, count) => sum + count, 0);
  if (moved > 0) await client.query('ALTER TABLE audit_events DETACH PARTITION audit_events_default');
  for (const month of made) await makePartition(client, month, boundsOf(month));
  if (moved > 0) {
    await client.query('INSERT INTO audit_events SELECT * FROM audit_events_default; DROP TABLE audit_events_default');
    await makePartition(client, 'default', 'DEFAULT');
  }
  const oldest = retentionMs === undefined ? -Infinity : now.getTime() - retentionMs;
  const dropped = [...existing, ...made].filter((month) => Date.parse(endOf(month)) <= oldest);
  for (const month of dropped) await client.query(`DROP TABLE audit_events_${month}`);
  return { made, dropped, moved };
}

async function databaseTime(client: pg.Client): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  return (rows as [{ now: Date }])[0].now;
}

async function partitionedMonths(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ month: string }>(
    `SELECT substring(c.relname FROM '^audit_events_([0-9]{4,}_[0-9]{2})$') AS month
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'audit_events'::regclass AND c.relname <> 'audit_events_default'`,
  );
  return rows.map(({ month }) => month);
}

async function strayMonths(client: pg.Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ month: string; count: number }>(
    `SELECT to_char(at, 'YYYY_MM') AS month, count(*)::int AS count FROM audit_events_default GROUP BY 1`,
  );
  return new Map(rows.map(({ month, count }) => [month, count]));
}

async function makePartition(client: pg.Client, name: string, bounds: string): Promise<void> {
  await client.query(
    `CREATE TABLE audit_events_${name} PARTITION OF audit_events ${bounds};
     CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON audit_events_${name}
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`,
  );
}

function boundsOf(month: string): string {
  return `FOR VALUES FROM ('${startOf(month)}') TO ('${endOf(month)}')`;
}

function startOf(month: string): string {
  return `${month.replace('_', '-')}-01T00:00:00.000Z`;
}

function endOf(month: string): string {
  return startOf(monthOf(new Date(startOf(month)), 1));
}

function monthOf(time: Date, later: number): string {
  const first = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + later));
  return first.toISOString().slice(0, 7).replace('-', '_');
}
