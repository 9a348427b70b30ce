/** Passwords: rules, and hashes. */
import { Module } from '@nestjs/common';

import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { hashesAtOnce, HashQueue } from './hash-queue.js';
import { Passwords } from './passwords.js';

@Module({
  providers: [{ provide: HashQueue, inject: [CONFIG], useFactory: hashQueueOf }, Passwords],
  exports: [Passwords],
})
export class HashingModule {}

function hashQueueOf({ passwords }: Config): HashQueue {
  return new HashQueue({ concurrency: hashesAtOnce(passwords.threads) });
}
