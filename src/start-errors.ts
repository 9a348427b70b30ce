import { ConfigError } from './config/environment.js';
import { DatabaseStartError } from './database/connect.js';
import { EmbeddedPostgresError } from './database/embedded/error.js';
import { isDatabaseUnavailable } from './database/pg-errors.js';
import { explainLoading } from './load-errors.js';

export class StartError extends Error {}

export function explain(error: unknown): string {
  return explanation(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function explanation(error: unknown): string | undefined {
  if (EXPLAINED.some((known) => error instanceof known)) return (error as Error).message;
  const { code, syscall, message, port = '', address = '' } = error as NodeJS.ErrnoException & ListenFault;
  if (syscall === 'listen' || syscall === 'bind')
    return LISTEN_FAULTS[code ?? '']?.(port, address) ?? `It cannot listen: ${message}`;
  if (isDatabaseUnavailable(error)) return `The database was lost while Roost started: ${message}`;
  return explainLoading(error);
}

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
