/**
 * A process that runs a command of scripts/ several times, each run as if it were alone: most of what a run takes is
 * loading. node commands.mjs <script> <runs as JSON>
 */
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [, , script = '', runs = '[]'] = process.argv;
const print = process.stdout.write.bind(process.stdout);
const inherited = { ...process.env };
const outcomes = [];

for (const [index, { args, env, input }] of JSON.parse(runs).entries()) {
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
  await import(`${pathToFileURL(script).href}?${index}`);
  outcomes.push({ code: process.exitCode ?? 0, ...said });
}
process.exitCode = 0;
print(JSON.stringify(outcomes));
