/**
 * Routes that trust the network answer only to names that are known. A page whose own name is made to point here (DNS
 * rebinding) is of the same origin for its browser, and could read them.
 */
import type { FastifyInstance } from 'fastify';

import { isLoopbackAddress } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { sendProblem } from './hardening.js';

export interface KnownHosts {
  /** Names and addresses without a port, in lower case, IPv6 in brackets; `*` allows all. */
  readonly allowedHosts: readonly string[];
  /** Whether metrics ask for a token, and so do not trust the network. */
  readonly metricsToken: string | undefined;
}

export function requireKnownHosts(fastify: FastifyInstance, { allowedHosts, metricsToken }: KnownHosts): void {
  if (allowedHosts.includes('*')) return;
  const known = new Set(['localhost', ...allowedHosts]);
  const trusting = metricsToken === undefined ? /^\/(?:dev|docs|metrics)(?:\/|$)/ : /^\/(?:dev|docs)(?:\/|$)/;
  fastify.addHook('onRequest', (request, reply, done) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    const open = !trusting.test(request.routeOptions.url ?? '');
    if (open || known.has(host) || isLoopbackAddress(host)) done();
    else sendProblem(request, reply, new AppError('unknown_host'));
  });
}
