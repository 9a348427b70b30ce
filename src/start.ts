/** Starts Roost and explains what prevents a start. */
import type { Logger } from 'pino';

import { createLogger, standardOutput } from './common/logger.js';
import { readable } from './readable-log.js';
import { type Config, loadConfig } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { readVariables } from './config/variables.js';
import { DatabaseStartError } from './database/connect.js';
import { EmbeddedPostgresError } from './database/embedded/error.js';
import { isDatabaseUnavailable } from './database/pg-errors.js';
import { boundGarbage } from './heap.js';
import type { Roost } from './roost.js';

/** One after another: Node opens all files of what it imports at the same time, and descriptors may be few. */
const LARGE_PACKAGES = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-fastify'];

export type Running = Pick<Roost, 'isStopping' | 'start' | 'stop' | 'crash'>;

export async function start(onMade: (running: Running) => void): Promise<void> {
  ignoreClosedTerminal();
  boundGarbage();
  try {
    const config = loadConfig(readVariables());
    const logger = loggerOf(config);
    const running = await (config.workers > 1 ? primary : single)(config, logger);
    onMade(running);
    await run(running, logger, complain);
  } catch (error) {
    complain(explain(error));
    process.exit(1);
  }
}

export function loggerOf({ nodeEnv, logLevel, logFormat }: Config): Logger {
  const isForPeople = logFormat === 'auto' ? nodeEnv === 'development' && process.stdout.isTTY : logFormat === 'pretty';
  return createLogger(logLevel, standardOutput(isForPeople ? readable : undefined));
}

/** Writes to a closed terminal fail. That is no reason for a disorderly end. */
export function ignoreClosedTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

async function primary(config: Config, logger: Logger): Promise<Running> {
  const { Primary } = await import('./workers/primary.js');
  return new Primary(config, logger);
}

async function single(config: Config, logger: Logger): Promise<Running> {
  const Roost = await loadRoost();
  const { StartDatabase } = await import('./start-database.js');
  const { StartingServer } = await import('./starting-server.js');
  const { sayReady } = await import('./say-ready.js');
  const database = new StartDatabase(config, logger);
  return new Roost(config, logger, {
    database,
    listen: () => StartingServer.listen(config.http.port, config.http.host),
    onReady: (address) => {
      sayReady(config, logger, { address, embedded: database.embedded });
    },
  });
}

/** The framework takes a second to load: configuration faults are reported before. */
export async function loadRoost(): Promise<typeof Roost> {
  for (const name of LARGE_PACKAGES) await import(name);
  return (await import('./roost.js')).Roost;
}

export async function run(
  running: Running,
  logger: Logger,
  tell: (explanation: string) => void | Promise<void>,
): Promise<void> {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, event);
      void running.crash();
    });
  }
  await running.start().catch(async (error: unknown) => {
    if (!running.isStopping) await tell(explain(error));
    await running.stop(1);
  });
}

function complain(explanation: string): void {
  process.stderr.write(`\nRoost could not start.\n\n${explanation}\n\n`);
}

export function explain(error: unknown): string {
  return explanation(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function explanation(error: unknown): string | undefined {
  if (EXPLAINED.some((known) => error instanceof known)) return (error as Error).message;
  const { code, syscall, message, port = '', address = '' } = error as NodeJS.ErrnoException & ListenFault;
  if (code === 'ERR_MODULE_NOT_FOUND') return 'A required package is not installed: run npm ci.';
  if (syscall === 'listen' || syscall === 'bind')
    return LISTEN_FAULTS[code ?? '']?.(port, address) ?? `It cannot listen: ${message}`;
  if (isDatabaseUnavailable(error)) return `The database was lost while Roost started: ${message}`;
  return undefined;
}

export class StartError extends Error {}

const EXPLAINED = [ConfigError, DatabaseStartError, EmbeddedPostgresError, StartError];

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
