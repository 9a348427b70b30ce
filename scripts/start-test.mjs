/**
 * `npm run start:test`: a Roost for test suites in any language, with a database of its own and a second listener that
 * resets it, makes users and moves its clock. Prints one line of JSON when it is ready.
 */
import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { listen } from '../dist/testing/control.js';
import { startRoost } from '../dist/testing/testing.js';
import { runCommand, UsageError } from './command.mjs';
import { endWithNpm } from './npm-parent.mjs';

const USAGE = `Usage:
  npm run --silent start:test                                starts Roost on free ports
  npm run --silent start:test -- PORT=3100 --control 3101    on these ports
  npm run --silent start:test -- REFRESH_GRACE=0s            with other variables of the configuration

  SIGTERM ends it. So does the end of its standard input, where that is a pipe.`;

async function main() {
  const { env, controlPort } = readArguments();
  const ending = endingOf(process);
  const roost = await startRoost({ env });
  try {
    const control = await listen(roost, controlPort);
    const line = { url: roost.url, control: control.url, pid: process.pid };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    await ending;
    await control.close();
  } finally {
    await roost.stop();
  }
}

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { control: { type: 'string', default: '0' } },
    allowPositionals: true,
  });
  const port = /^\d{1,5}$/.test(values.control) ? Number(values.control) : NaN;
  if (!(port <= 65_535)) throw new UsageError('--control must be a port');
  const pairs = positionals.map((text) => /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text)?.slice(1));
  if (pairs.includes(undefined)) throw new UsageError('variables are written NAME=value');
  return { env: Object.fromEntries(pairs), controlPort: port };
}

/** A suite that is killed closes the pipe. Elsewhere, as in a background job of a shell, the input may be empty. */
function endingOf({ stdin }) {
  endWithNpm();
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve);
    const input = fstatSync(0);
    if (input.isFIFO() || input.isSocket()) stdin.on('close', resolve).resume().unref();
  });
}

await runCommand(main, { usage: USAGE });
