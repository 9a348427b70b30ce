/**
 * `npm run fuzz`: random sequences of requests, by everybody, against a Roost of its own. It ends with 1 when an answer is
 * not as openapi.json says, or the process suffers. docs/adr/0032-fuzzing-and-scorecard.md has what is held.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { BOUNDS, describeFailure, exceeded, fuzz, memory, neverDone } from '../test/fuzz/fuzz.mjs';
import { Server } from '../test/fuzz/server.mjs';
import { CommandError, progressBar, runCommand, UsageError } from './command.mjs';

const USAGE = `Usage:
  npm run fuzz -- --minutes 10              for so long
  npm run fuzz -- --cases 100               so many sequences; time and memory are not judged
  npm run fuzz -- --seed 5 --minutes 10     the sequences of an earlier run
  npm run fuzz -- --seed 5 --cases 1 --path 0:1:3
                                            the one that a failure printed

  Ctrl-C ends it.`;

const bar = progressBar();

async function main() {
  const options = readOptions();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  bar.show(undefined, 'starting a PostgreSQL and a Roost');
  const server = await Server.start();
  try {
    bar.say(`seed ${options.seed}`);
    const onProgress = (share, { requests, samples, cases }) => {
      const { rss, delay } = samples.at(-1);
      bar.show(
        share,
        `seed ${options.seed}: ${cases} sequences, ${requests} requests, ${Math.round(rss)} MB, ${Math.round(delay)} ms`,
      );
    };
    report(await fuzz({ ...options, server, signal: stop.signal, onProgress }), options, stop.signal.aborted);
  } finally {
    bar.end();
    await server.stop();
  }
}

function report(run, { minutes, seed }, isInterrupted) {
  const { cases, requests, samples, failure } = run;
  const longest = Math.max(0, ...samples.map(({ delay }) => delay));
  const grown = ['rss', 'heap']
    .map((kind) => `${kind} ${memory(samples, kind).map(Math.round).join(' → ')} MB`)
    .join(', ');
  const how = isInterrupted ? ', interrupted' : '';
  bar.say(`seed ${seed}: ${cases} sequences, ${requests} requests in ${run.minutes.toFixed(1)} minutes${how}`);
  const never = neverDone(run);
  bar.say(`operations that never succeeded: ${never.length === 0 ? 'none' : never.join(', ')}`);
  if (samples.length > 0)
    bar.say(
      `longest delay of the event loop ${Math.round(longest)} ms (bound ${BOUNDS.delay}, ${run.stalls.length} of it again), ${grown}`,
    );
  if (isInterrupted) process.exitCode = 130;
  if (failure) throw new CommandError(`\n${describeFailure(failure)}`);
  const faults = minutes === Infinity || isInterrupted ? [] : exceeded(run);
  if (faults.length > 0) throw new CommandError(faults.join('\n'));
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      cases: { type: 'string' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      path: { type: 'string' },
    },
  });
  const positive = (name) => {
    const value = Number(values[name] ?? NaN);
    if (values[name] !== undefined && !(value > 0)) throw new UsageError(`--${name} must be a number above 0`);
    return values[name] === undefined ? Infinity : value;
  };
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError('--seed must be a whole number');
  const [minutes, cases] = [positive('minutes'), positive('cases')];
  const isOpen = minutes === Infinity && cases === Infinity;
  return { seed, cases, minutes: isOpen ? 10 : minutes, path: values.path };
}

await runCommand(main, { usage: USAGE });
