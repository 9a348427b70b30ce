import { isIP, isIPv6 } from 'node:net';
import { availableParallelism } from 'node:os';

import { developmentSecret } from './development-secret.js';
import { ConfigError, Environment } from './environment.js';
import { FIRST_KEY, KEY_ALGORITHMS, keyFaults, type KeyFolder } from './key-files.js';
import { type PasskeySettings, readPasskeys } from './passkeys.js';
import {
  type DatabaseSettings,
  type MailSettings,
  readDatabase,
  readLinkBase,
  readMail,
  readRedis,
} from './servers.js';
import { isWeakPassword, weakness } from './weak-secrets.js';

export type NodeEnv = 'development' | 'production' | 'test';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface Config {
  readonly nodeEnv: NodeEnv;
  readonly workers: number;
  /** Whether this process runs the background jobs: of several workers, one does. */
  readonly runsJobs: boolean;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | undefined;
    readonly httpsOnly: boolean;
    readonly trustedProxies: readonly string[];
    readonly corsOrigins: readonly string[];
    /** Host names, besides localhost, for routes that trust the network; `*` for all. */
    readonly allowedHosts: readonly string[];
    readonly docs: boolean;
    readonly metricsToken: string | undefined;
    /** Where people tell of a weakness: https: or mailto: (RFC 9116). */
    readonly securityContact: string | undefined;
    /** Time for a load balancer to notice that this instance drains, before it stops listening. */
    readonly noticeMs: number;
    readonly shutdownTimeoutMs: number;
    readonly connectionsPerAddress: number;
  };
  readonly database: DatabaseSettings & { readonly dataDir: string };
  readonly tokens: {
    readonly secret: string;
    readonly previousSecret: string | undefined;
    readonly keyFolder: KeyFolder | undefined;
    readonly issuer: string;
    readonly audience: string;
    readonly accessTtlMs: number;
    readonly serviceToken: string | undefined;
  };
  readonly sessions: {
    readonly refreshGraceMs: number;
    readonly idleTtlMs: number;
    readonly absoluteTtlMs: number;
    readonly perUser: number;
  };
  readonly passwords: {
    readonly policy: 'default' | 'nist';
    readonly minLength: number;
    readonly bcryptCost: number;
    readonly threads: number;
  };
  readonly registration: {
    readonly requireConfirmation: boolean;
    readonly concealConflicts: boolean;
  };
  readonly emailLogin: boolean;
  readonly passkeys: PasskeySettings;
  /** Staff routes answer to sessions that a second factor proved. */
  readonly staffNeedsSecondFactor: boolean;
  readonly mail: MailSettings;
  readonly firstAdmin: { readonly email: string; readonly password: string } | undefined;
  readonly accountDeleteDelayMs: number;
  readonly auditRetentionMs: number;
  readonly rateLimit: boolean;
  readonly redisUrl: string | undefined;
  readonly loginGuard: boolean;
  readonly logLevel: LogLevel;
  /** `auto`: for people at a terminal in development, else JSON. */
  readonly logFormat: 'auto' | 'json' | 'pretty';
  readonly unused: readonly string[];
  readonly misspelt: readonly { readonly name: string; readonly meant: string }[];
}

const MOST_WORKERS = 64;

