import { readFileSync } from 'node:fs';

import { type DatabaseTarget, DatabaseStartError } from '../connect.js';
import { Client } from '../connections/client.js';
import { type Sql, sql } from '../sql.js';
import { migrationNames } from './migration-names.js';

const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Never updated or deleted. */
const AUDIT = { audit_events: ['SELECT', 'INSERT'], audit_events_id_seq: ['USAGE'] };

/** For each table that a migration creates: `public` may hold tables of others. Identity columns need no sequence rights. */
export function neededRights(): Readonly<Record<string, readonly string[]>> {
  const migrations = migrationNames().map((name) => ({
    text: readFileSync(new URL(`../migrations/${name}.js`, import.meta.url), 'utf8'),
    isRemoval: /^\d+-drop-/.test(name),
  }));
  const created = migrations.flatMap(({ text }) => [...text.matchAll(/\bCREATE TABLE (\w+) \(/g)]);
  const dropped = migrations
    .filter(({ isRemoval }) => isRemoval)
    .flatMap(({ text }) => [...text.matchAll(/\bDROP TABLE ([\w, ]+)/g)])
    .flatMap(([, names = '']) => names.split(/, */));
  const tables = created.map(([, table = '']) => table).filter((table) => !dropped.includes(table));
  return { ...Object.fromEntries(tables.map((table) => [table, ALL])), ...AUDIT };
}

export async function requireRights(target: DatabaseTarget): Promise<void> {
  const { role, grants } = await missingGrants(target.url);
  if (grants.length === 0) return;
  throw new DatabaseStartError(
    `The role ${role} of ${target.name} lacks rights. Run this as the owner of the tables:\n\n${grants.join('\n')}`,
  );
}

export async function lackingRights(error: unknown, target: DatabaseTarget): Promise<Error | undefined> {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (code === '3F000') return new DatabaseStartError(NO_SCHEMA, { cause: error });
  if (code !== '42501') return undefined;
  const { role, schema, grants } = await missingGrants(target.url);
  const create = `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role};`;
  return new DatabaseStartError(
    `The role ${role} of ${target.name} may not migrate the schema: ${message}. It must own the tables of Roost. Set DATABASE_DIRECT_URL to the owner, or run this as a role that may grant it:\n\n${[create, ...grants].join('\n')}`,
  );
}

const NO_SCHEMA =
  'The search_path of the role, or of the database, names no schema that is there. Set it to the one for the tables of Roost: ALTER ROLE … SET search_path = public';

export interface MissingGrants {
  readonly role: string;
  readonly schema: string;
  readonly grants: string[];
}

export async function missingGrants(url: string): Promise<MissingGrants> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const needed = neededRights();
    const wanted = Object.entries(needed).flatMap(([table, rights]) => rights.map((right) => ({ table, right })));
    const { rows } = await client.query<Rights>(missingOf(wanted));
    const { role = '', schema = 'public', enters = true, finds = true, missing = [] } = rows[0] ?? {};
    const tables = Object.entries(needed).flatMap(([table, all]) => {
      const rights = all.filter((right) => missing.some((one) => one.table === table && one.right === right));
      return rights.length === 0
        ? []
        : [
            `GRANT ${rights.join(', ')} ON ${rights.includes('USAGE') ? 'SEQUENCE ' : ''}${schema}.${table} TO ${role};`,
          ];
    });
    const place = enters
      ? [`ALTER ROLE ${role} SET search_path = ${schema};`].slice(Number(finds))
      : [`GRANT USAGE ON SCHEMA ${schema} TO ${role};`];
    return { role, schema, grants: [...place, ...tables] };
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Rights {
  readonly role: string;
  readonly schema: string;
  readonly enters: boolean;
  /** Whether the search_path leads to the tables. */
  readonly finds: boolean;
  readonly missing: readonly { readonly table: string; readonly right: string }[];
}

/** Looked up by oid: a name needs a right to the schema, and a schema without it is no current one. */
function missingOf(wanted: readonly { table: string; right: string }[]): Sql {
  return sql`
    WITH place AS (
      SELECT n.oid, n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'audit_events'
       ORDER BY n.nspname = current_schema() DESC NULLS LAST, n.nspname = 'public' DESC LIMIT 1
    )
    SELECT quote_ident(current_user) AS role, quote_ident(coalesce(place.nspname, current_schema(), 'public')) AS schema,
           coalesce(has_schema_privilege(place.oid, 'USAGE'), true) AS enters,
           place.oid IS NULL OR to_regclass('audit_events') IS NOT NULL AS finds, coalesce((
      SELECT json_agg(json_build_object('table', wanted."table", 'right', wanted."right"))
        FROM json_to_recordset(${JSON.stringify(wanted)}) AS wanted("table" text, "right" text)
        JOIN pg_class c ON c.relname = wanted."table" AND c.relnamespace = place.oid
       WHERE NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, wanted."right") ELSE has_table_privilege(c.oid, wanted."right") END
    ), '[]') AS missing
      FROM (VALUES (1)) one LEFT JOIN place ON true`;
}
