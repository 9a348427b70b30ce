/** The one connection pool, and the clock that instances share by it. */
import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Logger } from 'pino';

import type { Config } from '../config/config.js';
import { ClockWatch } from './clock-watch.js';
import { dataSourceOptions } from './data-source.js';

@Module({})
export class DatabaseModule {
  static with({ database }: Config, url: string, logger: Logger): DynamicModule {
    const onPoolError = (error: Error): void => {
      logger.warn({ reason: error.message }, 'idle database connection lost');
    };
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions({ url, max: database.poolMax, onPoolError }),
          autoLoadEntities: true,
          retryAttempts: 0,
        }),
      ],
      providers: [ClockWatch],
    };
  }
}
