/** `npm run db:check`, `db:migrate`, `db:backup`, `db:restore` and `db:psql`: the database of Roost, whichever it is, examined, brought up to date, saved, brought back and reached. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { loadConfig } from '../dist/config/config.js';
import { parseConnectionUrl } from '../dist/config/connection-url.js';
import { readHosts } from '../dist/config/host-list.js';
import { readVariables } from '../dist/config/variables.js';
import { DumpError, readDump, writeDump } from '../dist/database/dump.js';
import { openDatabase, reachDatabase } from '../dist/database/open.js';
import { checkDatabase } from '../dist/database/schema/check.js';
import { connectionsOf, StartDatabase } from '../dist/start-database.js';
import { loggerOf } from '../dist/start.js';
import { runCommand, UsageError } from './command.mjs';

const USAGE = `Usage:
  npm run db:check                   says what the database lacks; changes nothing
  npm run db:migrate                 waits for the database and migrates it, as a start does
  npm run db:backup -- roost.dump    writes the whole database to a file; Roost may keep running
  npm run db:restore -- roost.dump   restores the file into an empty database; stop Roost first
  npm run db:psql                    prints the psql command for the database; works while Roost runs`;

const COMMANDS = {
  /** Under its name only once it is whole. */
  async backup(url, file) {
    const draft = `${file}.part`;
    const out = createWriteStream(draft, { mode: 0o600 });
    try {
      await once(out, 'open');
      const rows = await writeDump(url, out);
      out.end();
      await once(out, 'close');
      await rename(draft, file);
      return `Wrote ${rows} rows to ${file}. Keep this file secret. Keep JWT_SECRET with it: restored sessions and unsent mails need it.`;
    } finally {
      await rm(draft, { force: true });
    }
  },
  async restore(url, file) {
    const input = createReadStream(file);
    await once(input, 'open');
    return `Restored ${await readDump(url, input)} rows.`;
  },
  psql(url) {
    const { username, password, hostname, port, pathname } = parseConnectionUrl(url);
    const { hosts, needs } = readHosts(url) ?? { hosts: [{ address: hostname, port: port || 5432 }], needs: 'any' };
    const session = needs === 'any' ? '' : `PGTARGETSESSIONATTRS=${needs} `;
    const [addresses, ports] = ['address', 'port'].map((part) => hosts.map((host) => host[part]).join(','));
    return `PGPASSWORD='${decodeURIComponent(password)}' ${session}psql -h ${addresses} -p ${ports} -U ${decodeURIComponent(username)} ${pathname.slice(1)}`;
  },
};

/** Like a start: waits also for DATABASE_DIRECT_URL, and says which rights are missing. */
async function migrate(config) {
  if (config.database.url === undefined) await (await openDatabase(config)).close();
  else {
    const database = new StartDatabase(config, loggerOf(config));
    await database.open({ signal: new AbortController().signal, port: () => undefined, onLost: () => undefined });
  }
  process.stdout.write('The database is up to date.\n');
}

async function check(config) {
  const { url, close } = await reachDatabase(config);
  try {
    const { directUrl } = config.database;
    const connections = directUrl === undefined ? connectionsOf(config) : undefined;
    const findings = await checkDatabase({ url, directUrl, connections });
    process.stdout.write(`${tableOf(findings)}\n`);
    if (findings.some(({ verdict }) => verdict === 'missing')) process.exitCode = 1;
  } finally {
    await close();
  }
}

function tableOf(findings) {
  const rows = [
    ['requirement', 'needed', 'found', 'verdict'],
    ...findings.map(({ name, needed, found, verdict }) => [name, needed, found, verdict]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  const advice = findings.flatMap(({ name, advice }) => (advice === '' ? [] : [`${name}: ${advice}`]));
  return [...lines, ...(advice.length > 0 ? ['', ...advice] : [])].join('\n');
}

/** The former name of `backup`. */
const FORMER = { dump: 'backup' };
const ALONE = { check, migrate };

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [asked, ...given] = positionals;
  const name = FORMER[asked] ?? asked ?? '';
  const isAlone = Object.hasOwn(ALONE, name);
  if (!isAlone && !Object.hasOwn(COMMANDS, name)) throw new UsageError(USAGE);
  if (given.length !== (isAlone || name === 'psql' ? 0 : 1)) throw new UsageError(USAGE);
  const config = loadConfig(readVariables());
  if (isAlone) return ALONE[name](config);
  const database = await openDatabase(config);
  try {
    const url = config.database.directUrl ?? database.url;
    process.stdout.write(`${await COMMANDS[name](url, ...given)}\n`);
  } finally {
    await database.close();
  }
}

await runCommand(main, { usage: USAGE, told: [DumpError] });
