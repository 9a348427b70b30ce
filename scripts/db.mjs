/** `npm run db:dump`, `db:restore` and `db:psql`: the database of Roost, whichever it is, saved, brought back and reached. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { loadConfig } from '../dist/config/config.js';
import { readVariables } from '../dist/config/variables.js';
import { DumpError, readDump, writeDump } from '../dist/database/dump.js';
import { openDatabase } from '../dist/database/open.js';
import { runCommand, UsageError } from './command.mjs';

const USAGE = `Usage:
  npm run db:dump -- roost.dump      writes the whole database to a file; Roost may run meanwhile
  npm run db:restore -- roost.dump   reads it into a database that has no accounts yet; Roost must not run
  npm run db:psql                    says how to reach the database by psql while Roost runs`;

const COMMANDS = {
  /** Under its name only once it is whole. */
  async dump(url, file) {
    const draft = `${file}.part`;
    const out = createWriteStream(draft, { mode: 0o600 });
    try {
      await once(out, 'open');
      const rows = await writeDump(url, out);
      out.end();
      await once(out, 'close');
      await rename(draft, file);
      return `${rows} rows are in ${file}. Keep it as a secret, and JWT_SECRET with it: mails and sessions need the same one.`;
    } finally {
      await rm(draft, { force: true });
    }
  },
  async restore(url, file) {
    const input = createReadStream(file);
    await once(input, 'open');
    return `${await readDump(url, input)} rows are restored.`;
  },
  psql(url) {
    const { username, password, hostname, port, pathname } = new URL(url);
    return `PGPASSWORD='${decodeURIComponent(password)}' psql -h ${hostname} -p ${port || 5432} -U ${decodeURIComponent(username)} ${pathname.slice(1)}`;
  },
};

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [name, ...given] = positionals;
  if (!Object.hasOwn(COMMANDS, name ?? '') || given.length !== (name === 'psql' ? 0 : 1)) throw new UsageError(USAGE);
  const config = loadConfig(readVariables());
  const database = await openDatabase(config);
  try {
    const url = config.database.directUrl ?? database.url;
    process.stdout.write(`${await COMMANDS[name](url, ...given)}\n`);
  } finally {
    await database.close();
  }
}

await runCommand(main, { usage: USAGE, told: [DumpError] });