/** @throws ConfigError that lists all faults by name, never by value */
export function loadConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const env = new Environment(variables);
  const nodeEnv = env.oneOf('NODE_ENV', ['development', 'production', 'test']);
  const production = nodeEnv === 'production';
  const dataDir = env.text('DATA_DIR') ?? '.data';
  const http = readHttp(env, production);
  const database = { ...readDatabase(env, production), dataDir };
  const mail = readMail(env, production, http.publicUrl);
  const jwtSecret = readJwtSecrets(env, production);
  const keyFolder = readKeyFolder(env);
  for (const fault of keyFolder ? keyFaults(keyFolder) : []) env.fault('JWT_KEYS_DIR', fault);
  const config = {
    nodeEnv,
    workers: readWorkers(env),
    runsJobs: true,
    http,
    database,
    sessions: {
      refreshGraceMs: env.duration('REFRESH_GRACE', '30s', { min: '0s', max: '10m' }),
      idleTtlMs: env.duration('SESSION_IDLE_TTL', '30d', { min: '1m', max: '3650d' }),
      absoluteTtlMs: env.duration('SESSION_ABSOLUTE_TTL', '90d', { min: '1m', max: '3650d' }),
      perUser: env.integer('SESSIONS_PER_USER', 50, { min: 1, max: 1_000 }),
    },
    passwords: {
      policy: env.oneOf('PASSWORD_POLICY', ['default', 'nist']),
      minLength: env.integer('PASSWORD_MIN_LENGTH', 8, { min: 8, max: 64 }),
      bcryptCost: env.integer('BCRYPT_COST', 12, { min: nodeEnv === 'test' ? 4 : 10, max: 15 }),
      threads: env.integer('UV_THREADPOOL_SIZE', 4, { min: 1, max: 1_024 }),
    },
    registration: {
      requireConfirmation: env.oneOf('REQUIRE_EMAIL_CONFIRMATION', ['false', 'true']) === 'true',
      concealConflicts: env.oneOf('REGISTER_CONFLICT', ['reveal', 'conceal']) === 'conceal',
    },
    emailLogin: env.oneOf('EMAIL_LOGIN', ['off', 'on']) === 'on',
    staffNeedsSecondFactor: env.oneOf('STAFF_MFA', ['optional', 'required']) === 'required',
    mail,
    passkeys: readPasskeys(env, { home: mail.appUrl ?? http.publicUrl, ...http }),
    firstAdmin: readFirstAdmin(env, production),
    accountDeleteDelayMs: env.duration('ACCOUNT_DELETE_DELAY', '7d', { min: '0s', max: '365d' }),
    auditRetentionMs: env.duration('AUDIT_RETENTION', '400d', { min: '30d', max: '3650d' }),
    rateLimit: readSwitch(env, 'RATE_LIMIT', production),
    redisUrl: readRedis(env, production),
    loginGuard: readSwitch(env, 'LOGIN_GUARD', production),
    logFormat: env.oneOf('LOG_FORMAT', ['auto', 'json', 'pretty']),
    logLevel: env.oneOf('LOG_LEVEL', ['info', 'fatal', 'error', 'warn', 'debug', 'trace', 'silent']),
    unused: (keyFolder ? [] : ['JWT_KEYS_DIR']).filter((name) => env.has(name)),
  };
  const lacksMail = production && !env.has('SMTP_URL') && !env.has('SMTP_HOST');
  if (lacksMail && config.registration.requireConfirmation)
    env.fault('SMTP_URL', 'is required in production with REQUIRE_EMAIL_CONFIRMATION=true: nobody could log in');
  if (lacksMail && config.emailLogin)
    env.fault('SMTP_URL', 'is required in production with EMAIL_LOGIN=on: the mails would go nowhere');
  const tokens = {
    previousSecret: jwtSecret.previous,
    keyFolder,
    issuer: env.text('JWT_ISSUER') ?? 'roost',
    audience: env.text('JWT_AUDIENCE') ?? 'roost',
    accessTtlMs: env.duration('JWT_ACCESS_TTL', '24h', { min: '1s', max: '24h' }),
    serviceToken: env.secret('SERVICE_TOKEN'),
  };
  checkSecret(env, { name: 'SERVICE_TOKEN', value: tokens.serviceToken, production });
  if (config.sessions.idleTtlMs > config.sessions.absoluteTtlMs)
    env.fault('SESSION_IDLE_TTL', 'must not be longer than SESSION_ABSOLUTE_TTL');
  const misspelt = env.misspelt();
  if (env.faults.length > 0) {
    for (const { name, meant } of misspelt) env.fault(name, misspeltMessage(meant));
    throw new ConfigError(env.faults);
  }
  return {
    ...config,
    misspelt: env.misspelt(),
    tokens: { ...tokens, secret: jwtSecret.current ?? developmentSecret(dataDir) },
  };
}

export function misspeltMessage(meant: string): string {
  return `is not a variable of Roost: did you mean ${meant}?`;
}

function readWorkers(env: Environment): number {
  const text = env.text('WORKERS') ?? '1';
  const workers = text === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : Number(text);
  if (/^(?:auto|\d+)$/.test(text) && workers >= 1 && workers <= MOST_WORKERS) return workers;
  env.fault('WORKERS', `must be auto, or a whole number from 1 to ${MOST_WORKERS}`);
  return 1;
}

