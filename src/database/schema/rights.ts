/** Finds missing rights of the database's role at start, before a request does. */
import { readFileSync } from 'node:fs';

import { type DatabaseTarget, DatabaseStartError } from '../connect.js';
import { Client } from '../connections/client.js';
import { type Sql, sql } from '../sql.js';
import { migrationNames } from './migrate.js';

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
  if (code !== '42501') return undefined;
  const { role, grants } = await missingGrants(target.url);
  const create = `GRANT USAGE, CREATE ON SCHEMA public TO ${role};`;
  return new DatabaseStartError(
    `The role ${role} of ${target.name} may not migrate the schema: ${message}. It must own the tables of Roost. Set DATABASE_DIRECT_URL to the owner, or run this as a role that may grant it:\n\n${[create, ...grants].join('\n')}`,
  );
}

export async function missingGrants(url: string): Promise<{ role: string; grants: string[] }> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const needed = neededRights();
    const wanted = Object.entries(needed).flatMap(([table, rights]) => rights.map((right) => ({ table, right })));
    const { rows } = await client.query<{ role: string; enters: boolean; missing: { table: string; right: string }[] }>(
      missingOf(wanted),
    );
    const { role = '', enters = true, missing = [] } = rows[0] ?? {};
    const tables = Object.entries(needed).flatMap(([table, all]) => {
      const rights = all.filter((right) => missing.some((one) => one.table === table && one.right === right));
      return rights.length === 0
        ? []
        : [`GRANT ${rights.join(', ')} ON ${rights.includes('USAGE') ? 'SEQUENCE ' : ''}public.${table} TO ${role};`];
    });
    return { role, grants: [...(enters ? [] : [`GRANT USAGE ON SCHEMA public TO ${role};`]), ...tables] };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Looked up by oid: a name needs a right to the schema. */
function missingOf(wanted: readonly { table: string; right: string }[]): Sql {
  return sql`
    SELECT quote_ident(current_user) AS role, has_schema_privilege('public', 'USAGE') AS enters, coalesce((
      SELECT json_agg(json_build_object('table', wanted."table", 'right', wanted."right"))
        FROM json_to_recordset(${JSON.stringify(wanted)}) AS wanted("table" text, "right" text)
        JOIN pg_class c ON c.relname = wanted."table" AND c.relnamespace = 'public'::regnamespace
       WHERE NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, wanted."right") ELSE has_table_privilege(c.oid, wanted."right") END
    ), '[]') AS missing`;
}
