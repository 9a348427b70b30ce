/** Starts Roost and explains what prevents a start. */
import { createLogger } from './common/logger.js';
import { loadConfig } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { readVariables } from './config/variables.js';
import { DatabaseStartError } from './database/connect.js';
import { EmbeddedPostgresError } from './database/embedded/error.js';
import { isDatabaseUnavailable } from './database/pg-errors.js';
import type { Roost } from './roost.js';

/** One after another: Node opens all files of what it imports at the same time, and descriptors may be few. */
const LARGE_PACKAGES = ['@nestjs/common', '@nestjs/core', '@nestjs/swagger', '@nestjs/platform-fastify'];

export async function start(onMade: (roost: Roost) => void): Promise<void> {
  // Writes to a closed terminal fail. That is no reason for a disorderly end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const config = loadConfig(readVariables());
    const logger = createLogger(config.logLevel);
    // The framework takes a second to load: configuration faults are reported before.
    for (const name of LARGE_PACKAGES) await import(name);
    const { Roost } = await import('./roost.js');
    const roost = new Roost(config, logger);
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => {
        logger.fatal({ err: error }, event);
        void roost.crash();
      });
    }
    onMade(roost);
    await roost.start().catch(async (error: unknown) => {
      if (!roost.isStopping) complain(error);
      await roost.stop(1);
    });
  } catch (error) {
    complain(error);
    process.exit(1);
  }
}

function complain(error: unknown): void {
  const text = explanation(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`\nRoost could not start.\n\n${text}\n\n`);
}

function explanation(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof DatabaseStartError || error instanceof EmbeddedPostgresError) {
    return error.message;
  }
  const { code, syscall, message, port = '', address = '' } = error as NodeJS.ErrnoException & ListenFault;
  if (code === 'ERR_MODULE_NOT_FOUND') return 'A required package is not installed: run npm ci.';
  if (syscall === 'listen') return LISTEN_FAULTS[code ?? '']?.(port, address) ?? `It cannot listen: ${message}`;
  if (isDatabaseUnavailable(error)) return `The database was lost while Roost started: ${message}`;
  return undefined;
}

interface ListenFault {
  readonly port?: number;
  readonly address?: string;
}

const LISTEN_FAULTS: Partial<Record<string, (port: number | string, address: string) => string>> = {
  EADDRINUSE: (port) => `Port ${port} is already in use: stop what listens there, or set PORT.`,
  EACCES: (port) => `Port ${port} needs more rights: set PORT to one above 1023.`,
  EADDRNOTAVAIL: (_, address) =>
    `This machine has no address ${address}: set HOST to one that it has, or to 0.0.0.0 for all of them.`,
  EAFNOSUPPORT: (_, address) => `This machine does not support addresses like ${address}: set HOST to another one.`,
};
