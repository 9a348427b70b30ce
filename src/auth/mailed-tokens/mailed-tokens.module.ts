/** Mailed tokens and codes: to confirm an address, choose a password or accept an invitation. */
import { Module } from '@nestjs/common';
import { CleanupModule } from '../../database/cleanup/cleanup.module.js';
import { Cleanup } from '../../database/cleanup/cleanup.js';
import { DEAD_TOKENS } from './mailed-tokens.query.js';

import { MailedTokens } from './mailed-tokens.js';

@Module({
  imports: [CleanupModule],
  providers: [MailedTokens],
  exports: [MailedTokens],
})
export class MailedTokensModule {
  constructor(cleanup: Cleanup) {
    cleanup.add(DEAD_TOKENS);
  }
}
