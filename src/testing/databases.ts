import { randomBytes } from 'node:crypto';

import pg from 'pg';

import { cloneDatabase, dropDatabase, EMPTY_TABLES, searchTestClock } from './databases.query.js';

let made = 0;
/** Containers that share a server often have the same process ids. */
const OWN = randomBytes(6).toString('hex');

export type Statement = string | { readonly text: string };

export function nextDatabaseName(): string {
  return `roost_test_${OWN}_${(made += 1)}`;
}

/** Nobody may be connected to the template. @returns the URL of the clone */
export async function clone(adminUrl: string, template: string, name = nextDatabaseName()): Promise<string> {
  // Settings of a database are not cloned.
  await execute(adminUrl, cloneDatabase(name, template), searchTestClock(name));
  return urlOf(adminUrl, name);
}

export function drop(adminUrl: string, name: string): Promise<void> {
  return execute(adminUrl, dropDatabase(name));
}

/** The schema stays as it is, and sequences go on: instances remember the numbers that they have read. */
export async function emptyTables(database: { query(text: string): Promise<unknown> }): Promise<void> {
  await database.query(EMPTY_TABLES.text);
}

export async function execute(url: string, ...statements: readonly Statement[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(typeof statement === 'string' ? statement : statement.text);
  } finally {
    await client.end();
  }
}

export function urlOf(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
