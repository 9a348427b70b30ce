/**
 * `npm run seed`: fills a development database with people and what they did, so that the first look at the API shows
 * something. `npm run seed -- --people 1000` makes more of them.
 */
import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';

import bcrypt from 'bcrypt';

import { loadConfig } from '../dist/config/config.js';
import { readVariables } from '../dist/config/variables.js';
import { Client } from '../dist/database/connections/client.js';
import { openDatabase } from '../dist/database/open.js';
import { CommandError, Interrupted, progressBar, runCommand, UsageError } from './command.mjs';
import { CAST, emailOf } from './seed/people.mjs';
import { seed } from './seed/seed.mjs';
import { selectHash } from './seed/seed.query.mjs';

const USAGE = `Usage:
  npm run seed                    adds 50 made-up people, and what they did
  npm run seed -- --people 1000   adds another number of people`;

const PEOPLE = { default: '50', min: 10, max: 100_000 };
/** Of one person, about: for the progress. */
const ROWS_EACH = 28;

async function main() {
  const count = readCount();
  const variables = readVariables();
  if (variables.NODE_ENV?.trim() === 'production')
    throw new CommandError(
      'npm run seed adds made-up people, including an admin. It does not run with NODE_ENV=production.',
    );
  const config = loadConfig(variables);
  const password = passwordOf(config.tokens.secret);
  const database = await openDatabase(config);
  const client = new Client({ connectionString: database.url, application_name: 'roost-seed' });
  // What is lost is told by the query that fails.
  client.on('error', () => undefined);
  const bar = progressBar();
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  try {
    await client.connect();
    const hashedPassword = await bcrypt.hash(password, config.passwords.bcryptCost);
    const counts = await seed(client, {
      people: count,
      hashedPassword,
      onProgress: watched(bar, count),
      signal: interruption.signal,
    });
    bar.end();
    const hash = await selectHash(client, emailOf(CAST.reader));
    const works = hash !== undefined && (await bcrypt.compare(password, hash));
    process.stdout.write(`${[done(counts), '', ...(works ? howTo(config.http, password) : [CHANGED])].join('\n')}\n`);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    bar.end();
    process.stdout.write('Interrupted. Nothing was changed.\n');
    process.exitCode = 130;
  } finally {
    // Ending the connection undoes what is not committed.
    await client.end();
    await database.close();
  }
}

function readCount() {
  const { people } = parseArgs({ options: { people: { type: 'string', default: PEOPLE.default } } }).values;
  const count = /^\d{1,6}$/.test(people) ? Number(people) : NaN;
  if (count >= PEOPLE.min && count <= PEOPLE.max) return count;
  throw new UsageError(`--people must be a whole number from ${PEOPLE.min} to ${PEOPLE.max}`);
}

/** The same again for this installation, and known to nobody else: the database may turn out to be one that others reach. */
function passwordOf(secret) {
  const digest = createHmac('sha256', secret).update('the password of seeded people').digest();
  return digest.subarray(0, 10).toString('hex').match(/.{5}/g).join('-');
}

function watched(bar, count) {
  const written = {};
  return (what, rows) => {
    written[what] = rows;
    const all = Object.values(written).reduce((sum, each) => sum + each);
    bar.show(all / (count * ROWS_EACH), `${rows} ${what}`);
  };
}

const TOLD = ['follows', 'posts', 'tasks'];

function done(counts) {
  if (counts === undefined) return 'This database is already seeded. Nothing was changed.';
  const made = TOLD.filter((what) => what in counts).map((what) => `${counts[what]} ${what}`);
  const things = made.length === 0 ? '' : ` with ${new Intl.ListFormat('en-GB').format(made)}`;
  return `Added ${counts.people} people${things}.`;
}

const CHANGED = 'Their password cannot be shown: JWT_SECRET, DATA_DIR or the password itself has changed since.';

/** @returns lines that work as they stand */
function howTo({ publicUrl, host, port }, password) {
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const login = JSON.stringify({ email: emailOf(CAST.reader), password });
  const bearer = '-H "authorization: Bearer $TOKEN"';
  return [
    `  ${emailOf(CAST.reader).padEnd(24)} has a timeline and followers`,
    `  ${emailOf(CAST.moderator).padEnd(24)} is a moderator`,
    `  ${emailOf(CAST.admin).padEnd(24)} is an admin`,
    `  ${password.padEnd(24)} is the password of all of them, in this database only`,
    '',
    'These commands log in, read the timeline and search for people, while Roost runs:',
    '',
    `API=${publicUrl ?? `http://${address.includes(':') ? `[${address}]` : address}:${port}`}/api/v1`,
    `TOKEN=$(curl -s $API/auth/login -H 'content-type: application/json' -d '${login}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `curl -s "$API/timeline?limit=5" ${bearer}`,
    `curl -s "$API/users?q=tom" ${bearer}`,
  ];
}

await runCommand(main, { usage: USAGE });
