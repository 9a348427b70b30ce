/** The map: every module, and the guards that run before all routes, in order. */
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Logger } from 'pino';

import { AccountModule } from './account/account.module.js';
import { AdminModule } from './admin/admin.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuditRetentionModule } from './audit/audit-retention.module.js';
import { AuthModule } from './auth/auth.module.js';
import { StepUpGuard } from './auth/step-up/step-up.guard.js';
import { AuthGuard } from './auth/tokens/auth.guard.js';
import type { Clock } from './common/clock.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { ReplicasModule } from './database/replicas/replicas.module.js';
import { HealthModule } from './health/health.module.js';
import type { Counters } from './limits/counters.js';
import { LimitsModule } from './limits/limits.module.js';
import { AddressLimitGuard, UserLimitGuard } from './limits/rate-limit.js';
import { UserTurns } from './limits/user-turns.js';
import { MailboxModule } from './mail/mail.module.js';
import { SiteModule } from './site/site.module.js';
import { TasksModule } from './tasks/tasks.module.js';
import { TimelineModule } from './timeline/timeline.module.js';
import { UsersModule } from './users/users.module.js';

export interface Surroundings {
  readonly logger: Logger;
  readonly counters?: Counters | undefined;
  readonly clock?: Clock;
}

@Module({})
export class AppModule {
  static with(config: Config, databaseUrl: string, { logger, counters, clock }: Surroundings): DynamicModule {
    const ofAddress = { provide: APP_GUARD, useClass: AddressLimitGuard };
    const ofToken = { provide: APP_GUARD, useExisting: AuthGuard };
    const ofUser = { provide: APP_GUARD, useClass: UserLimitGuard };
    const stepUp = { provide: APP_GUARD, useExisting: StepUpGuard };
    const turns = { provide: APP_GUARD, useExisting: UserTurns };
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, logger, clock),
        DatabaseModule.with(config, databaseUrl, logger),
        ReplicasModule,
        LimitsModule.with(config, logger, counters),
        MailboxModule.with(config),
        UsersModule,
        AuditModule,
        AuditRetentionModule,
        AuthModule,
        TasksModule,
        TimelineModule,
        AccountModule.with(),
        AdminModule.with(),
        HealthModule,
        SiteModule,
      ],
      providers: config.rateLimit ? [ofAddress, ofToken, ofUser, turns, stepUp] : [ofToken, turns, stepUp],
    };
  }
}
