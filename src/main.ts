/** The entry point. Signal handlers come before anything is loaded, so that a stop at any moment is orderly. */
import { explainLoading } from './load-errors.js';
import type { Running } from './running.js';

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
  const explanation = explainLoading(error);
  if (explanation === undefined) throw error;
  process.stderr.write(`\nRoost could not start.\n\n${explanation}\n\n`);
  process.exit(1);
}
