// @ts-check
/** Server processes of a benchmark: started, measured through the operating system, and ended, each by its id. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 20_000;

/**
 * @typedef {object} Server
 * @property {number} pid
 * @property {string} url
 * @property {number} readyMs from the start of the process to its first answer
 * @property {() => Promise<void>} stop
 */

/** @throws where the operating system does not tell the time of each process finely enough */
export function requireLinux() {
  if (process.platform === 'linux') return;
  throw new Error(
    'This benchmark reads /proc and runs on Linux only: elsewhere `ps` counts processor time in seconds.',
  );
}

/**
 * Starts `node …args` on a free port of 127.0.0.1, its output in a file, and waits for its first answer.
 * @param {{ args: string[], env: Record<string, string>, log: string, probe: string, ready?: number, endings: (() => unknown)[] }} options
 *   `probe` is the path that is asked, `ready` the status it answers when the server is ready;
 *   what ends the process is put into `endings` before it is waited for
 * @returns {Promise<Server>}
 */
export async function startServer({ args, env, log, probe, ready = 200, endings }) {
  const port = await findFreePort();
  const output = openSync(log, 'w');
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env, PORT: String(port) },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    // Roost in production gives load balancers notice after the first signal; the second skips that.
    for (let count = 0; count < 2 && !hasEnded(); count += 1) {
      child.kill('SIGTERM');
      await until(hasEnded, 300);
    }
    if (!(await until(hasEnded, STOP_LIMIT_MS))) child.kill('SIGKILL');
  };
  endings.push(stop);
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(url + probe).then(
      ({ status }) => status === ready,
      () => false,
    );
  const started = await until(async () => hasEnded() || (await answers()), START_LIMIT_MS);
  const readyMs = performance.now() - startedAt;
  if (started && !hasEnded()) return { pid: Number(child.pid), url, readyMs, stop };
  throw new Error(`${args.join(' ')} did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
}

/**
 * Processor time of a process and its children so far, all threads, in user and in system mode.
 * @param {number} pid
 * @returns {number} in milliseconds
 */
export function processorTimeMs(pid) {
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + ownTimeMs(each), 0);
}

/** @param {number} pid @returns {number} in milliseconds; the scheduler counts nanoseconds, `stat` only ticks of 10 ms */
export function ownTimeMs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** @param {number} pid */
export function residentMegabytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

/** @param {number} pid */
export function childrenOf(pid) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((each) => isChild(each, pid));
}

/**
 * @param {number} pid
 * @param {number} parent
 */
function isChild(pid, parent) {
  try {
    return Number(statOf(pid)[1]) === parent;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) return false;
    throw error;
  }
}

/**
 * The fields of proc(5) from `state` on: the name before them may hold spaces and parentheses.
 * @param {number} pid
 */
function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** @returns {Promise<number>} */
async function findFreePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => probe.once('listening', resolve).once('error', reject));
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * @param {() => boolean | Promise<boolean>} condition
 * @param {number} limitMs
 */
async function until(condition, limitMs) {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await delay(10);
  }
  return true;
}
