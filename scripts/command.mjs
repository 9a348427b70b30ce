/** What the commands of this folder share: how they show that they are getting on, and how they say what is wrong. */
import { ConfigError } from '../dist/config/environment.js';
import { DatabaseStartError } from '../dist/database/connect.js';
import { EmbeddedPostgresError } from '../dist/database/embedded/error.js';

/** Its message is a sentence for the person who runs the command. */
export class CommandError extends Error {
  exitCode = 1;
}

/** The command was called wrongly. */
export class UsageError extends CommandError {
  exitCode = 2;
}

/** By Ctrl-C. */
export class Interrupted extends CommandError {
  exitCode = 130;
}

/** A reader may leave early, as `head` does: the work goes on, and how it ended still counts. */
function notRead(error, tell) {
  if (error.code === 'EPIPE') return;
  process.exitCode ||= 1;
  tell();
}

process.stdout.on('error', (error) =>
  notRead(error, () => process.stderr.write(`What was done cannot be shown: ${error.message}\n`)),
);
process.stderr.on('error', (error) => notRead(error, () => undefined));

const TOLD = [CommandError, ConfigError, DatabaseStartError, EmbeddedPostgresError];

/**
 * Runs a command. What its user can put right is told in a sentence, everything else with its stack.
 * @param main what the command does
 * @param options `usage`, said for --help and after options that there are not; `told`: more errors whose messages are sentences
 */
export async function runCommand(main, { usage, told = [] } = {}) {
  if (usage !== undefined && process.argv.slice(2).some((argument) => ['--help', '-h'].includes(argument))) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  try {
    await main();
  } catch (error) {
    const misused = error.code?.startsWith('ERR_PARSE_ARGS') ?? false;
    const isTold = misused || error.syscall !== undefined || [...TOLD, ...told].some((kind) => error instanceof kind);
    const lines = [isTold ? error.message : error.stack, ...(misused && usage !== undefined ? [usage] : [])];
    process.stderr.write(`${lines.join('\n')}\n`);
    process.exitCode = misused ? 2 : (error.exitCode ?? 1);
  }
}

/** On a terminal; elsewhere only what is said is seen. */
export function progressBar() {
  const { stderr } = process;
  const clear = () => stderr.isTTY && stderr.write('\r\x1b[K');
  return {
    say(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    /** @param share from 0 to 1; undefined where nobody knows */
    show(share, text) {
      if (!stderr.isTTY) return;
      const done = Math.min(1, share ?? 0);
      const bar = share === undefined ? '' : `[${'█'.repeat(done * 30).padEnd(30, '░')}] ${Math.floor(done * 100)} % `;
      stderr.write(`\r\x1b[K${bar}${text}`);
    },
    end: clear,
  };
}
