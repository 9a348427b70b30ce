/** Request limits per address and per person. */
import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';

import type { Config } from '../config/config.js';
import { type Counters, COUNTERS, MemoryCounters } from './counters.js';
import { CostlyReads } from './costly-reads.js';
import { UserTurns } from './user-turns.js';

const POOL_SHARE = 4;

@Module({})
export class LimitsModule {
  static with(config: Config, logger: Logger, counters?: Counters): DynamicModule {
    const share = Math.max(1, Math.floor(config.database.poolMax / POOL_SHARE));
    return {
      module: LimitsModule,
      global: true,
      providers: [
        { provide: COUNTERS, useFactory: () => countersOf(config, logger, counters) },
        { provide: UserTurns, useValue: new UserTurns(share) },
        { provide: CostlyReads, useValue: new CostlyReads(share) },
      ],
      exports: [COUNTERS, UserTurns, CostlyReads],
    };
  }
}

async function countersOf(
  { rateLimit, redisUrl }: Config,
  logger: Logger,
  counters: Counters = new MemoryCounters(),
): Promise<Counters> {
  if (!rateLimit || redisUrl === undefined) return counters;
  const { SharedCounters } = await import('./shared-counters.js');
  return new SharedCounters(redisUrl, logger);
}
