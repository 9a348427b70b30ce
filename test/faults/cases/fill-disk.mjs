import { chownSync, closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { account, folder, isRunning, run as command, undoAtEnd } from '../support/children.mjs';
import { delay } from '../support/time.mjs';
import { underLoad } from '../support/under-load.mjs';

export const title = 'the disk of PostgreSQL full, then free';

const SETTINGS = 'min_wal_size = 32MB\nmax_wal_size = 48MB\n';

export async function inflict({ server, disk, full }) {
  const file = join(disk, 'filler');
  const end = Date.now() + (full ? 30_000 : 6_000);
  const filler = openSync(file, 'w');
  const chunk = Buffer.alloc(1 << 16, 'x');
  while (Date.now() < end)
    try {
      writeSync(filler, chunk);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      await delay(50);
    }
  closeSync(filler);
  rmSync(file);
  // Without room for its log it ends; an operator starts it again.
  if (!server.pids().some(isRunning)) await server.start();
  await server.whenReady();
}

export function run(how) {
  const disk = folder('disk');
  try {
    command('mount', ['-t', 'tmpfs', '-o', 'size=176m', 'tmpfs', disk]);
  } catch (error) {
    return Promise.resolve({ skipped: `no small disk can be mounted (${error.message.trim().split('\n')[0]})` });
  }
  undoAtEnd(() => command('umount', [disk]));
  if (account.uid !== undefined) chownSync(disk, account.uid, account.gid);
  const create = { data: join(disk, 'data'), settings: SETTINGS };
  return underLoad(how, { strokes: [2, 5], create, begin: () => ({ disk }), inflict });
}
