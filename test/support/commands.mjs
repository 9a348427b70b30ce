/**
 * A process that runs a command of scripts/ again and again, each run as if it were alone: most of what a run takes is
 * loading. Forked with the script as its argument; takes runs and gives outcomes as messages.
 */
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [, , script = ''] = process.argv;
const inherited = { ...process.env };
let runs = 0;

/** @param {{ args: string[], env: Record<string, string>, input: string }} run `input` in base64 */
async function run({ args, env, input }) {
  const said = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr']))
    process[name].write = (/** @type {unknown} */ text) => {
      said[name] += String(text);
      return true;
    };
  process.argv = [process.execPath, script, ...args];
  process.env = { ...inherited, ...env };
  Object.defineProperty(process, 'stdin', { value: Readable.from([Buffer.from(input, 'base64')]), configurable: true });
  process.exitCode = undefined;
  await import(`${pathToFileURL(script).href}?${(runs += 1)}`);
  process.removeAllListeners('SIGINT');
  process.send?.({ code: process.exitCode ?? 0, ...said });
  process.exitCode = 0;
}

process.on('message', run);
