/** Which web pages may call the API (the CORS protocol of the Fetch standard): exact origins, without credentials. */
import type { FastifyRequest } from 'fastify';

const EXPOSED = 'link, ratelimit, ratelimit-policy, retry-after, x-request-id';

export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, last-event-id',
  'access-control-max-age': '600',
};

/** For every answer, errors too: a page must be able to read them. */
export function corsHeaders(
  { headers }: Pick<FastifyRequest, 'headers'>,
  origins: readonly string[],
): Record<string, string> {
  if (origins.length === 0) return {};
  const { origin } = headers;
  if (origin === undefined || !origins.includes(origin)) return { vary: 'origin' };
  return { vary: 'origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED };
}

export function isPreflight({ method, headers }: FastifyRequest, origins: readonly string[]): boolean {
  const { origin, 'access-control-request-method': requested } = headers;
  return method === 'OPTIONS' && requested !== undefined && origin !== undefined && origins.includes(origin);
}
