/** Runs the embedded server under a supervisor, and ends servers left by a killed Roost. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { POSTGRES_ENV } from './binaries.js';
import { EmbeddedPostgresError } from './error.js';
import type { Account } from './place.js';

const run = promisify(execFile);

const SUPERVISOR = fileURLToPath(new URL('./supervisor.mjs', import.meta.url));

/** Milliseconds. A start may replay the write-ahead log; a stop is the supervisor's two limits and a little. */
const START_LIMIT = 120_000;
const STOP_LIMIT = 17_000;
const FAST_SHUTDOWN = 10_000;
const IMMEDIATE_SHUTDOWN = 5_000;
const POLL = 10;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  logging_collector: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements and error details hold personal data and stay out of the log.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'default',
};

const LOG_ENOUGH = 1_048_576;

/** Transient faults: a port taken in between, and processes of the predecessor that are still ending. */
const PASSING = /could not bind|lock file "postmaster\.pid" already exists|pre-existing shared memory block/;

export interface ServerOptions {
  command: string;
  dataDir: string;
  account: Account;
  settings: Record<string, string>;
  signal: AbortSignal | undefined;
  onLost: (error: EmbeddedPostgresError) => void;
}

export interface Server {
  port: number;
  stop(): Promise<void>;
}

/** Waits for connections. The caller holds the cluster's lock: a server already running is an orphan and is ended. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { dataDir, signal } = options;
  const deadline = Date.now() + START_LIMIT;
  await endServer(dataDir);
  await putLogAside(`${dataDir}.log`);
  for (;;) {
    signal?.throwIfAborted();
    const port = await findFreePort();
    const logged = await sizeOf(`${dataDir}.log`);
    const supervisor = startSupervisor(options, port);
    if (await becomesReady(supervisor, { dataDir, port, deadline, signal })) return guard(supervisor, port, options);
    await endSupervised(supervisor, dataDir);
    signal?.throwIfAborted();
    const log = Buffer.from(await readIfExists(`${dataDir}.log`))
      .subarray(logged)
      .toString();
    if (!PASSING.test(log) || Date.now() > deadline) throw new EmbeddedPostgresError(failure(dataDir, log));
    await sleep(POLL);
  }
}

async function putLogAside(log: string): Promise<void> {
  if ((await sizeOf(log)) > LOG_ENOUGH) await rename(log, `${log}.1`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => probe.once('listening', resolve).once('error', reject));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A session of its own: a terminal's Ctrl-C reaches Roost alone, which stops the server last. */
function startSupervisor({ command, dataDir, account, settings }: ServerOptions, port: number): ChildProcess {
  const all = Object.entries({ ...SETTINGS, ...settings, port: String(port) });
  const args = ['-D', dataDir, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const log = openSync(`${dataDir}.log`, 'a', 0o600);
  try {
    const supervisor = spawn(process.execPath, [SUPERVISOR, JSON.stringify({ command, args, account })], {
      detached: true,
      cwd: dataDir,
      env: POSTGRES_ENV,
      stdio: ['pipe', log, log],
    });
    supervisor.on('error', () => undefined);
    supervisor.unref();
    return supervisor;
  } finally {
    closeSync(log);
  }
}

async function becomesReady(
  supervisor: ChildProcess,
  {
    dataDir,
    port,
    deadline,
    signal,
  }: { dataDir: string; port: number; deadline: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  while (!hasEnded(supervisor) && Date.now() < deadline && signal?.aborted !== true) {
    const postmaster = await findPostmaster(dataDir);
    if (postmaster?.port === port && postmaster.status === 'ready') return true;
    await sleep(POLL);
  }
  return false;
}

/** The server lives as long as its supervisor; if that is killed, Roost ends the server. */
function guard(supervisor: ChildProcess, port: number, { dataDir, onLost }: ServerOptions): Server {
  let end: Promise<void> | undefined;
  const lose = (): void => {
    if (end) return;
    end = endServer(dataDir);
    const lost = new EmbeddedPostgresError(`The embedded PostgreSQL has ended unexpectedly: see ${dataDir}.log.`);
    void end
      .catch(() => undefined)
      .then(() => {
        onLost(lost);
      });
  };
  if (hasEnded(supervisor)) lose();
  else supervisor.once('exit', lose);
  return { port, stop: () => (end ??= endSupervised(supervisor, dataDir)) };
}

async function endSupervised(supervisor: ChildProcess, dataDir: string): Promise<void> {
  supervisor.stdin?.end();
  await until(() => hasEnded(supervisor), STOP_LIMIT);
  await endServer(dataDir);
}

async function endServer(dataDir: string): Promise<void> {
  const postmaster = await findPostmaster(dataDir);
  if (!postmaster) return;
  const { pid } = postmaster;
  const hasGone = async (): Promise<boolean> => (await findPostmaster(dataDir))?.pid !== pid;
  signal(pid, 'SIGINT');
  if (await until(hasGone, FAST_SHUTDOWN)) return;
  signal(pid, 'SIGQUIT');
  if (await until(hasGone, IMMEDIATE_SHUTDOWN)) return;
  throw new EmbeddedPostgresError(
    `A PostgreSQL (process ${pid}) of an earlier run in ${dataDir} does not end: kill it.`,
  );
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    if (code !== 'EPERM') throw error;
    throw new EmbeddedPostgresError(`A PostgreSQL of another user is running in this folder: end process ${pid}.`);
  }
}

interface Postmaster {
  pid: number;
  port: number;
  status: string | undefined;
}

/** A pid file whose pid now belongs to another process would prevent a start. */
export async function findPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const pidFile = join(dataDir, 'postmaster.pid');
  const lines = (await readIfExists(pidFile)).split('\n');
  const pid = Number(lines[0]);
  if (!(pid > 0)) return undefined;
  const command = await commandOf(pid);
  if (command.includes(` -D ${dataDir} -c `)) return { pid, port: Number(lines[3]), status: lines[7]?.trim() };
  if (command !== '') await rm(pidFile, { force: true });
  return undefined;
}

/** Empty for a zombie. Slim images have no ps. */
async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readIfExists(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ');
  try {
    return (await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).stdout;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return '';
    throw error;
  }
}

async function readIfExists(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

function failure(dataDir: string, log: string): string {
  const tail = log.trim().split('\n').slice(-15).join('\n');
  return `PostgreSQL did not start in ${dataDir}. Correct what its log says, or set DATA_DIR to another folder, or set DATABASE_URL. The end of ${dataDir}.log:\n${tail}`;
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

async function until(condition: () => boolean | Promise<boolean>, limit: number): Promise<boolean> {
  const deadline = Date.now() + limit;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await sleep(POLL);
  }
  return true;
}
