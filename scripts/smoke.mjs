/** Runs `npm start` as a newcomer does, asks it whether it is ready, stops it, and sees that nothing stays behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const dataDir = join(root, '.data', 'smoke');
rmSync(dataDir, { recursive: true, force: true });
const child = spawn('npm', ['start'], {
  cwd: root,
  env: { ...process.env, PORT: '0', DATA_DIR: dataDir, DATABASE_URL: '' },
  stdio: ['ignore', 'pipe', 'inherit'],
  // A group of its own: npm passes signals on to what it started.
  detached: true,
});
const ended = once(child, 'exit');

try {
  const { address, database } = await announced();
  for (const path of ['/health/ready', '/docs', '/openapi.json']) {
    const { status } = await fetch(address + path);
    if (status !== 200) throw new Error(`${path} answered ${status}`);
  }
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await ended;
  // npm may end a moment before what it started.
  const pidFile = join(resolve(root, database), 'postmaster.pid');
  for (let tries = 0; existsSync(pidFile); tries += 1) {
    if (tries > 200) throw new Error('the database is still running');
    await delay(50);
  }
} finally {
  if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
}

/** What it says of itself: where it listens, and where its database is. */
async function announced() {
  let output = '';
  for await (const chunk of child.stdout) {
    process.stdout.write(chunk);
    output += chunk;
    const [, address, database] =
      /API\s+(http:\S+)\/api\/v1[\s\S]*of its own, in (.+)\n[\s\S]*Ctrl-C/.exec(output) ?? [];
    if (address && database) {
      child.stdout.resume();
      return { address, database };
    }
  }
  throw new Error('npm start ended before it was ready');
}
