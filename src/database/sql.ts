/** The one way to SQL. `${}` binds a value; other text is nested `sql`, or `raw` of a constant. */
import type { EntityManager } from 'typeorm';
import sql, { empty, join, raw, type Sql } from 'sql-template-tag';

export { empty, join, raw, sql, type Sql };

export type Database = Pick<EntityManager, 'query'>;

type Changed<T> = [T[], number];

export async function rows<T>(db: Database, { text, values }: Sql): Promise<T[]> {
  const answer = await db.query<T[] | Changed<T>>(text, values);
  return Array.isArray(answer[0]) ? answer[0] : (answer as T[]);
}

export async function row<T>(db: Database, statement: Sql): Promise<T | undefined> {
  return (await rows<T>(db, statement))[0];
}

export async function one<T>(db: Database, statement: Sql): Promise<T> {
  return (await row<T>(db, statement)) as T;
}

export async function run(db: Database, { text, values }: Sql): Promise<void> {
  await db.query(text, values);
}

export async function affected(db: Database, { text, values }: Sql): Promise<number> {
  const [, count] = await db.query<Changed<unknown>>(text, values);
  return count;
}

export interface DeletedRows {
  readonly table: string;
  readonly key?: string;
  readonly where: Sql;
  readonly skipLocked?: boolean;
}

export function deleteBatch(db: Database, deleted: DeletedRows, limit: number): Promise<number> {
  const [table, key] = [raw(deleted.table), raw(deleted.key ?? 'id')];
  const batch = sql`SELECT ${deleted.skipLocked === true ? raw('ctid') : key} FROM ${table} WHERE ${deleted.where} LIMIT ${limit}`;
  // A locked row stays where it is, and is not looked up again.
  if (deleted.skipLocked === true)
    return affected(db, sql`DELETE FROM ${table} WHERE ctid = ANY(ARRAY(${batch} FOR UPDATE SKIP LOCKED))`);
  return affected(db, sql`WITH batch AS (${batch}) DELETE FROM ${table} WHERE (${key}) IN (SELECT * FROM batch)`);
}

export function utcText(column: string): Sql {
  return raw(`(${column} AT TIME ZONE 'UTC')::text`);
}

/** Differs after a restart, a failover or a restored dump: transaction numbers may have gone back. */
export const SERVER = raw(`extract(epoch FROM pg_postmaster_start_time()) || '/' || 'revocations'::regclass::oid`);
