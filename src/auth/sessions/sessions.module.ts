/** Sessions: one per login. */
import { Module } from '@nestjs/common';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { DEAD_SESSIONS } from './sessions.query.js';

import { AuditModule } from '../../audit/audit.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { RevocationsModule } from '../revocations/revocations.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { SessionsController } from './sessions.controller.js';
import { Sessions } from './sessions.js';
import { EXPORT_BATCH, inBatches, PersonalDataRegistry } from '../../common/personal-data.js';
import { presentKeptSession } from './sessions.dto.js';
import { deleteSessions, type KeptSession, selectSessionBatch } from './sessions.query.js';

@Module({
  imports: [CleanupModule, AuditModule, LoginGuardModule, RevocationsModule, TokensModule],
  controllers: [SessionsController],
  providers: [Sessions],
  exports: [Sessions],
})
export class SessionsModule {
  constructor(cleanup: Cleanup, personalData: PersonalDataRegistry) {
    cleanup.add(DEAD_SESSIONS);
    personalData.add({
      name: 'sessions',
      exportRows: (manager, { userId, sessionId }) =>
        inBatches(
          (last?: KeptSession) => selectSessionBatch(manager, userId, { after: last?.id, limit: EXPORT_BATCH }),
          (session) => presentKeptSession(session, sessionId),
        ),
      eraseBatch: deleteSessions,
    });
  }
}
