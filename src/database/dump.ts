/** Dumps a database to a file and restores it, over COPY, without a pg_dump of the server's version. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

import pg from 'pg';

import { linesOf } from '../common/files/lines.js';
import { Client } from './connections/client.js';
import { cut, hangUp } from './connections/hang-up.js';
import { formats, unlimited } from './connections/session.js';
import { Lookout } from './lookout.js';
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

/** What the text of values depends on, and how long it may take. */
const SETTINGS = `${formats('SET LOCAL')}; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
                  ${unlimited('SET LOCAL')}`;

/** Its tables may be in another schema than `public`. */
const NAMESPACE = `(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('users'))`;

/** And not of an extension, which makes its own. */
const IS_OURS = `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

const CONNECT_MS = 5_000;
const SILENT = {
  saving: 'The database fell silent, and the connection was lost: nothing was saved. Try again.',
  restoring:
    'The database fell silent, and the connection was lost. The dump was restored whole or not at all: look before you try again.',
};

export class DumpError extends Error {}

/** @throws DumpError when it cannot be written, as on a full disk */
export async function writeDump(url: string, out: Writable): Promise<number> {
  return withClient(url, SILENT.saving, async (client) => {
    out.once('error', () => {
      cut(client);
    });
    try {
      return await copyAll(client, out);
    } catch (error) {
      if (out.errored) throw new DumpError(`The dump cannot be written: ${out.errored.message}.`, { cause: error });
      if (error instanceof pg.DatabaseError)
        throw new DumpError(`The database does not give the dump: ${error.message}.`, { cause: error });
      throw error;
    }
  });
}

async function copyAll(client: pg.Client, out: Writable): Promise<number> {
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${SETTINGS}`);
  const head: Head = { format: FORMAT, tables: await tablesOf(client), sequences: await sequencesOf(client) };
  if (head.tables.length === 0) throw new DumpError('The database has no tables of Roost: nothing was saved.');
  out.write(`${JSON.stringify(head)}\n`);
  let rows = 0;
  for (const table of head.tables)
    rows += await copyOut(client, `COPY (SELECT ${columnsOf(table)} FROM ${nameOf(table)}) TO STDOUT`, out);
  await client.query('COMMIT');
  return rows;
}

/** All or nothing, into the same schema without rows. @throws DumpError for a foreign, truncated or mismatched file */
export async function readDump(url: string, input: Readable): Promise<number> {
  const lines = linesOf(input);
  const head = parseHead((await lines.next()).value);
  return withClient(url, SILENT.restoring, (client) => restoreAll(client, head, lines)).catch((error: unknown) => {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new DumpError(`The database does not take the dump: ${error.message}.`, { cause: error });
  });
}

async function restoreAll(client: pg.Client, head: Head, lines: AsyncIterator<string>): Promise<number> {
  await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${SETTINGS}`);
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
  const own = columnsByName(await tablesOf(client));
  const dumped = columnsByName(head.tables);
  const differing = [...new Set([...dumped.keys(), ...own.keys()])].find((name) => own.get(name) !== dumped.get(name));
  if (differing !== undefined)
    throw new DumpError(
      `The table ${differing} is not the same in the dump and in the database. Restore it with the version of Roost that made it, and then upgrade. A table of your own must be there before.`,
    );
  for (const table of head.tables) {
    const { rowCount } = await client.query(`SELECT FROM ${nameOf(table)} LIMIT 1`);
    if (rowCount !== 0)
      throw new DumpError(`The table ${table.name} already has rows. Restore into an empty database.`);
  }
}

function columnsByName(tables: readonly Table[]): Map<string, string> {
  return new Map(tables.map((table) => [table.name, columnsOf(table)]));
}

async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    SELECT c.relname AS name, array_agg(quote_ident(a.attname) ORDER BY a.attname) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = ${NAMESPACE} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> 'migrations' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       AND ${IS_OURS}
     GROUP BY c.relname ORDER BY c.relname`);
  return rows;
}

async function sequencesOf(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT relname AS name FROM pg_class c
     WHERE relnamespace = ${NAMESPACE} AND relkind = 'S' AND relname !~ '^migrations' AND ${IS_OURS} ORDER BY relname`);
  const next: Record<string, string> = {};
  for (const { name } of rows) {
    const state = await client.query<{ next: string }>(
      `SELECT (last_value + is_called::int)::text AS next FROM ${pg.escapeIdentifier(name)}`,
    );
    next[name] = state.rows[0]?.next ?? '1';
  }
  return next;
}

async function foreignKeysOf(client: pg.Client): Promise<{ table: string; name: string; definition: string }[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(`
    SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = ${NAMESPACE}`);
  return rows;
}

function nameOf({ name }: Table): string {
  return pg.escapeIdentifier(name);
}

function columnsOf({ columns }: Table): string {
  return columns.join(', ');
}

interface Wire {
  readonly stream: Socket;
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
  const source: { isCutOff: boolean; fault?: unknown } = { isCutOff: false };
  Object.assign(query, {
    async handleCopyInResponse(wire: Wire) {
      try {
        for (;;) {
          const { value, done } = (await lines.next()) as IteratorResult<string, string>;
          if (done === true) {
            source.isCutOff = true;
            wire.sendCopyFail('cut off');
            return;
          }
          if (value === '\\.') break;
          wire.sendCopyFromChunk(Buffer.from(`${value}\n`));
          if (wire.stream.writableNeedDrain) await once(wire.stream, 'drain');
        }
        wire.endCopyFrom();
      } catch (error) {
        source.fault = error;
        wire.sendCopyFail('unreadable');
      }
    },
  });
  try {
    return await ended(client, query);
  } catch (error) {
    if (source.fault instanceof Error) throw source.fault;
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

async function withClient<T>(url: string, silent: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'roost-dump',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  let lookout: Lookout | undefined;
  try {
    await client.connect();
    lookout = new Lookout(client);
    await lookout.watchAnswering();
    return await work(client);
  } catch (error) {
    if (lookout?.isLost) throw new DumpError(silent, { cause: error });
    throw error;
  } finally {
    lookout?.stop();
    await hangUp(client);
  }
}
