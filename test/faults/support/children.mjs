/** What the faults start. All of it ends with the runner, also after Ctrl-C and in the middle of a fault. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { childrenOf, isAlive } from './typescript.mjs';

const root = mkdtempSync(join(tmpdir(), 'roost-faults-'));
// PostgreSQL does not run as root: its user has to be able to enter.
chmodSync(root, 0o755);

/** PostgreSQL, Patroni and etcd run as this user. */
export const account = process.getuid?.() === 0 ? accountOf('postgres') : {};

/** Each gives the pids of what it started. */
const started = new Set();
/** What is to be undone once nothing runs. */
const undoings = [];

export function folder(name) {
  const path = mkdtempSync(join(root, `${name}-`));
  if (account.uid !== undefined) chownSync(path, account.uid, account.gid);
  chmodSync(path, 0o700);
  return path;
}

/** Roost's own folder, which no database is in. */
export function ownFolder(name) {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** @returns the child; `child.said` is what it has written */
export function start(program, args, { env = {}, as = {}, cwd = root } = {}) {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: `${process.env.PATH}:/usr/sbin`, LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  });
  child.said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      child.said = (child.said + bytes).slice(-200_000);
    });
  child.ended = new Promise((done) => {
    child.on('error', (error) => {
      child.said += error.message;
      done(null);
    });
    child.on('exit', done);
  });
  endWithUs(() => [child.pid]);
  return child;
}

/** @throws Error with what the program has said */
export function run(program, args, { env = {}, as = {}, input } = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { PATH: `${process.env.PATH}:/usr/sbin`, LC_ALL: 'C.UTF-8', ...env },
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    input,
    ...as,
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr || stdout}`);
  return stdout;
}

export function has(program) {
  return spawnSync('which', [program], { env: { PATH: `${process.env.PATH}:/usr/sbin` } }).status === 0;
}

/** @param pids of what is to end with the runner, asked for then */
export function endWithUs(pids) {
  started.add(pids);
}

/** The server of a data folder, which may have been started by another program. */
export function postmasterOf(data) {
  try {
    return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

export function undoAtEnd(undo) {
  undoings.push(undo);
}

/** By a signal, and by an error that nobody caught. */
export function endAllWithUs() {
  let ending;
  const end = (code) => {
    ending ??= endAll().finally(() => {
      removeAll();
      process.exit(code);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(130));
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error?.stack ?? error}\n`);
    end(1);
  });
}

export async function endAll() {
  const pids = [...started].flatMap((of) => of()).filter((pid) => pid !== undefined && isAlive(pid));
  kill(pids.flatMap((pid) => [pid, ...childrenOf(pid)]));
  started.clear();
  while (pids.some(isRunning)) await new Promise((done) => setTimeout(done, 20));
  for (const undo of undoings.splice(0)) undo();
}

export function removeAll() {
  rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

export function kill(pids, signal = 'SIGKILL') {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
}

/** A zombie has ended, though nobody has asked for its end. */
export function isRunning(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function accountOf(name) {
  const id = (flag) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}
