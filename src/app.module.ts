/** The map: every module, and the guards that stand before all routes, in their order. */
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ThrottlerModule, type ThrottlerStorage } from '@nestjs/throttler';
import type { Logger } from 'pino';

import { AccountModule } from './account/account.module.js';
import { AdminModule } from './admin/admin.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { AddressLimitGuard, CounterStorage, rateLimits, UserLimitGuard } from './common/rate-limit.js';
import { SharedCounterStorage } from './common/shared-counters.js';
import { UserTurns } from './common/user-turns.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { MailboxModule } from './mail/mail.module.js';
import { TasksModule } from './tasks/tasks.module.js';
import { StreamModule } from './timeline/stream.module.js';
import { TimelineModule } from './timeline/timeline.module.js';
import { UsersModule } from './users/users.module.js';

/** One person has at most this part of the pool: a quarter. */
const POOL_SHARE = 4;

@Module({})
export class AppModule {
  /** @param databaseUrl of the configuration, or of the embedded PostgreSQL */
  static with(config: Config, databaseUrl: string, logger: Logger): DynamicModule {
    const guards = config.rateLimit ? [AddressLimitGuard, AuthGuard, UserLimitGuard] : [AuthGuard];
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, logger),
        DatabaseModule.with(config, databaseUrl, logger),
        ThrottlerModule.forRoot(rateLimits(countersOf(config, logger))),
        MailboxModule.with(config),
        UsersModule,
        AuditModule,
        AuthModule,
        TasksModule,
        TimelineModule,
        { module: StreamModule, imports: [AuthModule] },
        AccountModule,
        AdminModule,
        HealthModule,
      ],
      providers: [
        ...guards.map((useClass) => ({ provide: APP_GUARD, useClass })),
        {
          provide: APP_INTERCEPTOR,
          useValue: new UserTurns(Math.max(1, Math.floor(config.database.poolMax / POOL_SHARE))),
        },
      ],
    };
  }
}

function countersOf({ rateLimit, redisUrl }: Config, logger: Logger): ThrottlerStorage {
  return rateLimit && redisUrl !== undefined ? new SharedCounterStorage(redisUrl, logger) : new CounterStorage();
}
