/** One Roost per cluster: a lock that the kernel frees, however its process ends. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { EmbeddedPostgresError } from './error.js';

/** macOS takes the lock in open(2); Node has no name for the flag. */
const O_EXLOCK = 0x20;

/** Milliseconds. After a kill, a child that was starting may hold the lock for a moment. */
const PATIENCE = 1_000;
const PAUSE = 50;

/** The lock file stays: removing it would let two processes lock two files of one name. */
export async function lockCluster(dataDir: string): Promise<() => void> {
  const path = `${dataDir}.lock`;
  const open = process.platform === 'darwin' ? openLocked : openAndLock;
  const deadline = Date.now() + PATIENCE;
  let file = open(path);
  while (file === undefined) {
    if (Date.now() > deadline) throw inUse(dataDir, readFileSync(path, 'utf8').trim());
    await sleep(PAUSE);
    file = open(path);
  }
  const locked = file;
  ftruncateSync(locked);
  writeSync(locked, `${process.pid}\n`, 0);
  return () => {
    closeSync(locked);
  };
}

function openLocked(path: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NONBLOCK } = constants;
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NONBLOCK | O_EXLOCK, 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** flock(1) locks the inherited open file, which this process shares: the lock outlives the command. */
function openAndLock(path: string): number | undefined {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  const flock = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', file], encoding: 'utf8' });
  if (flock.status === 0) return file;
  closeSync(file);
  if (flock.status === 1) return undefined;
  const reason = flock.error?.message ?? flock.stderr.trim();
  throw new EmbeddedPostgresError(
    `Roost cannot lock ${path} (${reason}). Install flock (package util-linux), set DATA_DIR to a folder on a local disk, or set DATABASE_URL.`,
  );
}

function inUse(dataDir: string, pid: string): EmbeddedPostgresError {
  const holder = pid === '' ? 'Another Roost' : `Another Roost (process ${pid})`;
  return new EmbeddedPostgresError(
    `${holder} is using the database in ${dataDir}. Stop it, or give this one another folder with DATA_DIR, or a database of its own with DATABASE_URL.`,
  );
}
