/** One JSON line for each event, on standard output; nothing that could be used as a credential is ever put into one. */
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';

export const LOGGER = Symbol('Logger');

export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, destination ?? standardOutput());
}

/** A closed terminal or pipe takes no more lines: without a listener, each would be an uncaught error. */
function standardOutput(): DestinationStream {
  return pino.destination(1).on('error', () => undefined);
}

/** Only what is named here: a failed query's error also carries the statement and its values. */
function describeError(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null) return thrown;
  const { name, code, message, stack } = thrown as Error & { code?: unknown };
  return { type: name, code, message, stack };
}

/** Nest's own messages, with its start-up chatter at debug level. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, ...details: unknown[]): void {
    this.logger.error({ details }, String(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }
}
