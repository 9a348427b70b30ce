/** Registration, login, refresh and logout. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { IdempotencyModule } from '../../idempotency/idempotency.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { DeletionModule } from '../deletion/deletion.module.js';
import { EmailsModule } from '../emails/emails.module.js';
import { HashingModule } from '../hashing/hashing.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { Admission } from './admission.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { LoginTickets } from './login-tickets.js';
import { SecondStep } from './second-step.js';

@Module({
  imports: [
    AuditModule,
    DeletionModule,
    EmailsModule,
    HashingModule,
    IdempotencyModule,
    LoginGuardModule,
    MailModule,
    SecondFactorsModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [AuthController],
  providers: [Admission, AuthService, LoginTickets, SecondStep],
  exports: [Admission, SecondStep],
})
export class LoginModule {}
