/** Sessions: one for each login. */
import { Module } from '@nestjs/common';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { DEAD_SESSIONS } from './sessions.query.js';
import { TypeOrmModule } from '@nestjs/typeorm';

import { AuditModule } from '../../audit/audit.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { RevocationsModule } from '../revocations/revocations.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { Sessions } from './sessions.js';

@Module({
  imports: [
    CleanupModule,
    AuditModule,
    LoginGuardModule,
    RevocationsModule,
    TokensModule,
    TypeOrmModule.forFeature([Session]),
  ],
  controllers: [SessionsController],
  providers: [Sessions],
  exports: [Sessions],
})
export class SessionsModule {
  constructor(cleanup: Cleanup) {
    cleanup.add(DEAD_SESSIONS);
  }
}
