/** Indexes that are built without blocking writes; of some the server may lack the extensions. */
import type pg from 'pg';

import { Client } from '../connections/client.js';
import { hangUp } from '../connections/hang-up.js';
import { unlimited } from '../connections/session.js';
import { isPooled } from '../live-client.js';
import { Lookout } from '../lookout.js';
import { sql } from '../sql.js';

interface SearchIndex {
  readonly definition: string;
  readonly extensions: readonly string[];
}

/** Not the column itself: pages of a person in its order would be looked for among the rows of all. */
const CREATED = `(created_at AT TIME ZONE 'UTC')`;

const INDEXES: Readonly<Record<string, SearchIndex>> = {
  users_folded_name_idx: { definition: 'ON users (fold_text(display_name) text_pattern_ops)', extensions: [] },
  users_folded_idx: {
    definition: `ON users USING gin (fold_text(username || ' ' || coalesce(display_name, '')) gin_trgm_ops)`,
    extensions: ['pg_trgm'],
  },
  users_found_by_staff_idx: {
    definition: `ON users USING gin (fold_text(email || ' ' || username || ' ' || coalesce(display_name, '')) gin_trgm_ops)`,
    extensions: ['pg_trgm'],
  },
  tasks_search_idx: {
    definition: `ON tasks USING gin (user_id, (title || ' ' || coalesce(description, '')) gin_trgm_ops)`,
    extensions: ['pg_trgm', 'btree_gin'],
  },
  users_short_idx: {
    definition: `ON users USING gin (short_grams(fold_text(email || ' ' || username || ' ' || coalesce(display_name, ''))))`,
    extensions: [],
  },
  users_staff_idx: { definition: `ON users (role) WHERE role <> 'user'`, extensions: [] },
  users_disabled_created_idx: { definition: `ON users (created_at, id) WHERE status = 'disabled'`, extensions: [] },
  users_unconfirmed_idx: { definition: 'ON users (created_at, id) WHERE email_confirmed_at IS NULL', extensions: [] },
  users_deleting_idx: { definition: 'ON users (created_at, id) WHERE delete_after IS NOT NULL', extensions: [] },
  users_confirmed_idx: { definition: 'ON users (email_confirmed_at)', extensions: [] },
  tasks_created_idx: { definition: `ON tasks (${CREATED})`, extensions: [] },
  posts_created_idx: { definition: `ON posts (${CREATED})`, extensions: [] },
  follows_created_idx: { definition: `ON follows (${CREATED})`, extensions: [] },
};

const LOCK = 7_263_948_118;
const CONNECT_MS = 5_000;

/** Also rebuilds invalid ones. A search without its index scans all rows. @param url the owner's, direct */
export async function buildSearchIndexes(url: string, onFault: (error: unknown) => void): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'roost-indexes',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  let lookout: Lookout | undefined;
  try {
    await client.connect();
    lookout = new Lookout(client);
    await lookout.watchAnswering();
    if (!(await isPooled(client))) await client.query(unlimited('SET'));
    if (!(await isFirst(client))) return;
    for (const [name, index] of Object.entries(INDEXES)) await build(client, name, index).catch(onFault);
    await checkLetters(client, onFault);
  } catch (error) {
    onFault(error);
  } finally {
    lookout?.stop();
    await hangUp(client);
  }
}

async function isFirst(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(sql`SELECT pg_try_advisory_lock(${LOCK}) AS free`);
  return rows[0]?.free === true;
}

async function build(client: pg.Client, name: string, { definition, extensions }: SearchIndex): Promise<void> {
  const { rows } = await client.query<{ valid: boolean; building: boolean }>(
    sql`SELECT indisvalid AS valid, EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) AS building
          FROM pg_index i WHERE indexrelid = to_regclass(${name})`,
  );
  const [index] = rows;
  if (index && (index.valid || index.building)) return;
  for (const extension of extensions) await client.query(`CREATE EXTENSION IF NOT EXISTS ${extension}`);
  await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  await client.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ${definition}`);
}

async function checkLetters(client: pg.Client, onFault: (error: unknown) => void): Promise<void> {
  const { rows } = await client.query<{ known: boolean }>(`SELECT cardinality(show_trgm('Я')) > 0 AS known`);
  if (rows[0]?.known !== true) onFault(new Error(ASCII_ONLY));
}

const ASCII_ONLY =
  'LC_CTYPE of the database knows ASCII letters only: searches in other scripts read all rows. Restore a dump into a database with LC_CTYPE C.UTF-8 to fix this.';
