/** Starts Roost and says in words what keeps it from starting. */
import { createLogger } from './common/logger.js';
import { loadConfig } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { readVariables } from './config/variables.js';
import { DatabaseStartError } from './database/connect.js';
import { EmbeddedPostgresError } from './database/embedded-error.js';

async function main(): Promise<void> {
  const config = loadConfig(readVariables());
  const logger = createLogger(config.logLevel);
  // Only now the framework, which takes a second to load: faults of the configuration are told at once.
  const { Roost } = await import('./roost.js');
  const roost = new Roost(config, logger);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void roost.stop(0));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, event);
      void roost.stop(1);
    });
  }
  try {
    await roost.start();
  } catch (error) {
    complain(error);
    await roost.stop(1);
  }
}

/** What the person who starts Roost can mend; anything else is a defect and keeps its stack. */
function explanation(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof DatabaseStartError || error instanceof EmbeddedPostgresError) {
    return error.message;
  }
  const { code, port } = error as { code?: unknown; port?: number };
  if (code === 'EADDRINUSE') return `Port ${port ?? ''} is already in use: stop what listens there, or set PORT.`;
  if (code === 'EACCES' && port !== undefined) return `Port ${port} needs more rights: set PORT to one above 1023.`;
  return undefined;
}

function complain(error: unknown): void {
  const text = explanation(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`\nRoost could not start.\n\n${text}\n\n`);
}

try {
  await main();
} catch (error) {
  complain(error);
  process.exit(1);
}
