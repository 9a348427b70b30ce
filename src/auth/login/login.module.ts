/** Registration, login, refresh and logout. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { DeletionModule } from '../deletion/deletion.module.js';
import { EmailsModule } from '../emails/emails.module.js';
import { HashingModule } from '../hashing/hashing.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';

@Module({
  imports: [
    AuditModule,
    DeletionModule,
    EmailsModule,
    HashingModule,
    LoginGuardModule,
    MailModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [AuthController],
  providers: [AuthService],
})
export class LoginModule {}
