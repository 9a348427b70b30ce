/** Reads of lists by replicas, where DATABASE_REPLICA_URLS names some. */
import { Module } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';

import { Clock } from '../../common/clock.js';
import { LOGGER } from '../../common/logger.js';
import { Activity } from '../../common/schedule.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { ListenerModule } from '../listener.module.js';
import { Listener } from '../listener.js';
import { Reads } from './reads.js';
import { Replicas } from './replicas.js';

@Module({
  imports: [ListenerModule],
  providers: [
    {
      provide: Reads,
      inject: [CONFIG, LOGGER, getDataSourceToken(), Clock, Activity, Listener],
      useFactory: readsOf,
    },
  ],
  exports: [Reads],
})
export class ReplicasModule {}

function readsOf(
  { database, tokens: { accessTtlMs } }: Config,
  logger: Logger,
  ...[{ manager: primary, options }, clock, activity, listener]: [DataSource, Clock, Activity, Listener]
): Reads {
  const { url: primaryUrl } = options as { url: string };
  const replicas =
    database.replicaUrls.length === 0
      ? undefined
      : new Replicas(database, { logger, activity, listener, primary, primaryUrl });
  return new Reads({ primary, clock, accessTtlMs, replicas });
}
