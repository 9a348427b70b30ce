/** Rate limits: @nestjs/throttler, counters of constant cost, the headers of draft-ietf-httpapi-ratelimit-headers. */
import { type CustomDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import {
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerOptions,
  type ThrottlerRequest,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { FastifyInstance, FastifyReply } from 'fastify';

import type { AuthenticatedRequest } from '../common/access.js';
import { trackedNetworkOf } from '../common/address.js';
import { AppError } from '../common/errors.js';
import { sendProblem } from '../http/hardening.js';

const MINUTE_MS = 60_000;
const STRICT_LIMITS = Symbol('strict rate limits');

/** `authentication`: 60 a minute per address; `account_mail`: 20 an hour per address; `export`: 10 an hour per user. */
export type StrictLimit = 'authentication' | 'account_mail' | 'export';

const USER_LIMITS = ['user', 'export'];

export const StrictlyLimited = (...limits: StrictLimit[]): CustomDecorator<symbol> =>
  SetMetadata(STRICT_LIMITS, limits);

/** Fixed windows in memory. The library's storage keeps a list of hits, whose cost grows with the limit. */
export class CounterStorage implements ThrottlerStorage {
  private static readonly MAX_COUNTERS = 200_000;
  private readonly counters = new Map<string, { hits: number; readonly endsAt: number }>();
  private sweepAt = 0;

  increment(key: string, ttl: number, limit: number): ReturnType<ThrottlerStorage['increment']> {
    const now = performance.now();
    let counter = this.counters.get(key);
    if (counter === undefined || counter.endsAt <= now) {
      this.makeRoom(now);
      counter = { hits: 0, endsAt: now + ttl };
      this.counters.set(key, counter);
    }
    counter.hits += 1;
    const timeToExpire = Math.max(1, Math.ceil(Math.min(ttl, counter.endsAt - now) / 1_000));
    return Promise.resolve({
      totalHits: counter.hits,
      timeToExpire,
      isBlocked: counter.hits > limit,
      timeToBlockExpire: timeToExpire,
    });
  }

  /** Sweeps once a minute; a flood of addresses evicts the oldest. */
  private makeRoom(now: number): void {
    if (now >= this.sweepAt) {
      this.sweepAt = now + MINUTE_MS;
      for (const [key, { endsAt }] of this.counters) if (endsAt <= now) this.counters.delete(key);
    }
    const [oldest] = this.counters.size < CounterStorage.MAX_COUNTERS ? [] : this.counters.keys();
    if (oldest !== undefined) this.counters.delete(oldest);
  }
}

const ADDRESS_LIMIT = { name: 'address', limit: 600, ttl: MINUTE_MS };

/** Counts by address (IPv6 by /64) before routing and parsing: floods of unknown paths and broken bodies count, too. */
export function limitAddresses(fastify: FastifyInstance, storage: ThrottlerStorage): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url?.startsWith('/health/') === true) return;
    const tracker = trackedNetworkOf(request);
    const refusal = await count(storage, reply, { ...ADDRESS_LIMIT, tracker });
    if (!refusal) return;
    sendProblem(request, reply, refusal);
    return reply;
  });
}

interface Count {
  readonly name: string;
  readonly tracker: string;
  readonly limit: number;
  readonly ttl: number;
}

async function count(storage: ThrottlerStorage, reply: FastifyReply, what: Count): Promise<AppError | undefined> {
  const { headers, refusal } = await hit(storage, what);
  for (const [name, member] of Object.entries(headers)) addListMember(reply, name, member);
  return refusal;
}

interface Hit {
  readonly headers: Record<string, string>;
  readonly refusal?: AppError;
}

export function hitAddress(storage: ThrottlerStorage, tracker: string): Promise<Hit> {
  return hit(storage, { ...ADDRESS_LIMIT, tracker });
}

async function hit(storage: ThrottlerStorage, { name, tracker, limit, ttl }: Count): Promise<Hit> {
  const { totalHits, timeToExpire, isBlocked } = await storage.increment(`${name} ${tracker}`, ttl, limit, ttl, name);
  return {
    headers: {
      'ratelimit-policy': `"${name}";q=${limit};w=${ttl / 1_000}`,
      ratelimit: `"${name}";r=${Math.max(0, limit - totalHits)};t=${timeToExpire}`,
    },
    ...(isBlocked && { refusal: new AppError('rate_limited', { retryAfterSeconds: timeToExpire }) }),
  };
}

abstract class RateLimitGuard extends ThrottlerGuard {
  protected abstract applies(name: string): boolean;

  override async onModuleInit(): Promise<void> {
    await super.onModuleInit();
    this.throttlers = this.throttlers.filter(({ name }) => name !== undefined && this.applies(name));
  }

  protected override async handleRequest(request: ThrottlerRequest): Promise<boolean> {
    const { context, limit, ttl, throttler, getTracker } = request;
    const http = context.switchToHttp();
    const tracker = await getTracker(http.getRequest<AuthenticatedRequest>(), context);
    const name = String(throttler.name);
    const refusal = await count(this.storageService, http.getResponse(), { name, tracker, limit, ttl });
    if (refusal) throw refusal;
    return true;
  }
}

@Injectable()
export class AddressLimitGuard extends RateLimitGuard {
  protected override applies(name: string): boolean {
    return !USER_LIMITS.includes(name);
  }

  protected override getTracker(request: AuthenticatedRequest): Promise<string> {
    return Promise.resolve(trackedNetworkOf(request));
  }
}

@Injectable()
export class UserLimitGuard extends RateLimitGuard {
  protected override applies(name: string): boolean {
    return USER_LIMITS.includes(name);
  }
}

export function rateLimits(storage: ThrottlerStorage): ThrottlerModuleOptions {
  const throttlers: ThrottlerOptions[] = [
    { name: 'authentication', limit: 60, ttl: MINUTE_MS, skipIf: isNotUnder('authentication') },
    { name: 'account_mail', limit: 20, ttl: 60 * MINUTE_MS, skipIf: isNotUnder('account_mail') },
    {
      name: 'user',
      limit: 1_200,
      ttl: MINUTE_MS,
      skipIf: isAnonymous,
      getTracker: userOf,
    },
    { name: 'export', limit: 10, ttl: 60 * MINUTE_MS, skipIf: isNotUnder('export'), getTracker: userOf },
  ];
  return { storage, throttlers };
}

function isNotUnder(limit: StrictLimit): (context: ExecutionContext) => boolean {
  return (context) => {
    const own = Reflect.getMetadata(STRICT_LIMITS, context.getHandler()) as StrictLimit[] | undefined;
    const limits = own ?? (Reflect.getMetadata(STRICT_LIMITS, context.getClass()) as StrictLimit[] | undefined);
    return !limits?.includes(limit);
  };
}

function userOf(request: object): string {
  return (request as AuthenticatedRequest).user?.userId ?? '';
}

function isAnonymous(context: ExecutionContext): boolean {
  return context.switchToHttp().getRequest<AuthenticatedRequest>().user === undefined;
}

function addListMember(reply: FastifyReply, header: string, member: string): void {
  const before = reply.getHeader(header);
  void reply.header(header, before === undefined ? member : `${String(before)}, ${member}`);
}
