/** Counts wrong passwords and slows guessing down. */
import { Module } from '@nestjs/common';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { DEAD_ADDRESSES } from './known-addresses.query.js';
import { DEAD_FAILURES } from './login-guard.query.js';

import { AuditModule } from '../../audit/audit.module.js';
import { UsersModule } from '../../users/users.module.js';
import { HashingModule } from '../hashing/hashing.module.js';
import { CurrentPassword } from './current-password.js';
import { KnownAddresses } from './known-addresses.js';
import { LoginGuard } from './login-guard.js';
import { PersonalDataRegistry } from '../../common/personal-data.js';

@Module({
  imports: [CleanupModule, AuditModule, HashingModule, UsersModule],
  providers: [CurrentPassword, KnownAddresses, LoginGuard],
  exports: [CurrentPassword, KnownAddresses, LoginGuard],
})
export class LoginGuardModule {
  constructor(cleanup: Cleanup, personalData: PersonalDataRegistry, addresses: KnownAddresses) {
    cleanup.add(DEAD_FAILURES, DEAD_ADDRESSES);
    personalData.add({
      name: 'known_addresses',
      eraseBatch: (tx, userId, limit) => addresses.forget(tx, userId, limit),
    });
  }
}
