/** Ends a process with the npm that runs it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const EVERY_MS = 500;

/**
 * npm passes SIGTERM to the shell that it runs scripts by, and the shell ends alone. So Roost ends when one of the two
 * has gone. Started in another way, it outlives its parent, as a daemon does.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const shell = process.ppid;
  // A shell that replaces itself by its last command leaves npm as the parent.
  const npm = /\s-c\s/.test(commandOf(shell)) ? parentOf(shell) : undefined;
  const isOrphan = () => process.ppid !== shell || (npm !== undefined && parentOf(shell) !== npm);
  setInterval(() => {
    if (isOrphan()) process.kill(process.pid, 'SIGTERM');
  }, EVERY_MS).unref();
}

function commandOf(pid) {
  if (process.platform !== 'linux') return ps('args', pid);
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function parentOf(pid) {
  if (process.platform !== 'linux') return ps('ppid', pid).trim();
  return /^.*\) \S (\d+) /s.exec(read(`/proc/${pid}/stat`))?.[1];
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return '';
    throw error;
  }
}

function ps(column, pid) {
  try {
    return execFileSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
