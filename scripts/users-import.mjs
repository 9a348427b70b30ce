/**
 * `npm run users:import -- users.jsonl`: takes in the users of another system, one JSON object a line (`-` reads standard
 * input). See docs/importing-users.md.
 */
import { createReadStream, statSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { parseArgs } from 'node:util';

import pg from 'pg';

import { linesOf } from '../dist/common/files/lines.js';
import { importUsers } from '../dist/users/import.js';
import { loadConfig } from '../dist/config/config.js';
import { readVariables } from '../dist/config/variables.js';
import { Client } from '../dist/database/connections/client.js';
import { openDatabase } from '../dist/database/open.js';
import { progressBar, runCommand, UsageError } from './command.mjs';

const USAGE = 'Usage: npm run users:import -- users.jsonl (or - for standard input)';
/** Reasons shown one by one; the summary counts the rest. */
const SHOWN = 20;

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError(USAGE);
  const total = file === '-' ? undefined : statSync(file).size;
  const config = loadConfig(readVariables());
  let bytes = 0;
  const database = await openDatabase(config);
  const pool = new pg.Pool({ Client, connectionString: database.url, max: 1 });
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  const input = addAbortSignal(interruption.signal, file === '-' ? process.stdin : createReadStream(file));
  try {
    const bar = progressBar();
    let shown = 0;
    const counted = linesUntil(interruption.signal, input, (line) => (bytes += Buffer.byteLength(line) + 1));
    const counts = await importUsers(counted, {
      query: (statement) => pool.query(statement),
      now: new Date(),
      onRefused: ({ line, reason }) => {
        if ((shown += 1) <= SHOWN) bar.say(`Line ${line}: ${reason}`);
        else if (shown === SHOWN + 1) bar.say('… more lines were refused. They are counted below.');
      },
      onProgress: ({ lines }) => bar.show(total && bytes / total, `${lines} lines`),
    });
    bar.end();
    const { aborted } = interruption.signal;
    process.stdout.write(`${summary(counts, aborted)}\n`);
    process.exitCode = aborted ? 130 : counts.refused > 0 ? 1 : 0;
  } finally {
    await pool.end();
    await database.close();
  }
}

async function* linesUntil(signal, input, onLine) {
  try {
    for await (const line of linesOf(input)) {
      if (signal.aborted) return;
      onLine(line);
      yield line;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function summary({ imported, present, refused }, interrupted) {
  const said = `${imported} imported, ${present} already existed, ${refused} refused.`;
  return interrupted ? `${said}\nInterrupted. Run the same command again to continue.` : said;
}

await runCommand(main, { usage: USAGE });
