/** Export and erasure: the data of one person in all nouns. */
import { type DynamicModule, Module } from '@nestjs/common';

import { AuditModule } from '../audit/audit.module.js';
import { LoginGuardModule } from '../auth/login-guard/login-guard.module.js';
import { RevocationsModule } from '../auth/revocations/revocations.module.js';
import { UsersModule } from '../users/users.module.js';
import { Erasure } from './erasure.js';
import { Export } from './export.js';
import { ExportController } from './export.controller.js';
import { documentLists } from './export.dto.js';

@Module({
  imports: [AuditModule, LoginGuardModule, RevocationsModule, UsersModule],
  controllers: [ExportController],
  providers: [Erasure, Export],
})
export class AccountModule {
  static with(): DynamicModule {
    documentLists();
    return { module: AccountModule };
  }
}
