/** Passkeys (WebAuthn): a way to log in without a password, and a second factor. */
import { Module } from '@nestjs/common';

import { AuditModule } from '../../audit/audit.module.js';
import { PersonalDataRegistry } from '../../common/personal-data.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { IdempotencyModule } from '../../idempotency/idempotency.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LoginModule } from '../login/login.module.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { PasskeyEndpointsController } from './passkey-endpoints.controller.js';
import { PasskeyLoginController } from './passkey-login.controller.js';
import { PasskeysController } from './passkeys.controller.js';
import { presentPasskey } from './passkeys.dto.js';
import { DEAD_CHALLENGES, deletePasskeys, keepSecondFactors, selectPasskeys } from './passkeys.query.js';
import { PASSKEY, PasskeysService } from './passkeys.service.js';
import { WebAuthn } from './webauthn.js';

@Module({
  imports: [AuditModule, CleanupModule, IdempotencyModule, LoginModule, MailModule, SecondFactorsModule, UsersModule],
  controllers: [PasskeysController, PasskeyLoginController, PasskeyEndpointsController],
  providers: [PasskeysService, WebAuthn],
})
export class PasskeysModule {
  constructor(
    passkeys: PasskeysService,
    secondFactors: SecondFactors,
    cleanup: Cleanup,
    personalData: PersonalDataRegistry,
  ) {
    secondFactors.add({
      name: PASSKEY,
      title: 'a passkey',
      take: (tx, userId, given) => passkeys.take(tx, userId, given),
      isSetUp: async (userId) => (await passkeys.list({ userId })).length > 0,
      forget: deletePasskeys,
      recovered: keepSecondFactors,
    });
    cleanup.add(DEAD_CHALLENGES);
    personalData.add({
      name: 'passkeys',
      exportRows: async function* (manager, { userId }) {
        yield (await selectPasskeys(manager, userId)).map(presentPasskey);
      },
    });
  }
}
