// @ts-check
/** Roost as a benchmark starts it: in production, on an embedded PostgreSQL of the benchmark's own. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer } from './processes.mjs';

export const ROOT = join(import.meta.dirname, '..', '..');

/**
 * A temporary folder, gone at the end.
 * @param {(() => unknown)[]} endings
 */
export function makeFolder(endings) {
  const folder = mkdtempSync(join(tmpdir(), 'roost-bench-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  // As root, PostgreSQL runs under an account of its own, which has to enter the folder.
  chmodSync(folder, 0o755);
  return folder;
}

/**
 * @param {string} folder
 * @param {(() => unknown)[]} endings
 * @param {Record<string, string>} settings of postgresql.conf
 * @returns {Promise<string>} its URL, of the superuser: rows are made in bulk
 */
export async function startDatabase(folder, endings, settings = {}) {
  const { startEmbeddedPostgres } = await fromBuild('database/embedded/embedded.js');
  const { migrate } = await fromBuild('database/schema/migrate.js');
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), database: 'roost', settings });
  endings.push(() => server.stop());
  await migrate(server.superuserUrl);
  return server.superuserUrl;
}

/** @param {string} file */
export function fromBuild(file) {
  return import(new URL(`../../dist/${file}`, import.meta.url).href);
}

/**
 * @param {{ database: string, secret: string, folder: string, endings: (() => unknown)[], flags?: string[], name?: string, cost?: number, env?: Record<string, string> }} options
 */
export async function startRoost(options) {
  const { database, secret, folder, endings, flags = [], name = 'roost', cost = 10, env = {} } = options;
  return startServer({
    args: ['--no-memory-reducer', ...flags, join(ROOT, 'dist', 'main.js')],
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PUBLIC_URL: 'http://127.0.0.1',
      // The requests come from many addresses, as behind a proxy.
      TRUST_PROXY: '127.0.0.1/32',
      DATABASE_URL: database,
      DATA_DIR: join(folder, name),
      JWT_SECRET: secret,
      BCRYPT_COST: String(cost),
      ...env,
    },
    log: join(folder, `${name}.log`),
    probe: '/health/ready',
    endings,
  });
}

/**
 * @param {string} url
 * @param {number} from which client asks: each has an address of its own
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function post(url, from, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `192.0.2.${from}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
