/** The admin surface: thin controllers over the services of the nouns. */
import { type DynamicModule, Module } from '@nestjs/common';

import { AuditModule } from '../audit/audit.module.js';
import { DeletionModule } from '../auth/deletion/deletion.module.js';
import { HashingModule } from '../auth/hashing/hashing.module.js';
import { MailedTokensModule } from '../auth/mailed-tokens/mailed-tokens.module.js';
import { RevocationsModule } from '../auth/revocations/revocations.module.js';
import { SecondFactorsModule } from '../auth/second-factors/second-factors.module.js';
import { SessionsModule } from '../auth/sessions/sessions.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { AdminController } from './admin.controller.js';
import { documentCounts } from './admin.dto.js';
import { AdminUsersController } from './admin-users.controller.js';
import { Admins } from './admins.js';
import { FirstAdmin } from './first-admin.js';
import { Invitations } from './invitations.js';
import { Moderation } from './moderation.js';
import { StatsJob } from './stats-job.js';

@Module({
  imports: [
    AuditModule,
    DeletionModule,
    HashingModule,
    IdempotencyModule,
    MailModule,
    MailedTokensModule,
    RevocationsModule,
    SecondFactorsModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [AdminController, AdminUsersController],
  providers: [Admins, FirstAdmin, Invitations, Moderation, StatsJob],
})
export class AdminModule {
  static with(): DynamicModule {
    documentCounts();
    return { module: AdminModule };
  }
}
