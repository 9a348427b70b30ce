/** What a server must be to hold Roost's data. A start refuses what is missing; `npm run db:check` shows all. */
import type pg from 'pg';

import { sql } from '../sql.js';

export interface Finding {
  readonly name: string;
  readonly needed: string;
  readonly found: string;
  readonly verdict: 'ok' | 'warning' | 'missing';
  readonly advice: string;
}

interface Facts {
  readonly version: string;
  readonly number: number;
  readonly encoding: string;
  readonly lacking: readonly string[];
  readonly language: boolean;
  readonly extensions: readonly { readonly name: string; readonly state: 'installed' | 'available' | 'absent' }[];
  readonly may_install: boolean;
  readonly read_only: boolean;
  readonly synchronous_commit: string;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly time_zone: string;
  readonly connections: number;
}

interface OtherEngine {
  readonly name: string;
  readonly version: RegExp;
  readonly host?: RegExp;
  readonly lacks: string;
}

const OLDEST = 150_000;

export const ONLY_READS =
  'The database only reads: it is a standby, or default_transaction_read_only is on. Name the primary, or let the database write again.';

const OTHER_ENGINES: readonly OtherEngine[] = [
  {
    name: 'CockroachDB',
    version: /CockroachDB/i,
    lacks: 'LISTEN, advisory locks that lock, and snapshots of transactions',
  },
  {
    name: 'YugabyteDB',
    version: /-YB-|Yugabyte/i,
    lacks: 'transaction numbers (xid), and GIN indexes of several columns',
  },
  {
    name: 'Aurora DSQL',
    version: /DSQL/i,
    host: /\.dsql(?:-\w+)?\.[\w-]+\.on\.aws$/i,
    lacks: 'triggers, foreign keys, PL/pgSQL and partitions',
  },
  { name: 'Amazon Redshift', version: /Redshift/i, lacks: 'unique constraints that hold' },
];

const FUNCTIONS = [
  'pg_current_snapshot()',
  'pg_snapshot_xmin(pg_snapshot)',
  'pg_try_advisory_xact_lock(bigint)',
  'pg_notify(text,text)',
];
const EXTENSIONS = ['pg_trgm', 'btree_gin'];

/** @param connections that Roost may open, where it is known to open them to this server */
export async function findingsOf(client: pg.Client, connections?: number): Promise<Finding[]> {
  const { rows } = await client.query<{ version: string }>('SELECT version()');
  const version = rows[0]?.version ?? '';
  const other = OTHER_ENGINES.find((one) => one.version.test(version) || one.host?.test(client.host) === true);
  if (other)
    return [
      {
        name: 'engine',
        needed: 'PostgreSQL',
        found: other.name,
        verdict: 'missing',
        advice: `${other.name} lacks what Roost needs: ${other.lacks}. Use PostgreSQL 15 or later (docs/scaling.md).`,
      },
    ];
  const [facts] = (await client.query<Facts>(factsOf())).rows as [Facts];
  return [...ofEngine(facts), ...ofExtensions(facts), ...ofDurability(facts), ofConnections(facts, connections)];
}

function factsOf(): ReturnType<typeof sql> {
  return sql`
    SELECT split_part(version(), ' on ', 1) AS version, current_setting('server_version_num')::int AS number,
           current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS time_zone,
           array(SELECT name FROM unnest(${FUNCTIONS}::text[]) AS needed(name) WHERE to_regprocedure(name) IS NULL) AS lacking,
           EXISTS (SELECT FROM pg_language WHERE lanname = 'plpgsql') AS language,
           (SELECT json_agg(json_build_object('name', name, 'state', CASE
                     WHEN EXISTS (SELECT FROM pg_extension WHERE extname = name) THEN 'installed'
                     WHEN EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = needed.name) THEN 'available'
                     ELSE 'absent' END))
              FROM unnest(${EXTENSIONS}::text[]) AS needed(name)) AS extensions,
           has_database_privilege(current_database(), 'CREATE') AS may_install,
           current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery() AS read_only,
           current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes,
           (SELECT min(most) FROM (VALUES
              (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int),
              ((SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)),
              ((SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()))) AS limits(most)) AS connections`;
}

function ofEngine({ version, number, encoding, lacking, language, read_only, time_zone }: Facts): Finding[] {
  const missing = language ? lacking : [...lacking, 'the language plpgsql'];
  return [
    judged('version', ['15 or later', version], {
      isMet: number >= OLDEST,
      advice: 'PostgreSQL 15 or later is needed: upgrade the server.',
    }),
    judged('encoding', ['UTF8', encoding], {
      isMet: encoding === 'UTF8',
      advice: `Make another database: CREATE DATABASE roost ENCODING 'UTF8' TEMPLATE template0.`,
    }),
    judged(
      'functions',
      [
        'snapshots, advisory locks, notifications, PL/pgSQL',
        missing.length === 0 ? 'all' : `without ${missing.join(', ')}`,
      ],
      {
        isMet: missing.length === 0,
        advice: 'This is not a PostgreSQL, or something was taken out of it.',
      },
    ),
    judged('writable', ['yes', read_only ? 'no' : 'yes'], {
      isMet: !read_only,
      otherwise: 'warning',
      advice: ONLY_READS,
    }),
    judged('time zone', ['any: Roost sets UTC', time_zone], { isMet: true, advice: '' }),
  ];
}

function ofExtensions({ extensions, may_install }: Facts): Finding[] {
  return extensions.map(({ name, state }) =>
    judged(`extension ${name}`, ['installed, or to be installed', state], {
      isMet: state === 'installed' || (state === 'available' && may_install),
      otherwise: 'warning',
      advice: `Searches read all rows without it. Run CREATE EXTENSION ${name} with a role that may, and start Roost again.`,
    }),
  );
}

const LOST = 'A crash of the server loses writes that were acknowledged';

function ofDurability({ fsync, full_page_writes, synchronous_commit }: Facts): Finding[] {
  const otherwise = 'warning';
  return [
    judged('fsync', ['on', fsync], {
      isMet: fsync === 'on',
      otherwise,
      advice: `${LOST}, and can destroy the database: set fsync = on.`,
    }),
    judged('full_page_writes', ['on', full_page_writes], {
      isMet: full_page_writes === 'on',
      otherwise,
      advice:
        'A loss of power can destroy the database: set full_page_writes = on, unless the file system makes up for it.',
    }),
    judged('synchronous_commit', ['on', synchronous_commit], {
      isMet: synchronous_commit !== 'off',
      otherwise,
      advice: `${LOST}, logouts among them: set synchronous_commit = on.`,
    }),
  ];
}

function ofConnections({ connections }: Facts, needed: number | undefined): Finding {
  return judged(
    'connections',
    [needed === undefined ? 'through a pooler: any' : `${needed} for this instance`, `${connections} for all`],
    {
      isMet: needed === undefined || needed <= connections,
      otherwise: 'warning',
      advice: 'Raise max_connections (or the limit of the role or database), or lower DATABASE_POOL_MAX.',
    },
  );
}

interface Judgement {
  readonly isMet: boolean;
  readonly otherwise?: 'warning' | 'missing';
  readonly advice: string;
}

export function judged(
  name: string,
  [needed, found]: readonly [needed: string, found: string],
  { isMet, otherwise = 'missing', advice }: Judgement,
): Finding {
  return { name, needed, found, verdict: isMet ? 'ok' : otherwise, advice: isMet ? '' : advice };
}
