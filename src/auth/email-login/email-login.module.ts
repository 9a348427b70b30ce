/** Login by a mailed code or link, where EMAIL_LOGIN is on. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LoginModule } from '../login/login.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { EmailLoginController } from './email-login.controller.js';
import { DEAD_EMAIL_LOGINS } from './email-login.query.js';
import { EmailLoginService } from './email-login.service.js';
import { EmailLoginPageController } from './email-login-page.controller.js';

@Module({
  imports: [AuditModule, CleanupModule, LoginGuardModule, LoginModule, MailModule, UsersModule],
  controllers: [EmailLoginController, EmailLoginPageController],
  providers: [EmailLoginService],
})
export class EmailLoginModule {
  constructor(cleanup: Cleanup) {
    cleanup.add(DEAD_EMAIL_LOGINS);
  }
}
