/**
 * Runs PostgreSQL for as long as the pipe on its stdin is open. Roost alone holds the other end, so the kernel closes it
 * however Roost ends.
 */
import { spawn } from 'node:child_process';

/** How long PostgreSQL may take to end its sessions and write a checkpoint, and then to just end: milliseconds. */
const FAST_SHUTDOWN = 10_000;
const IMMEDIATE_SHUTDOWN = 5_000;

/** @type {{ command: string, args: string[], account: { uid?: number, gid?: number } }} */
const { command, args, account } = JSON.parse(process.argv[2] ?? '');

const postgres = spawn(command, args, { ...account, stdio: ['ignore', 'inherit', 'inherit'] });
postgres.on('exit', (code) => process.exit(code ?? 1));
postgres.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

process.stdin.on('close', () => {
  postgres.kill('SIGINT');
  setTimeout(() => postgres.kill('SIGQUIT'), FAST_SHUTDOWN);
  setTimeout(() => postgres.kill('SIGKILL'), FAST_SHUTDOWN + IMMEDIATE_SHUTDOWN);
});
process.stdin.resume();

// systemd signals every process of a service at once, but Roost needs its database until its last request is answered.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
