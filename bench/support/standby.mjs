// @ts-check
/** Standbys of an embedded PostgreSQL, by streaming replication, each on a copy of its folder. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withClient } from './people.mjs';
import { fromBuild } from './roost.mjs';

const SYSTEM_DIR = '/var/lib/roost';

/**
 * @param {{ url: string, from: string, dataDir: string, settings: Record<string, string>, endings: (() => unknown)[] }} options
 *   `url` of the primary's superuser, `from` its folder
 */
export async function makeStandby({ url, from, dataDir, settings, endings }) {
  await withClient(url, async (client) => {
    await client.query(`SELECT pg_backup_start('standby', true)`);
    execFileSync('cp', ['-a', from, dataDir]);
    for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(dataDir, file), { force: true });
    const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    for (const [file, text] of [
      ['backup_label', rows[0].labelfile],
      ['standby.signal', ''],
    ]) {
      writeFileSync(join(dataDir, file), text);
      execFileSync('chown', [`--reference=${join(dataDir, 'PG_VERSION')}`, join(dataDir, file)]);
    }
  });
  return startStandby({ url, dataDir, settings, endings });
}

/** @param {{ url: string, dataDir: string, settings: Record<string, string>, endings: (() => unknown)[] }} options */
export async function startStandby({ url, dataDir, settings, endings }) {
  const { choosePlace } = await fromBuild('database/embedded/place.js');
  const { locateBinaries } = await fromBuild('database/embedded/binaries.js');
  const { startServer } = await fromBuild('database/embedded/server.js');
  const { hostname, port, username, password } = new URL(url);
  const place = await choosePlace(dataDir, SYSTEM_DIR);
  const { postgres } = await locateBinaries(place, SYSTEM_DIR);
  const server = await startServer({
    command: postgres,
    dataDir: place.dataDir,
    account: place.account,
    settings: {
      ...settings,
      primary_conninfo: `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
    },
    signal: undefined,
    onLost: () => undefined,
  });
  endings.push(() => server.stop());
  return {
    url: Object.assign(new URL(url), { port: String(server.port) }).href,
    stop: () => server.stop(),
  };
}

/** @param {string} dataDir */
export function postmasterOf(dataDir) {
  return Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
}
