import { AppError } from '../common/errors.js';

/** `collided`: two transactions met, retry; `away`: lost, starting, stopping or overloaded; `closed`: refuses us,
 * at start a configuration fault, later maintenance; `faulty`: reachable, but broken until an operator acts. */
type State = 'collided' | 'away' | 'closed' | 'faulty';

interface Meaning {
  readonly sqlstate: RegExp;
  readonly state: State;
  readonly alarm?: string;
}

/** The first match wins. https://www.postgresql.org/docs/current/errcodes-appendix.html */
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
const SILENCE =
  /^(?:Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection terminated due to connection timeout)/;
const LOST_RUNNER = new Set(['QueryRunnerAlreadyReleasedError', 'QueryRunnerProviderAlreadyReleasedError']);

const RETRY_AFTER_SECONDS = 2;

interface DriverError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
  readonly name?: unknown;
  readonly routine?: unknown;
}

export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = driverError(error);
  return typeof code === 'string' && code.startsWith('23') && typeof constraint === 'string' ? constraint : undefined;
}

export function isDatabaseUnavailable(error: unknown): boolean {
  const state = meaningOf(error)?.state;
  return state === 'away' || (state === 'faulty' && driverError(error).code !== '42501');
}

export function isCollision(error: unknown): boolean {
  const { code } = driverError(error);
  return code === '40001' || code === '40P01';
}

/** `changed` by a migration, `unknown` as behind a pooler. PostgreSQL finds it before it does anything. */
export function lostPlan(error: unknown): 'changed' | 'unknown' | undefined {
  const { code, routine } = driverError(error);
  if (routine === 'RevalidateCachedQuery') return 'changed';
  return code === '26000' || code === '42P05' ? 'unknown' : undefined;
}

/** The server closes the connection after this error (class 57P, and time-outs of an idle transaction). */
export function endsConnection(error: unknown): boolean {
  return /^(?:57P0[1-5]|25P0[34])$/.test(String(driverError(error).code));
}

export function isReadOnly(error: unknown): boolean {
  return driverError(error).code === '25006';
}

export function isMissingTable(error: unknown): boolean {
  return driverError(error).code === '42P01';
}

export function isSilence(error: unknown): boolean {
  return SILENCE.test(String(driverError(error).message));
}

export function isLockTimeout(error: unknown): boolean {
  return driverError(error).code === '55P03';
}

export function isStatementTimeout(error: unknown): boolean {
  return driverError(error).code === '57014';
}

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

/** TypeORM wraps the driver's error, and Node wraps attempts at several addresses. */
function driverError(error: unknown): DriverError {
  if (typeof error !== 'object' || error === null) return {};
  if ('driverError' in error) return driverError(error.driverError);
  if (error instanceof AggregateError && error.errors.length > 0) return driverError(error.errors[0]);
  return error;
}
