/** Request limits per address and per person. */
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ThrottlerModule, type ThrottlerStorage } from '@nestjs/throttler';
import type { Logger } from 'pino';

import type { Config } from '../config/config.js';
import { CounterStorage, rateLimits } from './rate-limit.js';
import { UserTurns } from './user-turns.js';

const POOL_SHARE = 4;

@Module({})
export class LimitsModule {
  static with(config: Config, logger: Logger): DynamicModule {
    const turns = new UserTurns(Math.max(1, Math.floor(config.database.poolMax / POOL_SHARE)));
    return {
      module: LimitsModule,
      imports: [ThrottlerModule.forRootAsync({ useFactory: async () => rateLimits(await countersOf(config, logger)) })],
      providers: [{ provide: APP_INTERCEPTOR, useValue: turns }],
    };
  }
}

async function countersOf({ rateLimit, redisUrl }: Config, logger: Logger): Promise<ThrottlerStorage> {
  if (!rateLimit || redisUrl === undefined) return new CounterStorage();
  const { SharedCounterStorage } = await import('./shared-counters.js');
  return new SharedCounterStorage(redisUrl, logger);
}
