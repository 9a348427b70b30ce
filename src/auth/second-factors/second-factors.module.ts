/** Second factors: what they share, whatever their kind, and the recovery codes. A kind registers itself. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { RecoveryCodes } from './recovery-codes.js';
import { SecondFactorsController } from './second-factors.controller.js';
import { SecondFactors } from './second-factors.js';

@Module({
  imports: [AuditModule, LoginGuardModule, MailModule, SessionsModule, UsersModule],
  controllers: [SecondFactorsController],
  providers: [RecoveryCodes, SecondFactors],
  exports: [SecondFactors],
})
export class SecondFactorsModule {}
