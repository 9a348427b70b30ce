/** Passwords: rules, and hashes. */
import { availableParallelism } from 'node:os';

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

function hashQueueOf({ passwords, workers }: Config): HashQueue {
  const cores = Math.ceil(availableParallelism() / workers);
  return new HashQueue({ concurrency: hashesAtOnce(passwords.threads, cores) });
}
