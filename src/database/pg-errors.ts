/** What PostgreSQL's errors mean: a violated constraint by its name, or a database that cannot be reached. */
import { AppError } from '../common/errors.js';

/** SQLSTATE classes and codes of a lost, starting, stopping or overloaded server. */
const UNAVAILABLE_SQLSTATE = /^(?:08|53|57P0|57014|25P03|25P04|25006|58|F0|XX001)/;
/** At start these are faults of the configuration; later, a server under maintenance, or transactions that met. */
const PASSING_AT_RUN_TIME = /^(?:28|3D000|40|55000)/;
const UNAVAILABLE_SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
const UNAVAILABLE_MESSAGE =
  /^(?:Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection terminated|Client has encountered a connection error|The server does not support SSL)/;

const RETRY_AFTER_SECONDS = 2;

interface DriverError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
}

/** The name of the unique, foreign key or check constraint that a statement violated. */
export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = driverError(error);
  return typeof code === 'string' && code.startsWith('23') && typeof constraint === 'string' ? constraint : undefined;
}

export function isDatabaseUnavailable(error: unknown): boolean {
  const { code, message } = driverError(error);
  if (typeof code === 'string') return UNAVAILABLE_SQLSTATE.test(code) || UNAVAILABLE_SOCKET.has(code);
  return typeof message === 'string' && UNAVAILABLE_MESSAGE.test(message);
}

/** For the problem filter: a lost database is 503, and the client may try again. */
export function translateDatabaseError(error: unknown): AppError | undefined {
  const { code } = driverError(error);
  const passing = typeof code === 'string' && PASSING_AT_RUN_TIME.test(code);
  return passing || isDatabaseUnavailable(error)
    ? new AppError('database_unavailable', { cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS })
    : undefined;
}

/** TypeORM wraps the driver's error, and Node wraps the attempts at several addresses. */
function driverError(error: unknown): DriverError {
  if (typeof error !== 'object' || error === null) return {};
  if ('driverError' in error) return driverError(error.driverError);
  if (error instanceof AggregateError && error.errors.length > 0) return driverError(error.errors[0]);
  return error;
}
