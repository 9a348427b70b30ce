/** The methods of each address, to tell 405 from 404. */
import type { FastifyInstance } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';

import { AppError } from '../common/errors.js';

declare module 'fastify' {
  interface FastifyInstance {
    allowedMethods: (url: string) => string[];
  }
}

/** Longer than any request head: an over-long parameter is refused as a bad request, not by the router. */
export const MAX_PARAM_LENGTH = 65_536;

export function unrouted(allowed: readonly string[]): AppError {
  return allowed.length > 0
    ? new AppError('method_not_allowed', { headers: { allow: allowed.join(', ') } })
    : new AppError('route_not_found');
}

/** A second router, asked only after a miss. Call before routes are added. */
export function trackMethods(fastify: FastifyInstance): void {
  const router = findMyWay({ maxParamLength: MAX_PARAM_LENGTH });
  const methods = new Set<HTTPMethod>();
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat() as HTTPMethod[]) {
      methods.add(each);
      if (!router.hasRoute(each, url)) router.on(each, url, () => undefined);
    }
  });
  fastify.decorate('allowedMethods', (url: string) =>
    [...methods].filter((method) => router.find(method, url.split('?')[0] ?? '') !== null).sort(),
  );
}
