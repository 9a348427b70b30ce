/** What PostgreSQL's errors mean: a violated constraint by its name, or a database that cannot be reached. */
import { AppError } from '../common/errors.js';

/**
 * What an error says of the database:
 * `collided`: two transactions met, and one has to begin anew;
 * `away`: it is lost, starting, stopping, or has too much to do;
 * `closed`: it does not let us in: at start a fault of the configuration, later a server under maintenance;
 * `faulty`: it answers, and cannot work until somebody mends it.
 */
type State = 'collided' | 'away' | 'closed' | 'faulty';

interface Meaning {
  readonly sqlstate: RegExp;
  readonly state: State;
  /** For the log, where somebody has to act. */
  readonly alarm?: string;
}

/** The first that fits. https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const MEANINGS: readonly Meaning[] = [
  { sqlstate: /^40(?:001|P01)$/, state: 'collided' },
  { sqlstate: /^55P03$/, state: 'collided' },
  { sqlstate: /^08/, state: 'away' },
  { sqlstate: /^57P0[1-5]$/, state: 'away' },
  { sqlstate: /^57014$/, state: 'away' },
  { sqlstate: /^25P0[34]$/, state: 'away' },
  { sqlstate: /^(?:28|3D000)/, state: 'closed' },
  { sqlstate: /^(?:40|55)/, state: 'closed' },
  {
    sqlstate: /^25006$/,
    state: 'faulty',
    alarm: 'The database is read-only: is it a standby, or was there a failover?',
  },
  { sqlstate: /^42501$/, state: 'faulty', alarm: 'The role of DATABASE_URL lacks a right that Roost needs.' },
  { sqlstate: /^53100$/, state: 'faulty', alarm: 'The disk of the database is full.' },
  { sqlstate: /^53200$/, state: 'faulty', alarm: 'The database has no memory left.' },
  {
    sqlstate: /^53300$/,
    state: 'faulty',
    alarm: 'The database has no connections left: lower DATABASE_POOL_MAX, or raise max_connections.',
  },
  { sqlstate: /^53/, state: 'faulty', alarm: 'The database has too little of something.' },
  { sqlstate: /^58/, state: 'faulty', alarm: 'The database cannot read or write its files.' },
  { sqlstate: /^F0/, state: 'faulty', alarm: 'The configuration of the database is broken.' },
  { sqlstate: /^XX00[12]$/, state: 'faulty', alarm: 'Data of the database is corrupted: restore a backup.' },
  { sqlstate: /^XX/, state: 'faulty', alarm: 'The database reports an error of its own.' },
];

const LOST_SOCKET = new Set([
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
const LOST_MESSAGE =
  /^(?:Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection terminated|Client (?:has encountered a connection error|was closed)|Cannot use a pool after calling end|The server does not support SSL)/;
/** How TypeORM calls it when a connection dies in the midst of a transaction. */
const LOST_RUNNER = new Set(['QueryRunnerAlreadyReleasedError', 'QueryRunnerProviderAlreadyReleasedError']);

const RETRY_AFTER_SECONDS = 2;

interface DriverError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
  readonly name?: unknown;
}

/** The name of the unique, foreign key or check constraint that a statement violated. */
export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = driverError(error);
  return typeof code === 'string' && code.startsWith('23') && typeof constraint === 'string' ? constraint : undefined;
}

/** Whether it may pass by waiting, also at start. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const state = meaningOf(error)?.state;
  return state === 'away' || (state === 'faulty' && driverError(error).code !== '42501');
}

/** Whether the whole transaction may be done once more. */
export function isCollision(error: unknown): boolean {
  const { code } = driverError(error);
  return code === '40001' || code === '40P01';
}

/** Whether somebody held what the statement needed for longer than `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return driverError(error).code === '55P03';
}

/** Whether a statement took longer than it may. */
export function isStatementTimeout(error: unknown): boolean {
  return driverError(error).code === '57014';
}

/** For the problem filter: all of it is 503, and the client may try again. */
export function translateDatabaseError(error: unknown): AppError | undefined {
  const meaning = meaningOf(error);
  if (!meaning) return undefined;
  return new AppError(meaning.state === 'collided' ? 'overloaded' : 'database_unavailable', {
    cause: error,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    alarm: meaning.alarm,
  });
}

const LOST: Pick<Meaning, 'state' | 'alarm'> = { state: 'away' };

function meaningOf(error: unknown): Pick<Meaning, 'state' | 'alarm'> | undefined {
  const { code, message, name } = driverError(error);
  if (typeof code === 'string')
    return LOST_SOCKET.has(code) ? LOST : MEANINGS.find(({ sqlstate }) => sqlstate.test(code));
  const isLost = LOST_RUNNER.has(String(name)) || (typeof message === 'string' && LOST_MESSAGE.test(message));
  return isLost ? LOST : undefined;
}

/** TypeORM wraps the driver's error, and Node wraps the attempts at several addresses. */
function driverError(error: unknown): DriverError {
  if (typeof error !== 'object' || error === null) return {};
  if ('driverError' in error) return driverError(error.driverError);
  if (error instanceof AggregateError && error.errors.length > 0) return driverError(error.errors[0]);
  return error;
}
