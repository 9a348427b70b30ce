/** Plays sequences until the time is over, a number of them is done, or one shows a fault, which is shrunk then. */
import { Agent } from 'node:http';
import { inspect } from 'node:util';

import fc from 'fast-check';

import { OPERATIONS, sequences } from './sequences.mjs';
import { World } from './world.mjs';

const SHRINK_MS = 60_000;
const MEASURE_MS = 1_000;
const REPEATS = 3;
/** Characters of an address or a body in a line of curl. */
const MOST_SHOWN = 1_000;
/** In milliseconds, and in parts of the memory after the first quarter. */
export const BOUNDS = { delay: 100, growth: 0.1 };
/** Until its heap has found its size, memory only says how long a run was. */
const JUDGED_MINUTES = 5;

/**
 * @param {object} options
 * @param {import('./server.mjs').Server} options.server
 * @param {number} options.seed of the first sequence; each has the next one
 * @param {string} [options.path] of a shrunk sequence, by an earlier run
 * @param {AbortSignal} options.signal
 * @param {(done: number, facts: object) => void} [options.onProgress]
 */
export async function fuzz({ server, seed, path, cases = Infinity, minutes = Infinity, signal, onProgress }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const run = { cases: 0, requests: 0, seen: new Map(), stalls: [], samples: [], seed };
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 60_000;
  const play = (steps) => playAll({ server, agent, steps, run });
  await server.measure();
  let measuredAt = performance.now();
  let first = seed;
  try {
    while (run.cases < cases && elapsed() < minutes && !signal.aborted) {
      const failure = await check(play, { seed: seed + run.cases, ...(path !== undefined && { path }) });
      run.cases += 1;
      if (failure) return { ...run, failure, minutes: elapsed() };
      if (performance.now() - measuredAt > MEASURE_MS) {
        measuredAt = performance.now();
        const sample = { minutes: elapsed(), seeds: [first, seed + run.cases], ...(await server.measure()) };
        run.samples.push(sample);
        first = seed + run.cases;
        if (sample.delay > BOUNDS.delay) run.stalls.push(...(await stallsAgain({ server, play, seeds: sample.seeds })));
        onProgress?.(Math.max(run.cases / cases, elapsed() / minutes), run);
      }
    }
    return { ...run, minutes: elapsed() };
  } finally {
    agent.destroy();
  }
}

/**
 * Another program may have held the processor: what Roost does itself, it does again.
 * @returns {Promise<{ seed: number, delay: number }[]>} which of the sequences hold the event loop each time
 */
async function stallsAgain({ server, play, seeds: [from, to] }) {
  const stalls = [];
  for (let seed = from; seed < to; seed += 1) {
    let least = Infinity;
    for (let time = 0; time < REPEATS && least > BOUNDS.delay; time += 1) {
      await server.measure();
      await check(play, { seed });
      least = Math.min(least, (await server.measure()).delay);
    }
    if (least > BOUNDS.delay) stalls.push({ seed, delay: least });
  }
  return stalls;
}

/** @returns undefined, or what failed, shrunk */
async function check(play, parameters) {
  const details = await fc.check(fc.asyncProperty(sequences, play), {
    ...parameters,
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MS,
    markInterruptAsFailure: false,
  });
  if (!details.failed || details.counterexample === null) return undefined;
  return {
    seed: parameters.seed,
    path: details.counterexamplePath,
    sequence: details.counterexample[0].slice(0, 1 + (details.errorInstance?.index ?? Infinity)),
    error: details.errorInstance,
  };
}

async function playAll({ server, agent, steps, run }) {
  if (!server.isAlive) await server.restart();
  server.alarms.length = 0;
  const world = await World.begin(server, agent);
  for (const [index, step] of steps.entries()) {
    const sent = await world.resolve(step);
    run.requests += step.times;
    const faults = await world.play(step, sent).catch((error) => [`${step.operation} failed: ${error.stack}`]);
    if (server.alarms.length > 0) faults.push(`logged an error: ${server.alarms[0]}`);
    if (!server.isAlive) faults.push(`ended Roost: ${server.lines.slice(-5).join('\n')}`);
    if (faults.length > 0) throw new Fault(faults, { index, sent });
  }
  for (const each of world.seen) run.seen.set(each, (run.seen.get(each) ?? 0) + 1);
  const shown = server.linesWith(world.secrets);
  if (shown) throw new Error(`logged a secret: ${shown}`);
}

class Fault extends Error {
  /** @param {string[]} faults @param {{ index: number, sent: object }} where */
  constructor(faults, { index, sent }) {
    super(faults.join('\n'));
    this.index = index;
    this.sent = sent;
  }
}

/** @returns {string[]} the operations that never succeeded: a fuzzer that is always refused finds little */
export function neverDone({ seen }) {
  return OPERATIONS.map(({ operation }) => operation.operationId).filter(
    (id) => ![...seen.keys()].some((each) => new RegExp(`^${id} 2`).test(each)),
  );
}

/** @returns {string[]} which bounds the whole run exceeded */
export function exceeded({ samples, stalls, minutes }) {
  const faults = stalls.map(
    ({ seed, delay }) => `--seed ${seed} --cases 1 holds the event loop for ${Math.round(delay)} ms`,
  );
  if (minutes >= JUDGED_MINUTES)
    for (const kind of ['rss', 'heap']) {
      const [before, after] = memory(samples, kind);
      if (after > before * (1 + BOUNDS.growth))
        faults.push(`${kind} grew from ${Math.round(before)} to ${Math.round(after)} MB`);
    }
  return faults;
}

/** @returns the memory in the second quarter of the samples, and in the last: the median, of the heap the least */
export function memory(samples, kind) {
  const quarter = Math.floor(samples.length / 4);
  return [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)].map((part) => {
    const sorted = part.map((sample) => sample[kind]).toSorted((a, b) => a - b);
    return sorted[kind === 'heap' ? 0 : Math.floor(sorted.length / 2)] ?? 0;
  });
}

/** @returns what a person needs to see the fault again */
export function describeFailure({ seed, path, sequence, error }) {
  const { sent } = error ?? {};
  return [
    `Seed ${seed}: ${error?.message ?? error}`,
    '',
    'The shortest sequence that was found:',
    ...sequence.map(
      (step, index) => `  ${index + 1}. ${inspect(step, { depth: 6, breakLength: Infinity, maxStringLength: 200 })}`,
    ),
    '',
    ...(sent ? ['The request:', `  ${curl(sent)}`, ''] : []),
    'Again:',
    `  npm run fuzz -- --seed ${seed} --cases 1 --path ${path}`,
  ].join('\n');
}

function curl({ method, path, headers, body, type }) {
  const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;
  const fields = Object.entries({ ...(body && type && { 'content-type': type }), ...headers }).map(
    ([name, value]) =>
      `-H ${name === 'authorization' ? `"authorization: Bearer $TOKEN"` : quoted(`${name}: ${value}`)}`,
  );
  const data = body
    ? [`--data-binary ${quoted(body.length > MOST_SHOWN ? `${body.subarray(0, MOST_SHOWN)}…` : body)}`]
    : [];
  return [
    'curl -i --path-as-is',
    `-X ${method}`,
    ...fields,
    ...data,
    `"$ROOST"${quoted(path.length > MOST_SHOWN ? `${path.slice(0, MOST_SHOWN)}…` : path)}`,
  ].join(' ');
}
