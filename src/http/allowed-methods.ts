/** Which methods an address takes: what stands between 404 and 405. */
import type { FastifyInstance } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';

import { AppError } from '../common/errors.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that an address takes; none for an unknown address. */
    allowedMethods: (url: string) => string[];
  }
}

/** Of one part of an address: longer than any head. What is too long for us is refused as a request like any other. */
export const MAX_PARAM_LENGTH = 65_536;

/** RFC 9110 section 15.5.6: an address that exists, and a method that it does not take. */
export function unrouted(allowed: readonly string[]): AppError {
  return allowed.length > 0
    ? new AppError('method_not_allowed', { headers: { allow: allowed.join(', ') } })
    : new AppError('route_not_found');
}

/** A second router of the same kind, asked only when the first found nothing. Call before there are routes. */
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
