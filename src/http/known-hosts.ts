/** Routes that trust the network answer to known host names only, against DNS rebinding by web pages. */
import type { FastifyInstance } from 'fastify';

import { isLoopbackAddress } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { sendProblem } from './hardening.js';

export interface KnownHosts {
  readonly allowedHosts: readonly string[];
  readonly metricsToken: string | undefined;
}

export function requireKnownHosts(fastify: FastifyInstance, { allowedHosts, metricsToken }: KnownHosts): void {
  if (allowedHosts.includes('*')) return;
  const known = new Set(['localhost', ...allowedHosts]);
  const trusting = metricsToken === undefined ? /^\/(?:dev|docs|metrics)(?:\/|$)/ : /^\/(?:dev|docs)(?:\/|$)/;
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!trusting.test(request.routeOptions.url ?? '')) {
      done();
      return;
    }
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    if (known.has(host) || isLoopbackAddress(host)) done();
    else sendProblem(request, reply, new AppError('unknown_host'));
  });
}
