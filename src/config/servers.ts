import { isIP } from 'node:net';

import { parseConnectionUrl, withPassword } from './connection-url.js';
import type { Environment } from './environment.js';
import { isWeakPassword } from './weak-secrets.js';

const POSTGRES = ['postgres:', 'postgresql:'];
const SMTPS_PORT = 465;

export interface DatabaseSettings {
  readonly url: string | undefined;
  /** For migrations, where `url` is a pooler or a role with fewer rights. */
  readonly directUrl: string | undefined;
  readonly replicaUrls: readonly string[];
  readonly poolMax: number;
  /** `auto`: unless a pooler is between, which may give each transaction another connection of the server. */
  readonly prepared: 'auto' | 'on' | 'off';
  readonly waitMs: number;
}

export interface MailSettings {
  readonly smtpUrl: string | undefined;
  readonly from: { readonly name: string; readonly address: string };
  readonly appUrl: string | undefined;
  /** Shown by authenticator apps and passkeys. */
  readonly serviceName: string;
  readonly mailbox: boolean;
  readonly outboxIntervalMs: number;
}

export function readDatabase(env: Environment, production: boolean): DatabaseSettings {
  const poolMax = env.integer('DATABASE_POOL_MAX', 20, { min: 1, max: 1_000 });
  const prepared = env.oneOf('DATABASE_PREPARED', ['auto', 'on', 'off']);
  const waitMs = env.duration('DATABASE_WAIT', '60s', { min: '0s', max: '1d' });
  const password = env.secret('DATABASE_PASSWORD');
  const embedded = env.text('DATABASE_URL') === 'embedded';
  if (production && !env.has('DATABASE_URL'))
    env.fault('DATABASE_URL', 'is required in production (DATABASE_URL=embedded asks for the embedded PostgreSQL)');
  const url = embedded ? undefined : readDatabaseUrl(env, 'DATABASE_URL', { password, production });
  const directUrl = readDatabaseUrl(env, 'DATABASE_DIRECT_URL', { password: undefined, production });
  const replicaUrls = readReplicaUrls(env, production).map((replica) => withSharedPassword(replica, password));
  if (password !== undefined && (embedded || !env.has('DATABASE_URL')))
    env.fault('DATABASE_PASSWORD', 'needs a DATABASE_URL, which is not set');
  return { url, directUrl: withSharedPassword(directUrl, password), replicaUrls, poolMax, prepared, waitMs };
}

function readDatabaseUrl(
  env: Environment,
  name: string,
  { password, production }: { password: string | undefined; production: boolean },
): string | undefined {
  const url = env.secretUrl(name, POSTGRES);
  if (url === undefined) return undefined;
  const whole = password === undefined ? url : withPassword(url, password);
  if (whole === undefined)
    env.fault('DATABASE_PASSWORD', `needs a ${name} that names a user and has no password in it`);
  else if (production) refuseWeakPassword(env, name, whole);
  return whole;
}

function readReplicaUrls(env: Environment, production: boolean): string[] {
  const urls = env.secretUrls('DATABASE_REPLICA_URLS', POSTGRES);
  if (production) for (const url of urls) refuseWeakPassword(env, 'DATABASE_REPLICA_URLS', url);
  return urls;
}

function withSharedPassword<T extends string | undefined>(url: T, password: string | undefined): T | string {
  return url === undefined || password === undefined ? url : (withPassword(url, password) ?? url);
}

export function readRedis(env: Environment, production: boolean): string | undefined {
  const url = env.secretUrl('REDIS_URL', ['redis:', 'rediss:']);
  if (production && url !== undefined) refuseWeakPassword(env, 'REDIS_URL', url);
  return url;
}

function refuseWeakPassword(env: Environment, name: string, url: string): void {
  const { username, password, searchParams } = parseConnectionUrl(url);
  const secret = decodeURIComponent(password) || (searchParams.get('password') ?? '');
  if (secret !== '' && isWeakPassword(secret, decodeURIComponent(username)))
    env.fault(name, 'has a password that is too easy to guess, which production refuses');
}

