/** `npm run db:check`, `db:migrate`, `db:backup`, `db:restore` and `db:psql`: the database of Roost, whichever it is, examined, brought up to date, saved, brought back and reached. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';

import { loadConfig } from '../dist/config/config.js';
import { readVariables } from '../dist/config/variables.js';
import { DumpError, readDump, writeDump } from '../dist/database/dump.js';
import { findEmbeddedPostgres } from '../dist/database/embedded/embedded.js';
import { embeddedIn, openDatabase, reachDatabase } from '../dist/database/open.js';
import { checkDatabase } from '../dist/database/schema/check.js';
import { connectionsOf, StartDatabase } from '../dist/start-database.js';
import { loggerOf } from '../dist/running.js';
import { CommandError, runCommand, UsageError } from './command.mjs';
import { psqlCommand } from './psql.mjs';

const USAGE = `Usage:
  npm run db:check                   says what the database lacks; changes nothing
  npm run db:migrate                 waits for the database and migrates it, as a start does
  npm run db:backup -- roost.dump    writes the whole database to a file; Roost may keep running
  npm run db:restore -- roost.dump   restores the file into an empty database; stop Roost first
  npm run db:psql                    prints the psql command for the database; works while Roost runs`;

const COMMANDS = {
  /** Under its name only once it is whole, and on the disk. */
  async backup(url, file) {
    const target = await regularFile(file);
    // Another backup of this name may be under way.
    const draft = `${target}.${randomBytes(6).toString('hex')}.part`;
    const out = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
    try {
      await once(out, 'open');
      const rows = await writeDump(url, out);
      await finished(out.end());
      await rename(draft, target);
      await syncFolder(dirname(target));
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
  psql: psqlCommand,
};

/** The embedded one would end with this command, before anybody has used what it printed. */
async function requireServer({ url, dataDir }) {
  if (url !== undefined || (await findEmbeddedPostgres(embeddedIn(dataDir))) !== undefined) return;
  throw new CommandError('Roost does not run, and its embedded database runs with it only: start Roost first.');
}

/** A device would be replaced by the file, and a link by what it leads to. */
async function regularFile(file) {
  if (file === '-') throw new CommandError('A backup needs a file: name one.');
  const found = await stat(file).catch(() => undefined);
  if (!found) return file;
  if (!found.isFile()) throw new CommandError(`${file} is not a regular file. Name one, or one that is not there yet.`);
  return realpath(file);
}

async function syncFolder(folder) {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

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
  if (name === 'psql') await requireServer(config.database);
  // Who saves or looks wants the database as it is, also before an upgrade.
  const database = await openDatabase(config, { migrates: name === 'restore' });
  try {
    const url = config.database.directUrl ?? database.url;
    process.stdout.write(`${await COMMANDS[name](url, ...given)}\n`);
  } finally {
    await database.close();
  }
}

await runCommand(main, { usage: USAGE, told: [DumpError] });