function readHttp(env: Environment, production: boolean): Config['http'] {
  const host = env.text('HOST') ?? (production ? '0.0.0.0' : '127.0.0.1');
  if (isIP(host) === 0 && host !== 'localhost') env.fault('HOST', 'must be an IP address to listen on, or localhost');
  const publicUrl = readLinkBase(env, 'PUBLIC_URL');
  const metricsToken = env.secret('METRICS_TOKEN');
  checkSecret(env, { name: 'METRICS_TOKEN', value: metricsToken, production });
  return {
    // Fastify would open a server for each address of localhost, and only guard the first.
    host: host === 'localhost' ? '127.0.0.1' : host,
    port: env.integer('PORT', 3000, { min: 0, max: 65_535 }),
    publicUrl,
    httpsOnly: production && publicUrl?.startsWith('https:') === true,
    trustedProxies: env.networks('TRUST_PROXY'),
    corsOrigins: env.origins('CORS_ORIGINS'),
    allowedHosts: [...env.hosts('ALLOWED_HOSTS'), hostOf(publicUrl ?? `http://${isIPv6(host) ? `[${host}]` : host}`)],
    docs: env.oneOf('DOCS', production ? ['off', 'on'] : ['on', 'off']) === 'on',
    metricsToken,
    securityContact: readSecurityContact(env),
    noticeMs: env.duration('SHUTDOWN_NOTICE', production ? '8s' : '0s', { min: '0s', max: '10m' }),
    shutdownTimeoutMs: env.duration('SHUTDOWN_TIMEOUT', '20s', { min: '1s', max: '10m' }),
    connectionsPerAddress: env.integer('CONNECTIONS_PER_ADDRESS', 256, { min: 1, max: 1_000_000 }),
  };
}

function readSecurityContact(env: Environment): string | undefined {
  const contact = env.text('SECURITY_CONTACT');
  if (contact === undefined || /^(?:https:\/\/\S+|mailto:\S+@\S+)$/.test(contact)) return contact;
  env.fault('SECURITY_CONTACT', 'must be like mailto:security@example.org or https://example.org/security');
  return undefined;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function readJwtSecrets(
  env: Environment,
  production: boolean,
): { current: string | undefined; previous: string | undefined } {
  const current = env.secret('JWT_SECRET');
  const previous = env.secret('JWT_SECRET_PREVIOUS');
  if (production && !env.has('JWT_SECRET')) env.fault('JWT_SECRET', 'is required in production');
  checkSecret(env, { name: 'JWT_SECRET', value: current, production });
  checkSecret(env, { name: 'JWT_SECRET_PREVIOUS', value: previous, production });
  if (current !== undefined && current === previous) env.fault('JWT_SECRET_PREVIOUS', 'must differ from JWT_SECRET');
  return { current, previous };
}

export function readKeyFolder(env: Environment): KeyFolder | undefined {
  const algorithm = env.oneOf('JWT_ALGORITHM', ['HS256', ...KEY_ALGORITHMS]);
  if (algorithm === 'HS256') return undefined;
  const dir = env.text('JWT_KEYS_DIR');
  if (dir !== undefined) return { algorithm, dir };
  env.fault('JWT_KEYS_DIR', `is required with JWT_ALGORITHM=${algorithm}: name a folder, and ${FIRST_KEY} in it`);
  return undefined;
}

function readFirstAdmin(env: Environment, production: boolean): Config['firstAdmin'] {
  const email = env.text('ADMIN_EMAIL');
  const password = env.secret('ADMIN_PASSWORD');
  if (email !== undefined && !env.has('ADMIN_PASSWORD')) env.fault('ADMIN_PASSWORD', 'is needed with ADMIN_EMAIL');
  if (email === undefined && password !== undefined) env.fault('ADMIN_EMAIL', 'is needed with ADMIN_PASSWORD');
  if (password !== undefined && Buffer.byteLength(password) > 72)
    env.fault('ADMIN_PASSWORD', 'must have at most 72 bytes in UTF-8');
  if (production && password !== undefined && isWeakPassword(password, email?.split('@')[0]))
    env.fault('ADMIN_PASSWORD', 'is too easy to guess, which production refuses');
  return email === undefined || password === undefined ? undefined : { email, password };
}

function checkSecret(env: Environment, secret: { name: string; value: string | undefined; production: boolean }): void {
  const fault = secret.value === undefined ? undefined : weakness(secret.value);
  if (fault !== undefined && (fault.always || secret.production)) env.fault(secret.name, fault.message);
}

function readSwitch(env: Environment, name: string, production: boolean): boolean {
  const on = env.oneOf(name, ['on', 'off']) === 'on';
  if (!on && production) env.fault(name, 'cannot be off in production');
  return on;
}
