/** How a person changes a password, or recovers the account by mail. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { EmailsModule } from '../emails/emails.module.js';
import { HashingModule } from '../hashing/hashing.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { MailedTokensModule } from '../mailed-tokens/mailed-tokens.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { PasswordChange } from './password-change.js';
import { PasswordRecovery } from './password-recovery.js';
import { PasswordsController } from './passwords.controller.js';

@Module({
  imports: [
    AuditModule,
    EmailsModule,
    HashingModule,
    LoginGuardModule,
    MailModule,
    MailedTokensModule,
    SecondFactorsModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [PasswordsController],
  providers: [PasswordChange, PasswordRecovery],
})
export class PasswordsModule {}
