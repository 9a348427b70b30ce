import type { FastifyRequest } from 'fastify';

const EXPOSED =
  'content-disposition, idempotency-replayed, link, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id';

const COOKIE_MODE = 'refresh-token-in';
const USED_HEADERS = ['authorization', 'content-type', 'idempotency-key', 'last-event-id'];
const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const ASKED_MAX_LENGTH = 1_000;

/** Tracing and caching libraries add headers: a trusted origin may send any. */
export function preflightHeaders({ headers }: FastifyRequest): Record<string, string> {
  const asked = askedHeaders(headers);
  const names = asked.every((name) => FIELD_NAME.test(name)) ? asked : [];
  return {
    vary: 'origin, access-control-request-headers',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': [...new Set([...USED_HEADERS, ...names])].join(', '),
    'access-control-max-age': '600',
  };
}

/** Errors carry them, too: a page must be able to read an error. */
export function corsHeaders(
  { headers }: Pick<FastifyRequest, 'headers'>,
  origins: readonly string[],
): Record<string, string> {
  if (origins.length === 0) return {};
  const { origin } = headers;
  if (origin === undefined || !origins.includes(origin)) return { vary: 'origin' };
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    ...(isInCookieMode(headers) && { 'access-control-allow-credentials': 'true' }),
  };
}

function isInCookieMode(headers: FastifyRequest['headers']): boolean {
  return headers[COOKIE_MODE] !== undefined || askedHeaders(headers).includes(COOKIE_MODE);
}

function askedHeaders(headers: FastifyRequest['headers']): string[] {
  const asked = headers['access-control-request-headers'] ?? '';
  if (asked.length > ASKED_MAX_LENGTH) return [];
  return asked
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

export function isPreflight({ method, headers }: FastifyRequest, origins: readonly string[]): boolean {
  const { origin, 'access-control-request-method': requested } = headers;
  return method === 'OPTIONS' && requested !== undefined && origin !== undefined && origins.includes(origin);
}
