import type { IncomingHttpHeaders } from 'node:http';

/** A browser takes the prefix for a promise (RFC 6265bis section 4.1.3.2): from this host, over TLS, for all of it. */
export const COOKIE = '__Host-roost_refresh';
export const MODE_HEADER = 'refresh-token-in';

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';
const FORMAT = /^[\w-]{1,500}$/;

export function cookieOf(token: string, maxAgeSeconds: number): string {
  return `${COOKIE}=${token}; Max-Age=${maxAgeSeconds}; ${ATTRIBUTES}`;
}

export const CLEARED_COOKIE = `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;

export function tokenIn({ cookie = '' }: IncomingHttpHeaders): string | undefined {
  const pair = cookie.split(/; */).find((each) => each.startsWith(`${COOKIE}=`));
  const token = pair?.slice(COOKIE.length + 1);
  return token !== undefined && FORMAT.test(token) ? token : undefined;
}

/** Browsers say where a request comes from, and pages cannot change it. Without a word of a browser: no. */
export function isOwnPage(
  { host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  { publicUrl, corsOrigins }: { publicUrl: string | undefined; corsOrigins: readonly string[] },
): boolean {
  if (site !== undefined && !['same-origin', 'same-site', 'cross-site'].includes(site)) return false;
  if (origin === undefined) return site === 'same-origin';
  if (corsOrigins.includes(origin)) return true;
  if (site !== undefined && site !== 'same-origin') return false;
  return publicUrl === undefined
    ? URL.canParse(origin) && new URL(origin).host === host
    : new URL(publicUrl).origin === origin;
}
