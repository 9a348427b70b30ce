/** Tries what Roost needs of a database, before or after its migration. Nothing that it does stays. */
import type pg from 'pg';

import { Client } from '../connections/client.js';
import { hangUp } from '../connections/hang-up.js';
import { sql } from '../sql.js';
import { type Finding, findingsOf, judged } from './requirements.js';
import { missingGrants } from './rights.js';

const CHANNEL = 'roost_check';
const LOCK = 7_263_948_120;
const PATIENCE_MS = 3_000;

export interface Checked {
  readonly url: string;
  readonly directUrl: string | undefined;
  readonly connections: number | undefined;
}

export async function checkDatabase({ url, directUrl = url, connections }: Checked): Promise<Finding[]> {
  const clients = [directUrl, url].map(
    (connectionString) =>
      new Client({ connectionString, connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS }),
  ) as [Client, Client];
  for (const client of clients) client.on('error', () => undefined);
  const [direct, served] = clients;
  try {
    for (const client of clients) await client.connect();
    const findings = await findingsOf(direct, connections);
    if (findings.some(({ name }) => name === 'engine')) return findings;
    if (findings.some(({ name, verdict }) => name === 'writable' && verdict !== 'ok')) return withoutWrites(findings);
    return [
      ...findings,
      await tryLocks(direct, served),
      await tryTables(direct),
      await tryNotifications(direct, served),
      await rightsOf(url),
      await ownership(direct),
    ];
  } catch (error) {
    const advice = 'Start the server, or put DATABASE_URL and DATABASE_DIRECT_URL right.';
    return [judged('connection', ['yes', reasonOf(error)], { isMet: false, advice })];
  } finally {
    for (const client of clients) await hangUp(client);
  }
}

function withoutWrites(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => (finding.name === 'writable' ? { ...finding, verdict: 'missing' } : finding));
}

async function tryLocks(one: pg.Client, other: pg.Client): Promise<Finding> {
  await one.query('BEGIN');
  await one.query(sql`SELECT pg_advisory_xact_lock(${LOCK})`);
  const { rows } = await other.query<{ free: boolean }>(sql`SELECT pg_try_advisory_xact_lock(${LOCK}) AS free`);
  await one.query('ROLLBACK');
  const isHeld = rows[0]?.free === false;
  return judged('advisory locks', ['hold', isHeld ? 'hold' : 'lock nothing'], {
    isMet: isHeld,
    advice: 'DATABASE_URL and DATABASE_DIRECT_URL lead to different databases, or this is not a PostgreSQL.',
  });
}

async function tryTables(client: pg.Client): Promise<Finding> {
  const name = 'triggers, partitions';
  try {
    await client.query(`
      BEGIN;
      CREATE TEMP TABLE roost_check (id int NOT NULL, seen int) PARTITION BY RANGE (id);
      CREATE TEMP TABLE roost_check_1 PARTITION OF roost_check FOR VALUES FROM (1) TO (10);
      CREATE FUNCTION pg_temp.roost_check() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := NEW.id; RETURN NEW; END';
      CREATE TRIGGER roost_check BEFORE INSERT ON roost_check FOR EACH ROW EXECUTE FUNCTION pg_temp.roost_check();
      INSERT INTO roost_check (id) VALUES (1)`);
    const { rows } = await client.query<{ seen: number }>('SELECT seen FROM roost_check');
    const works = rows[0]?.seen === 1;
    return judged(name, ['work', works ? 'work' : 'do nothing'], { isMet: works, advice: 'This is not a PostgreSQL.' });
  } catch (error) {
    const mayNot = (error as { code?: unknown }).code === '42501';
    return judged(name, ['work', reasonOf(error)], {
      isMet: false,
      otherwise: mayNot ? 'warning' : 'missing',
      advice: mayNot ? 'They were not tried: the role may make no temporary tables.' : 'This is not a PostgreSQL.',
    });
  } finally {
    await client.query('ROLLBACK');
  }
}

async function tryNotifications(direct: pg.Client, served: pg.Client): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const heard = new Promise<boolean>((resolve) => {
    direct.once('notification', () => {
      resolve(true);
    });
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  await direct.query(`LISTEN ${CHANNEL}`);
  await served.query(`NOTIFY ${CHANNEL}`);
  const isHeard = await heard;
  clearTimeout(timer);
  return judged('LISTEN and NOTIFY', ['are heard', isHeard ? 'are heard' : 'are not heard'], {
    isMet: isHeard,
    otherwise: 'warning',
    advice:
      'A pooler is between: set DATABASE_DIRECT_URL. Without it, a logout elsewhere takes a second, and posts in streams come a second later.',
  });
}

async function rightsOf(url: string): Promise<Finding> {
  const { role, grants } = await missingGrants(url);
  return judged(`rights of ${role}`, ['to serve', grants.length === 0 ? 'to serve' : `${grants.length} lack`], {
    isMet: grants.length === 0,
    advice: `Run as the owner of the tables: ${grants.join(' ')}`,
  });
}

async function ownership(direct: pg.Client): Promise<Finding> {
  const { rows } = await direct.query<{ role: string; schema: string; may: boolean; migrated: boolean }>(
    `SELECT quote_ident(current_user) AS role, quote_ident(place.name) AS schema, coalesce(has_schema_privilege(to_regnamespace(quote_ident(place.name)), 'CREATE'), false) AS may,
            to_regclass(quote_ident(place.name) || '.migrations') IS NOT NULL AS migrated
       FROM (SELECT coalesce(current_schema()::text, 'public') AS name) place`,
  );
  const { role = '', schema = '', may = false, migrated = false } = rows[0] ?? {};
  return judged(`${role} in schema ${schema}`, ['may create tables', may ? 'may' : 'may not'], {
    isMet: may,
    otherwise: migrated ? 'warning' : 'missing',
    advice: `It cannot migrate: set DATABASE_DIRECT_URL to the owner, or GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}.`,
  });
}

function reasonOf(error: unknown): string {
  const { message = '', code = '' } = error as { message?: string; code?: string };
  return message === '' ? code : message;
}
