/** Fixed windows in Redis, shared by all instances. Without Redis, each process counts for itself. */
import { once } from 'node:events';

import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

import { type Counters, MemoryCounters, secondsOf, type Window } from './counters.js';
import type { Policy } from './policies.js';

/** Milliseconds: a request's longest wait for Redis, and a start's for the first connection. */
export const PATIENCE = { answer: 100, start: 1_000 };
const TRY_AGAIN_MS = 500;
/** A connection that was closed has its reason from the next attempt to connect. */
const REASON_MS = 2_000;
const CLOSED = /^(?:Stream isn't writeable|Connection is closed|Command aborted)/;

/** The first hit starts the window; a key that lost its expiry gets one. */
const COUNT_HIT = `
  local hits = redis.call('INCR', KEYS[1])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
  end
  return { hits, left }`;

interface CountingRedis extends Redis {
  countHit(key: string, ttlMs: number): Promise<[hits: number, leftMs: number]>;
}

@Injectable()
export class SharedCounters implements Counters, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly redis: CountingRedis;
  /** Always counts too, so that the loss of Redis resets no counter. */
  private readonly own = new MemoryCounters();
  private state: 'starting' | 'shared' | 'away' | 'closed' = 'starting';
  private lastError: Error | undefined;
  private untoldSince: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    private readonly logger: Logger,
  ) {
    const redis = new Redis(url, {
      lazyConnect: true,
      connectionName: 'roost',
      keyPrefix: 'roost:limit:',
      scripts: { countHit: { lua: COUNT_HIT, numberOfKeys: 1 } },
      connectTimeout: PATIENCE.start,
      commandTimeout: PATIENCE.answer,
      disconnectTimeout: PATIENCE.answer,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => TRY_AGAIN_MS,
    });
    redis.on('error', (error: Error) => {
      this.lastError = error;
      if (this.state === 'away') this.tellLoss(error.message);
    });
    redis.on('ready', () => (this.lastError = undefined));
    this.redis = redis as CountingRedis;
  }

  async onApplicationBootstrap(): Promise<void> {
    const ready = once(this.redis, 'ready', { signal: AbortSignal.timeout(PATIENCE.start) });
    this.redis.connect().catch(() => undefined);
    await ready.catch(() => undefined);
    await this.probe();
  }

  onApplicationShutdown(): void {
    this.state = 'closed';
    clearTimeout(this.timer);
    this.redis.disconnect();
  }

  async hit(policy: Policy, tracker: string): Promise<Window> {
    const own = this.own.hit(policy, tracker);
    if (this.state !== 'shared') return own;
    try {
      const [hits, leftMs] = await this.redis.countHit(`${policy.name} ${tracker}`, policy.windowMs);
      return { hits, secondsLeft: secondsOf(leftMs) };
    } catch (error) {
      this.leave(error);
      return own;
    }
  }

  /** Runs a request's command: a Redis that answers a ping may still refuse writes. */
  private async probe(): Promise<void> {
    try {
      await this.redis.countHit('probe', TRY_AGAIN_MS);
      if (this.state === 'closed') return;
      if (this.state === 'away') {
        this.tellLoss('the connection was closed');
        this.logger.info({ event: 'limits_shared' }, 'Redis is back: rate limits are shared again');
      }
      this.state = 'shared';
    } catch (error) {
      const isSilent = this.redis.status === 'ready' && (error as Error).name !== 'ReplyError';
      if (isSilent) this.redis.disconnect(true);
      this.leave(error);
    }
  }

  private leave(error: unknown): void {
    if (this.state === 'closed') return;
    if (this.state !== 'away') this.untoldSince = performance.now();
    this.state = 'away';
    const { message } = this.lastError ?? (error as Error);
    const isLate = performance.now() - (this.untoldSince ?? Infinity) > REASON_MS;
    if (isLate || !CLOSED.test(message)) this.tellLoss(message);
    this.tryAgain();
  }

  private tellLoss(reason: string): void {
    if (this.untoldSince === undefined) return;
    this.untoldSince = undefined;
    this.logger.warn(
      { event: 'limits_not_shared', reason },
      'Redis is away: each process counts rate limits for itself',
    );
  }

  private tryAgain(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.probe();
    }, TRY_AGAIN_MS).unref();
  }
}
