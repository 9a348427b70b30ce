/** What each process of Roost needs to run: the one, the primary, a worker. */
import type { Logger } from 'pino';

import { createLogger } from './common/logger.js';
import { standardOutput } from './common/files/standard-output.js';
import type { Config } from './config/config.js';
import { readable } from './readable-log.js';
import type { Roost } from './roost.js';
import { explain } from './start-errors.js';

/** One after another: Node opens all files of what it imports at the same time, and descriptors may be few. */
const LARGE_PACKAGES = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-fastify'];

export type Running = Pick<Roost, 'isStopping' | 'start' | 'stop' | 'crash'>;

export function loggerOf({ nodeEnv, logLevel, logFormat }: Config): Logger {
  const isForPeople = logFormat === 'auto' ? nodeEnv === 'development' && process.stdout.isTTY : logFormat === 'pretty';
  return createLogger(logLevel, standardOutput(isForPeople ? readable : undefined));
}

/** Writes to a closed terminal fail. That is no reason for a disorderly end. */
export function ignoreClosedTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
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
