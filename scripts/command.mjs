/** What the commands of this folder share: how they show that they are getting on, and how they say what is wrong. */
import { ConfigError } from '../dist/config/environment.js';
import { DatabaseStartError } from '../dist/database/connect.js';
import { EmbeddedPostgresError } from '../dist/database/embedded-error.js';

/** The command was called wrongly, or may not run here. */
export class UsageError extends Error {}

const TOLD = [UsageError, ConfigError, DatabaseStartError, EmbeddedPostgresError];

/** Runs a command. What its user can put right is told in a sentence, everything else with its stack. */
export async function runCommand(main) {
  try {
    await main();
  } catch (error) {
    const told =
      TOLD.some((kind) => error instanceof kind) ||
      error.syscall !== undefined ||
      error.code?.startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${told ? error.message : error.stack}\n`);
    process.exitCode = 1;
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
