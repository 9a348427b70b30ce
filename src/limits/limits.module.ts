/** Request limits per address and per person. */
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ThrottlerModule, type ThrottlerStorage } from '@nestjs/throttler';
import type { Logger } from 'pino';

import type { Config } from '../config/config.js';
import { CounterStorage, rateLimits } from './rate-limit.js';
import { SharedCounterStorage } from './shared-counters.js';
import { UserTurns } from './user-turns.js';

const POOL_SHARE = 4;

@Module({})
export class LimitsModule {
  static with(config: Config, logger: Logger): DynamicModule {
    const turns = new UserTurns(Math.max(1, Math.floor(config.database.poolMax / POOL_SHARE)));
    return {
      module: LimitsModule,
      imports: [ThrottlerModule.forRoot(rateLimits(countersOf(config, logger)))],
      providers: [{ provide: APP_INTERCEPTOR, useValue: turns }],
    };
  }
}

function countersOf({ rateLimit, redisUrl }: Config, logger: Logger): ThrottlerStorage {
  return rateLimit && redisUrl !== undefined ? new SharedCounterStorage(redisUrl, logger) : new CounterStorage();
}
