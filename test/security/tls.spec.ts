/** TLS to PostgreSQL, of a server that takes nothing else. Mail servers are in test/e2e/mail.spec.ts. */
import { chownSync, chmodSync, copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import pg from 'pg';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded.js';
import { Client } from '../../src/database/connections/client.js';
import { eventually, RoostFolder } from '../support/process.js';

const CERTIFICATES = join(__dirname, '../data/tls');

let folder: RoostFolder;
let server: EmbeddedPostgres;

beforeAll(async () => {
  folder = new RoostFolder();
  const dataDir = join(folder.path, 'tls');
  server = await startEmbeddedPostgres({ dataDir, database: 'roost', settings: { fsync: 'off' } });
  const { uid, gid } = statSync(join(dataDir, 'PG_VERSION'));
  for (const name of ['server.pem', 'server.key']) {
    copyFileSync(join(CERTIFICATES, name), join(dataDir, name));
    chmodSync(join(dataDir, name), 0o600);
    chownSync(join(dataDir, name), uid, gid);
  }
  writeFileSync(join(dataDir, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  const admin = new pg.Client({ connectionString: server.superuserUrl });
  await admin.connect();
  await admin.query("ALTER SYSTEM SET ssl_cert_file = 'server.pem'");
  await admin.query("ALTER SYSTEM SET ssl_key_file = 'server.key'");
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  await admin.end();
});

afterAll(async () => {
  await server.stop();
  await folder.remove();
});

/** @param ca the file of whose signature is trusted */
function urlWith(ca: string): string {
  const url = new URL(server.url);
  url.hostname = 'localhost';
  url.search = `?sslmode=verify-full&sslrootcert=${encodeURIComponent(join(CERTIFICATES, ca))}`;
  return url.href;
}

it('serves over connections that are encrypted, each of them [V12.3.1]', async () => {
  const roost = folder.start({ DATABASE_URL: urlWith('ca.pem') });
  const address = await roost.ready();
  expect((await fetch(`${address}/health/ready`)).status).toBe(200);
  const admin = new pg.Client({ connectionString: urlWith('ca.pem') });
  await admin.connect();
  const connections = async (): Promise<{ ssl: boolean; version: string }[]> =>
    (
      await admin.query<{ ssl: boolean; version: string }>(
        `SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name LIKE 'roost%'`,
      )
    ).rows;
  await eventually(async () => (await connections()).length > 1);
  for (const connection of await connections())
    expect(connection).toEqual({ ssl: true, version: expect.stringMatching(/^TLSv1\.[23]$/) });
  await admin.end();
  expect(await roost.stop()).toBe(0);
});

it.each([
  ['a certificate of another authority', () => urlWith('other-ca.pem'), /certificate/],
  ['no TLS', () => server.url, /no encryption|TLS|SSL/i],
])('does not start with %s [V12.3.2]', async (_, url, reason) => {
  const roost = folder.start({ DATABASE_URL: url(), DATABASE_WAIT: '0s' });
  expect(await roost.exit()).toBe(1);
  expect(roost.output).toMatch(reason);
});

describe('several hosts', () => {
  const urlOf = (hosts: string, addresses: string): string => {
    const { username, password, port, pathname } = new URL(server.url);
    const ca = encodeURIComponent(join(CERTIFICATES, 'ca.pem'));
    return `postgres://${username}:${password}@${hosts}${pathname}?port=${port}&hostaddr=${addresses}&sslmode=verify-full&sslrootcert=${ca}`;
  };

  it('have to be who their certificates say, each of them [V12.3.2]', async () => {
    const client = new Client({ connectionString: urlOf('db.example.org,localhost', '127.0.0.1,127.0.0.1') });
    await client.connect();
    expect(client.url).toContain('@localhost:');
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
    await client.end();
  });

  it.each(['db.example.org', 'one.example.org,two.example.org'])('are refused as %s, by name', async (hosts) => {
    const addresses = hosts.replace(/[^,]+/g, '127.0.0.1');
    const client = new Client({ connectionString: urlOf(hosts, addresses) });
    await expect(client.connect()).rejects.toThrow(/altnames/);
  });
});
