/** The embedded cluster's two roles: Roost's own, which owns its database only, and a superuser. */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

import { EmbeddedPostgresError } from './error.js';

export const ROLE = 'roost';
export const SUPERUSER = 'postgres';
const STAND_IN = 'roost_upgrade';

export interface Cluster {
  readonly port: number;
  readonly password: string;
}

/** Complete, so that the driver takes nothing from the environment. */
export function urlOf({ port, password }: Cluster, database: string, role = ROLE): string {
  return `postgres://${role}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}?sslmode=disable`;
}

/** Idempotent. Also upgrades a cluster whose only role was a superuser. */
export async function prepareRoles(cluster: Cluster, database: string): Promise<void> {
  if (!(await canLogIn(urlOf(cluster, 'postgres', SUPERUSER)))) await renameSuperuser(cluster);
  await withClient(urlOf(cluster, 'postgres', SUPERUSER), async (client) => {
    const { rows } = await client.query<{ rolname: string }>('SELECT rolname FROM pg_roles');
    const roles = new Set(rows.map(({ rolname }) => rolname));
    if (roles.has(STAND_IN)) await client.query(`DROP ROLE ${STAND_IN}`);
    if (!roles.has(ROLE)) await client.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD ${escapeLiteral(cluster.password)}`);
    // Error details hold personal data: only the log of a failing start has them.
    for (const role of [ROLE, SUPERUSER]) await client.query(`ALTER ROLE ${role} SET log_error_verbosity = terse`);
  });
  await prepareDatabase(cluster, database);
}

async function renameSuperuser(cluster: Cluster): Promise<void> {
  const password = escapeLiteral(cluster.password);
  if (!(await canLogIn(urlOf(cluster, 'postgres'))))
    throw new EmbeddedPostgresError('The password file beside the database belongs to another database.');
  await withClient(urlOf(cluster, 'postgres'), async (client) => {
    await client.query(`DROP ROLE IF EXISTS ${STAND_IN}`);
    await client.query(`CREATE ROLE ${STAND_IN} SUPERUSER LOGIN PASSWORD ${password}`);
  });
  await withClient(urlOf(cluster, 'postgres', STAND_IN), (client) =>
    client.query(`ALTER ROLE ${ROLE} RENAME TO ${SUPERUSER}`),
  );
}

async function prepareDatabase(cluster: Cluster, database: string): Promise<void> {
  const name = escapeIdentifier(database);
  const owner = await withClient(urlOf(cluster, 'postgres', SUPERUSER), async (client) => {
    const { rows } = await client.query<{ owner: string }>(
      `SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = ${escapeLiteral(database)}`,
    );
    if (!rows[0]) await client.query(`CREATE DATABASE ${name} OWNER ${ROLE}`);
    return rows[0]?.owner ?? ROLE;
  });
  if (owner === ROLE) return;
  // Atomic: a database with another owner shows unfinished work.
  await withClient(urlOf(cluster, database, SUPERUSER), async (client) => {
    const { rows } = await client.query<{ statement: string }>(HAND_OVER);
    const all = [...rows.map(({ statement }) => statement), `ALTER DATABASE ${name} OWNER TO ${ROLE}`];
    await client.query(`BEGIN; ${all.join('; ')}; COMMIT`);
  });
}

const HAND_OVER = `
  SELECT format('ALTER %s %s OWNER TO ${ROLE}', kind, name) AS statement FROM (
    SELECT 'pg_class'::regclass AS catalog, oid, relnamespace AS namespace, oid::regclass::text AS name,
           CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind
      FROM pg_class WHERE relkind IN ('r', 'p', 'S', 'v', 'm')
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, pronamespace, oid::regprocedure::text, 'ROUTINE' FROM pg_proc
    UNION ALL
    SELECT 'pg_type'::regclass, oid, typnamespace, oid::regtype::text, 'TYPE' FROM pg_type
     WHERE typtype IN ('e', 'd') OR (typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c'))
  ) object
  WHERE namespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = catalog AND d.objid = object.oid
       AND (d.deptype = 'e' OR kind = 'SEQUENCE' AND d.deptype IN ('a', 'i')))`;

async function canLogIn(url: string): Promise<boolean> {
  try {
    await withClient(url, () => Promise.resolve());
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === '28P01' || code === '28000') return false;
    throw error;
  }
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
