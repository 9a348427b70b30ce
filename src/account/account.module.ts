/** What spans the nouns for one person: profile, export, deletion and erasure. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountController } from './account.controller.js';
import { Erasure } from './erasure.js';
import { Export } from './export.js';
import { OwnProfile } from './own-profile.js';

@Module({
  imports: [AuditModule, AuthModule, UsersModule],
  controllers: [AccountController],
  providers: [Erasure, Export, OwnProfile],
})
export class AccountModule {}
