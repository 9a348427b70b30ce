/** Authenticator apps, as a second factor. */
import { Module } from '@nestjs/common';

import { PersonalDataRegistry } from '../../common/personal-data.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SealedSecrets } from './sealed-secrets.js';
import { TotpController } from './totp.controller.js';
import { presentKept } from './totp.dto.js';
import { DEAD_SECRETS, deleteSecret, selectKept } from './totp.query.js';
import { TOTP, TotpService } from './totp.service.js';

@Module({
  imports: [CleanupModule, SecondFactorsModule],
  controllers: [TotpController],
  providers: [SealedSecrets, TotpService],
})
export class TotpModule {
  constructor(totp: TotpService, secondFactors: SecondFactors, cleanup: Cleanup, personalData: PersonalDataRegistry) {
    secondFactors.add({
      name: TOTP,
      title: 'an authenticator app',
      take: (tx, userId, { value }) => totp.take(tx, userId, String(value)),
      forget: deleteSecret,
    });
    cleanup.add(DEAD_SECRETS);
    personalData.add({
      name: 'totp',
      exportRows: async function* (manager, { userId }) {
        yield (await selectKept(manager, userId)).map(presentKept);
      },
    });
  }
}