/** Production has no mailbox that anybody could read: without SMTP mails wait, and a warning says so. */
export function readMail(env: Environment, production: boolean, publicUrl: string | undefined): MailSettings {
  const [whole, parts] = [env.secretUrl('SMTP_URL', ['smtp:', 'smtps:']), readSmtpParts(env)];
  const smtpUrl = whole ?? parts;
  if (production && smtpUrl !== undefined && URL.canParse(smtpUrl))
    refuseWeakPassword(env, whole === undefined ? 'SMTP_PASSWORD' : 'SMTP_URL', smtpUrl);
  const from = readSender(env, { publicUrl, sends: smtpUrl !== undefined });
  const appUrl = readLinkBase(env, 'APP_URL');
  return {
    smtpUrl,
    from,
    appUrl,
    serviceName: from.name === '' ? (hostNameOf(appUrl ?? publicUrl) ?? 'Roost') : from.name,
    mailbox: smtpUrl === undefined && !production,
    outboxIntervalMs: env.duration('OUTBOX_INTERVAL', '1m', { min: '1s', max: '1d' }),
  };
}

function readSmtpParts(env: Environment): string | undefined {
  const [host, user] = [env.text('SMTP_HOST'), env.text('SMTP_USER')];
  const port = env.integer('SMTP_PORT', 587, { min: 1, max: 65_535 });
  const password = env.secret('SMTP_PASSWORD');
  if (host === undefined) {
    for (const name of ['SMTP_PORT', 'SMTP_USER', 'SMTP_PASSWORD'])
      if (env.has(name)) env.fault(name, 'needs SMTP_HOST');
    return undefined;
  }
  if (env.has('SMTP_URL')) env.fault('SMTP_HOST', 'and SMTP_URL are both set: keep one');
  if (isIP(host) === 0 && !/^[\w.-]+$/.test(host)) env.fault('SMTP_HOST', 'must be a host name or an IP address');
  if ((user === undefined) !== (password === undefined))
    env.fault(
      user === undefined ? 'SMTP_USER' : 'SMTP_PASSWORD',
      'is missing: SMTP_USER and SMTP_PASSWORD need each other',
    );
  const login = user === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}@`;
  return `${port === SMTPS_PORT ? 'smtps' : 'smtp'}://${login}${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function readSender(
  env: Environment,
  { publicUrl, sends }: { publicUrl: string | undefined; sends: boolean },
): MailSettings['from'] {
  const domain = publicUrl === undefined ? 'localhost' : hostNameOf(publicUrl);
  const given = env.text('MAIL_FROM');
  if (given === undefined && domain === undefined && sends)
    env.fault('MAIL_FROM', 'is required: no mail can come from the host of PUBLIC_URL');
  const from = /^(?:"?(?<name>[^"<>\r\n]*?)"?\s*<(?<boxed>[^<>]+)>|(?<bare>[^<>]+))$/.exec(
    given ?? `Roost <noreply@${domain ?? 'localhost'}>`,
  )?.groups;
  const address = from?.boxed ?? from?.bare ?? '';
  if (!/^[!#-'*+\--9=?A-Z^-~]+@[A-Za-z0-9.-]+$/.test(address))
    env.fault('MAIL_FROM', 'must be an address in ASCII, or a name and an address: Roost <noreply@example.org>');
  return { name: from?.name?.trim() ?? '', address };
}

function hostNameOf(url = ''): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  return isIP(hostname) === 0 && /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/.test(hostname) ? hostname : undefined;
}

export function readLinkBase(env: Environment, name: string): string | undefined {
  const url = env.url(name, ['http:', 'https:']);
  if (url === undefined) return undefined;
  if (/[?#@]/.test(url)) env.fault(name, 'must have no user, query or fragment');
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}
