/** Counts requests, with the headers of draft-ietf-httpapi-ratelimit-headers. */
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { AuthenticatedRequest, Caller } from '../common/access.js';
import { trackedNetworkOf } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { sendProblem } from '../http/hardening.js';
import { type Counters, COUNTERS, type Window } from './counters.js';
import { ALL_TOKENS, PER_ADDRESS, PER_TOKEN, PER_USER, type Policy, strictPolicies } from './policies.js';

/** Counts by address before routing and parsing: floods of unknown paths and broken bodies count, too. */
export function limitAddresses(fastify: FastifyInstance, counters: Counters): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const admit = (counted: Hit): void => {
      const refusal = label(reply, counted);
      if (refusal) sendProblem(request, reply, refusal);
      else done();
    };
    const isProbe = request.routeOptions.url?.startsWith('/health/') === true;
    const counted = isProbe ? undefined : hitAddress(counters, trackedNetworkOf(request));
    if (counted instanceof Promise) counted.then(admit, done);
    else if (counted) admit(counted);
    else done();
  });
}

interface Hit {
  readonly headers: Readonly<Record<'ratelimit' | 'ratelimit-policy', string>>;
  readonly refusal: AppError | undefined;
}

export function hitAddress(counters: Counters, network: string): Hit | Promise<Hit> {
  return hit(counters, PER_ADDRESS, network);
}

function hit(counters: Counters, policy: Policy, tracker: string): Hit | Promise<Hit> {
  const counted = counters.hit(policy, tracker);
  return counted instanceof Promise ? counted.then((window) => judge(policy, window)) : judge(policy, counted);
}

function judge({ name, limit, windowMs }: Policy, { hits, secondsLeft }: Window): Hit {
  return {
    headers: {
      'ratelimit-policy': `"${name}";q=${limit};w=${windowMs / 1_000}`,
      ratelimit: `"${name}";r=${Math.max(0, limit - hits)};t=${secondsLeft}`,
    },
    refusal:
      hits > limit ? new AppError('rate_limited', { retryAfterSeconds: secondsLeft, policies: [name] }) : undefined,
  };
}

function label(reply: FastifyReply, { headers, refusal }: Hit): AppError | undefined {
  addListMember(reply, 'ratelimit-policy', headers['ratelimit-policy']);
  addListMember(reply, 'ratelimit', headers.ratelimit);
  return refusal;
}

function addListMember(reply: FastifyReply, header: string, member: string): void {
  const before = reply.getHeader(header);
  void reply.header(header, before === undefined ? member : `${String(before)}, ${member}`);
}

abstract class LimitGuard {
  constructor(@Inject(COUNTERS) private readonly counters: Counters) {}

  protected async count(context: ExecutionContext, policies: readonly Policy[], tracker: string): Promise<true> {
    for (const policy of policies) {
      const refusal = label(context.switchToHttp().getResponse(), await hit(this.counters, policy, tracker));
      if (refusal) throw refusal;
    }
    return true;
  }
}

/** Runs before the token is checked: failed attempts count. */
@Injectable()
export class AddressLimitGuard extends LimitGuard implements CanActivate {
  canActivate(context: ExecutionContext): true | Promise<true> {
    const policies = strictPolicies(context, 'address');
    if (policies.length === 0) return true;
    return this.count(context, policies, trackedNetworkOf(context.switchToHttp().getRequest<FastifyRequest>()));
  }
}

@Injectable()
export class UserLimitGuard extends LimitGuard implements CanActivate {
  canActivate(context: ExecutionContext): true | Promise<true> {
    const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (user === undefined) return true;
    const strict = strictPolicies(context, 'user');
    return user.scopes
      ? this.countToken(context, user, strict)
      : this.count(context, [PER_USER, ...strict], user.userId);
  }

  private async countToken(
    context: ExecutionContext,
    { userId, sessionId }: Caller,
    strict: readonly Policy[],
  ): Promise<true> {
    await this.count(context, [PER_TOKEN], sessionId);
    return this.count(context, [ALL_TOKENS, ...strict], userId);
  }
}
