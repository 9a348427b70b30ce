/** The address of an account: how it is confirmed, changed and restored. */
import { Module } from '@nestjs/common';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { DEAD_FORMER_ADDRESSES } from './former-addresses.query.js';

import { AuditModule } from '../../audit/audit.module.js';
import { IdempotencyModule } from '../../idempotency/idempotency.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { DeletionModule } from '../deletion/deletion.module.js';
import { HashingModule } from '../hashing/hashing.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { MailedTokensModule } from '../mailed-tokens/mailed-tokens.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { EmailChange } from './email-change.js';
import { EmailChangeController } from './email-change.controller.js';
import { EmailConfirmation } from './email-confirmation.js';
import { EmailsController } from './emails.controller.js';
import { FormerAddresses } from './former-addresses.js';

@Module({
  imports: [
    CleanupModule,
    AuditModule,
    DeletionModule,
    HashingModule,
    IdempotencyModule,
    LoginGuardModule,
    MailModule,
    MailedTokensModule,
    SecondFactorsModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [EmailsController, EmailChangeController],
  providers: [EmailChange, EmailConfirmation, FormerAddresses],
  exports: [EmailConfirmation, FormerAddresses],
})
export class EmailsModule {
  constructor(cleanup: Cleanup) {
    cleanup.add(DEAD_FORMER_ADDRESSES);
  }
}
