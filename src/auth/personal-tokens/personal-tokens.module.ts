/** Personal access tokens: scripts and services act for a person, within scopes. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { EXPORT_BATCH, inBatches, PersonalDataRegistry } from '../../common/personal-data.js';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { RevocationsModule } from '../revocations/revocations.module.js';
import { Sessions } from '../sessions/sessions.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AuthGuard } from '../tokens/auth.guard.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { AdminTokensController } from './admin-tokens.controller.js';
import { PersonalAccess } from './personal-access.js';
import { PersonalTokensController } from './personal-tokens.controller.js';
import { presentKeptToken } from './personal-tokens.dto.js';
import { PersonalTokens } from './personal-tokens.js';
import { DEAD_TOKENS, deleteTokens, type PersonalToken, selectTokenBatch } from './personal-tokens.query.js';
import { Scopes } from './scopes.js';

@Module({
  imports: [AuditModule, CleanupModule, MailModule, RevocationsModule, SessionsModule, TokensModule, UsersModule],
  controllers: [PersonalTokensController, AdminTokensController],
  providers: [PersonalAccess, PersonalTokens, Scopes],
})
export class PersonalTokensModule {
  constructor(
    guard: AuthGuard,
    access: PersonalAccess,
    sessions: Sessions,
    tokens: PersonalTokens,
    cleanup: Cleanup,
    personalData: PersonalDataRegistry,
  ) {
    guard.accept(access);
    sessions.onEndAll((tx, end) => tokens.endAll(tx, end));
    cleanup.add(DEAD_TOKENS);
    personalData.add({
      name: 'personal_tokens',
      exportRows: (manager, { userId }) =>
        inBatches(
          (last?: PersonalToken) => selectTokenBatch(manager, userId, { after: last?.id, limit: EXPORT_BATCH }),
          presentKeptToken,
        ),
      eraseBatch: deleteTokens,
    });
  }
}
