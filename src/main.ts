/** The entry point. Signal handlers come before anything is loaded, so that a stop at any moment is orderly. */
import type { Running } from './start.js';

let running: Running | undefined;

function end(): void {
  if (running) void running.stop(0);
  else process.exit(0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);

try {
  const { start } = await import('./start.js');
  await start((made) => {
    running = made;
  });
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('\nRoost could not start.\n\nA required package is not installed: run npm ci.\n\n');
  process.exit(1);
}
