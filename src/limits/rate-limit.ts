/** Counts requests, with the headers of draft-ietf-httpapi-ratelimit-headers. */
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';

import type { AuthenticatedRequest } from '../common/access.js';
import { trackedNetworkOf } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { sendProblem } from '../http/hardening.js';
import { type Counters, COUNTERS } from './counters.js';
import { PER_ADDRESS, PER_USER, type Policy, strictPolicies } from './policies.js';

/** Counts by address before routing and parsing: floods of unknown paths and broken bodies count, too. */
export function limitAddresses(fastify: FastifyInstance, counters: Counters): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url?.startsWith('/health/') === true) return;
    const refusal = await count(counters, reply, PER_ADDRESS, trackedNetworkOf(request));
    if (!refusal) return;
    sendProblem(request, reply, refusal);
    return reply;
  });
}

interface Hit {
  readonly headers: Readonly<Record<'ratelimit' | 'ratelimit-policy', string>>;
  readonly refusal: AppError | undefined;
}

export function hitAddress(counters: Counters, network: string): Promise<Hit> {
  return hit(counters, PER_ADDRESS, network);
}

async function hit(counters: Counters, policy: Policy, tracker: string): Promise<Hit> {
  const { name, limit, windowMs } = policy;
  const counted = counters.hit(policy, tracker);
  const { hits, endsIn } = counted instanceof Promise ? await counted : counted;
  return {
    headers: {
      'ratelimit-policy': `"${name}";q=${limit};w=${windowMs / 1_000}`,
      ratelimit: `"${name}";r=${Math.max(0, limit - hits)};t=${endsIn}`,
    },
    refusal: hits > limit ? new AppError('rate_limited', { retryAfterSeconds: endsIn }) : undefined,
  };
}

async function count(
  counters: Counters,
  reply: FastifyReply,
  policy: Policy,
  tracker: string,
): Promise<AppError | undefined> {
  const { headers, refusal } = await hit(counters, policy, tracker);
  addListMember(reply, 'ratelimit-policy', headers['ratelimit-policy']);
  addListMember(reply, 'ratelimit', headers.ratelimit);
  return refusal;
}

function addListMember(reply: FastifyReply, header: string, member: string): void {
  const before = reply.getHeader(header);
  void reply.header(header, before === undefined ? member : `${String(before)}, ${member}`);
}

/** Runs before the token is checked: failed attempts count. */
@Injectable()
export class AddressLimitGuard implements CanActivate {
  constructor(@Inject(COUNTERS) private readonly counters: Counters) {}

  canActivate(context: ExecutionContext): true | Promise<true> {
    const policies = strictPolicies(context.getHandler(), context.getClass(), 'address');
    return policies.length === 0 || this.count(context, policies);
  }

  private async count(context: ExecutionContext, policies: readonly Policy[]): Promise<true> {
    const http = context.switchToHttp();
    const network = trackedNetworkOf(http.getRequest<AuthenticatedRequest>());
    await countAll(this.counters, http.getResponse(), policies, network);
    return true;
  }
}

@Injectable()
export class UserLimitGuard implements CanActivate {
  constructor(@Inject(COUNTERS) private readonly counters: Counters) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const http = context.switchToHttp();
    const userId = http.getRequest<AuthenticatedRequest>().user?.userId;
    if (userId === undefined) return true;
    const strict = strictPolicies(context.getHandler(), context.getClass(), 'user');
    await countAll(this.counters, http.getResponse(), [PER_USER, ...strict], userId);
    return true;
  }
}

async function countAll(
  counters: Counters,
  reply: FastifyReply,
  policies: readonly Policy[],
  tracker: string,
): Promise<void> {
  for (const policy of policies) {
    const refusal = await count(counters, reply, policy, tracker);
    if (refusal) throw refusal;
  }
}
