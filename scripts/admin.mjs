/**
 * `npm run admin`: makes admins and lists them, beside a Roost that runs or without one. Passwords are asked for, or read
 * from standard input; never taken as an argument, where other users of the machine see them.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { NestFactory } from '@nestjs/core';

import { AdminCommandModule } from '../dist/admin/admin-command.module.js';
import { Admins, AdminsError } from '../dist/admin/admins.js';
import { createLogger } from '../dist/common/logger.js';
import { loadConfig } from '../dist/config/config.js';
import { readVariables } from '../dist/config/variables.js';
import { openDatabase } from '../dist/database/open.js';
import { Interrupted, runCommand, UsageError } from './command.mjs';

const USAGE = `Usage:
  npm run admin -- create you@example.org    creates an admin account; asks for its password, or reads it from
                                             standard input
  npm run admin -- promote you@example.org   makes an existing account an admin
  npm run admin -- list                      lists the admins`;

const COMMANDS = {
  async create(admins, address) {
    const email = await admins.newAddress(address);
    await admins.create(email, process.stdin.isTTY ? await askPassword() : await readPassword());
    return `${email} is an admin.`;
  },
  async promote(admins, address) {
    const { email, promoted, confirmed } = await admins.promote(address);
    const said = promoted ? `${email} is now an admin.` : `${email} is already an admin.`;
    return confirmed ? said : `${said}\nThis account never confirmed its address. Make sure that you know its owner.`;
  },
  async list(admins) {
    const lines = await admins.list();
    if (lines.length === 0) return 'There are no admins. Create one: npm run admin -- create you@example.org';
    return lines
      .map(
        ({ email, username, disabled, deleting }) =>
          `${email} (${username})${disabled ? ', disabled' : ''}${deleting ? ', to be deleted' : ''}`,
      )
      .join('\n');
  },
};

async function main() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [name, ...given] = positionals;
  const takes = name === 'list' ? 0 : 1;
  if (!Object.hasOwn(COMMANDS, name ?? '') || given.length !== takes) throw new UsageError(USAGE);
  const config = loadConfig(readVariables());
  const database = await openDatabase(config);
  try {
    // What the command says is on standard output; nothing but trouble is logged, beside it.
    const logger = createLogger('error', process.stderr);
    const module = AdminCommandModule.with(config, database.url, logger);
    const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    try {
      process.stdout.write(`${await COMMANDS[name](context.get(Admins), ...given)}\n`);
    } finally {
      await context.close();
    }
  } finally {
    await database.close();
  }
}

/** Twice, without an echo. */
async function askPassword() {
  const silence = new Writable({ write: (chunk, encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silence, terminal: true, historySize: 0 });
  // Ctrl-C is a key here.
  lines.once('SIGINT', () => lines.close());
  const answers = lines[Symbol.asyncIterator]();
  const ask = async (question) => {
    process.stderr.write(question);
    const { done, value } = await answers.next();
    process.stderr.write('\n');
    if (done) throw new Interrupted('Interrupted. No account was created.');
    return value;
  };
  try {
    const password = await ask('Password: ');
    if ((await ask('Repeat the password: ')) !== password)
      throw new AdminsError('The two passwords differ. No account was created.');
    return password;
  } finally {
    lines.close();
  }
}

/** One line; its end is no part of the password. */
async function readPassword() {
  const [password, ...more] = decoded(await buffer(process.stdin))
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  if (password === '') throw new AdminsError('Standard input has no password.');
  if (more.length > 0) throw new AdminsError('Standard input has more than one line. The password must be one line.');
  return password;
}

function decoded(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AdminsError('The password on standard input is not UTF-8.', { cause: error });
  }
}

await runCommand(main, { usage: USAGE, told: [AdminsError] });
