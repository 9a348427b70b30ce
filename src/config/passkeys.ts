/** Where passkeys may be used. Without settings: on the page of APP_URL, else of PUBLIC_URL, else on localhost. */
import type { Environment } from './environment.js';
import { readLinkBase } from './servers.js';

export interface PasskeySettings {
  /** The domain that passkeys are for; no page outside of it can use them. */
  readonly rpId: string;
  readonly origins: readonly string[];
  readonly pageUrl: string | undefined;
}

interface Surroundings {
  readonly home: string | undefined;
  readonly port: number;
  readonly corsOrigins: readonly string[];
}

const ANDROID = /^android:apk-key-hash:[\w-]{43}$/;
const DOMAIN = /^(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/;

export function readPasskeys(env: Environment, { home, port, corsOrigins }: Surroundings): PasskeySettings {
  const host = home !== undefined && URL.canParse(home) ? new URL(home).hostname : '';
  const rpId = env.text('PASSKEY_RP_ID') ?? (DOMAIN.test(host) ? host : 'localhost');
  if (!DOMAIN.test(rpId)) env.fault('PASSKEY_RP_ID', 'must be a domain such as example.org');
  const given = env.origins('PASSKEY_ORIGINS', ANDROID);
  if (!given.every((origin) => isOf(rpId, origin)))
    env.fault('PASSKEY_ORIGINS', 'must be https:// origins of PASSKEY_RP_ID or its subdomains');
  const own = [
    host === '' ? `http://localhost:${port}` : new URL(home ?? '').origin,
    ...corsOrigins.filter((origin) => /^https?:/.test(origin)),
  ];
  return {
    rpId,
    origins: given.length > 0 ? given : own.filter((origin) => isOf(rpId, origin)),
    pageUrl: readLinkBase(env, 'PASSKEY_PAGE_URL'),
  };
}

/** Browsers allow passkeys on HTTPS and on localhost only. Applications have origins of other schemes. */
function isOf(rpId: string, origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  if (!['https:', 'http:'].includes(protocol)) return true;
  const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
  return isSecure && (hostname === rpId || hostname.endsWith(`.${rpId}`));
}
