/** The one connection pool, and the clock that instances share by it. */
import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Logger } from 'pino';

import type { Config } from '../config/config.js';
import { ClockWatch } from './clock-watch.js';
import { hostsOf } from './connections/hosts.js';
import { dataSourceOptions, Pulse } from './data-source.js';
import { RetryingDataSource } from './transactions.js';

const UNLIMITED =
  "DATABASE_URL leads to a pooler, where statements outside a transaction have no time limit: set one by ALTER ROLE … SET statement_timeout = '4s'.";

const UNPREPARED =
  'the server does not know a statement that was prepared: none is prepared until the next start. Set DATABASE_PREPARED=off where a pooler is between.';

@Module({})
export class DatabaseModule {
  static with({ database }: Config, url: string, logger: Logger): DynamicModule {
    const onPoolError = (error: Error): void => {
      logger.warn({ reason: error.message }, 'idle database connection lost');
    };
    const onUnlimited = (): void => {
      logger.warn({ event: 'database_unlimited' }, UNLIMITED);
    };
    const onUnprepared = (): void => {
      logger.warn({ event: 'database_unprepared' }, UNPREPARED);
    };
    hostsOf(url)?.onChosen((host) => {
      logger.info({ event: 'database_host', host }, 'new connections are to this host of the database');
    });
    const pulse = new Pulse();
    const pool = dataSourceOptions({
      url,
      max: database.poolMax,
      prepared: database.prepared,
      onPoolError,
      onUnlimited,
      onUnprepared,
      onAnswer: pulse.beat,
    });
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...pool,
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
          dataSourceFactory: (options) => Promise.resolve(new RetryingDataSource(options ?? pool)),
        }),
      ],
      providers: [ClockWatch, { provide: Pulse, useValue: pulse }],
      exports: [Pulse],
    };
  }
}
