/** Account deletion: how it begins, and how it is cancelled before it is final. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LoginGuardModule } from '../login-guard/login-guard.module.js';
import { MailedTokensModule } from '../mailed-tokens/mailed-tokens.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { DeletionController } from './deletion.controller.js';
import { Deletions } from './deletions.js';
import { OwnDeletion } from './own-deletion.js';

@Module({
  imports: [AuditModule, LoginGuardModule, MailModule, MailedTokensModule, SessionsModule, UsersModule],
  controllers: [DeletionController],
  providers: [Deletions, OwnDeletion],
  exports: [Deletions],
})
export class DeletionModule {}
