/** Dumps a database to a file and restores it, over COPY, without a pg_dump of the server's version. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import pg from 'pg';

import { Client } from './connections/client.js';
import { sql } from './sql.js';

interface Head {
  readonly format: string;
  readonly tables: readonly Table[];
  readonly sequences: Readonly<Record<string, string>>;
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
}

const FORMAT = 'roost-dump-1';

export class DumpError extends Error {}

export async function writeDump(url: string, out: Writable): Promise<number> {
  return withClient(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const head: Head = { format: FORMAT, tables: await tablesOf(client), sequences: await sequencesOf(client) };
    out.write(`${JSON.stringify(head)}\n`);
    let rows = 0;
    for (const table of head.tables)
      rows += await copyOut(client, `COPY (SELECT ${columnsOf(table)} FROM ${nameOf(table)}) TO STDOUT`, out);
    await client.query('COMMIT');
    return rows;
  });
}

/** All or nothing, into the same schema without rows. @throws DumpError for a foreign, truncated or mismatched file */
export async function readDump(url: string, input: Readable): Promise<number> {
  const lines = createInterface({ input, crlfDelay: 0 })[Symbol.asyncIterator]();
  const first: unknown = (await lines.next()).value;
  const head = parseHead(first);
  return withClient(url, async (client) => {
    await client.query('BEGIN');
    await requireSameSchema(client, head);
    // The dump holds what triggers would count and stamp; rows come in no order of foreign keys.
    const keys = await foreignKeysOf(client);
    for (const { table, name } of keys) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
    for (const table of head.tables) await client.query(`ALTER TABLE ${nameOf(table)} DISABLE TRIGGER USER`);
    let rows = 0;
    for (const table of head.tables)
      rows += await copyIn(client, `COPY ${nameOf(table)} (${columnsOf(table)}) FROM STDIN`, lines);
    for (const table of head.tables) await client.query(`ALTER TABLE ${nameOf(table)} ENABLE TRIGGER USER`);
    for (const { table, name, definition } of keys)
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
    for (const [name, next] of Object.entries(head.sequences))
      await client.query(sql`SELECT setval(${pg.escapeIdentifier(name)}::regclass, ${next}, false)`);
    await client.query('COMMIT');
    await client.query(`ANALYZE ${head.tables.map(nameOf).join(', ')}`);
    return rows;
  });
}

function parseHead(line: unknown): Head {
  try {
    const head = JSON.parse(String(line)) as Head;
    if (head.format === FORMAT) return head;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DumpError('This is not a dump made by npm run db:backup.');
}

async function requireSameSchema(client: pg.Client, head: Head): Promise<void> {
  if (JSON.stringify(await tablesOf(client)) !== JSON.stringify(head.tables))
    throw new DumpError(
      'The dump comes from another version of Roost. Restore it with that version, and then upgrade.',
    );
  for (const table of head.tables) {
    const { rowCount } = await client.query(`SELECT FROM ${nameOf(table)} LIMIT 1`);
    if (rowCount !== 0)
      throw new DumpError(`The table ${table.name} already has rows. Restore into an empty database.`);
  }
}

async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    SELECT c.relname AS name, array_agg(quote_ident(a.attname) ORDER BY a.attname) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> 'migrations' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     GROUP BY c.relname ORDER BY c.relname`);
  return rows;
}

async function sequencesOf(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT sequencename AS name FROM pg_sequences
     WHERE schemaname = 'public' AND sequencename !~ '^migrations' ORDER BY sequencename`);
  const next: Record<string, string> = {};
  for (const { name } of rows) {
    const state = await client.query<{ next: string }>(
      `SELECT (last_value + is_called::int)::text AS next FROM public.${pg.escapeIdentifier(name)}`,
    );
    next[name] = state.rows[0]?.next ?? '1';
  }
  return next;
}

async function foreignKeysOf(client: pg.Client): Promise<{ table: string; name: string; definition: string }[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(`
    SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace`);
  return rows;
}

function nameOf({ name }: Table): string {
  return `public.${pg.escapeIdentifier(name)}`;
}

function columnsOf({ columns }: Table): string {
  return columns.join(', ');
}

interface Wire {
  readonly stream: { pause(): void; resume(): void; isPaused(): boolean };
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

/** Ends with the line that ends COPY's text in files: it tells a truncated dump from a whole one. */
async function copyOut(client: pg.Client, statement: string, out: Writable): Promise<number> {
  const query = new pg.Query(statement);
  Object.assign(query, {
    handleCopyData({ chunk }: { chunk: Buffer }, { stream }: Wire) {
      // A copy: pg reuses the memory of what it has read, even before it is written.
      if (out.write(Buffer.from(chunk)) || stream.isPaused()) return;
      stream.pause();
      out.once('drain', () => {
        stream.resume();
      });
    },
  });
  const rows = await ended(client, query);
  out.write('\\.\n');
  return rows;
}

async function copyIn(client: pg.Client, statement: string, lines: AsyncIterator<string>): Promise<number> {
  const query = new pg.Query(statement);
  const source = { isCutOff: false };
  Object.assign(query, {
    async handleCopyInResponse(wire: Wire) {
      for (;;) {
        const { value, done } = (await lines.next()) as IteratorResult<string, string>;
        if (done === true) {
          source.isCutOff = true;
          wire.sendCopyFail('cut off');
          return;
        }
        if (value === '\\.') break;
        wire.sendCopyFromChunk(Buffer.from(`${value}\n`));
      }
      wire.endCopyFrom();
    },
  });
  try {
    return await ended(client, query);
  } catch (error) {
    if (source.isCutOff) throw new DumpError('The dump is incomplete: its end is missing.', { cause: error });
    throw error;
  }
}

async function ended(client: pg.Client, query: pg.Query): Promise<number> {
  const end = once(query, 'end');
  client.query(query);
  const [result] = (await end) as [{ rowCount: number | null } | undefined];
  return result?.rowCount ?? 0;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'roost-dump' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
