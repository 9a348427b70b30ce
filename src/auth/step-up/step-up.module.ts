/** Step-up: routes that a stolen access token must not reach ask for a proof of the last ten minutes. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { StepUpController } from './step-up.controller.js';
import { StepUpGuard } from './step-up.guard.js';
import { StepUpService } from './step-up.service.js';

@Module({
  imports: [AuditModule, LoginGuardModule, SecondFactorsModule, SessionsModule, UsersModule],
  controllers: [StepUpController],
  providers: [StepUpGuard, StepUpService],
  exports: [StepUpGuard],
})
export class StepUpModule {}
