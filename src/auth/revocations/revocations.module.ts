/** Revoked access tokens, known to every instance within a second. */
import { Module } from '@nestjs/common';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { DEAD_REVOCATIONS } from './revocations.query.js';

import { ListenerModule } from '../../database/listener.module.js';
import { RevocationPoll } from './revocation-poll.js';
import { RevocationsController } from './revocations.controller.js';
import { Revocations } from './revocations.js';

@Module({
  imports: [CleanupModule, ListenerModule],
  controllers: [RevocationsController],
  providers: [Revocations, RevocationPoll],
  exports: [Revocations],
})
export class RevocationsModule {
  constructor(cleanup: Cleanup) {
    cleanup.add(DEAD_REVOCATIONS);
  }
}
