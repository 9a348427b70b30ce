/** Requests that are repeated and done once: Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07). */
import { Module } from '@nestjs/common';

import { PersonalDataRegistry } from '../common/personal-data.js';
import { Cleanup } from '../database/cleanup/cleanup.js';
import { CleanupModule } from '../database/cleanup/cleanup.module.js';
import { Idempotency } from './idempotency.js';
import { DEAD_KEYS, deleteKeys } from './idempotency.query.js';

@Module({ imports: [CleanupModule], providers: [Idempotency], exports: [Idempotency] })
export class IdempotencyModule {
  constructor(cleanup: Cleanup, personalData: PersonalDataRegistry) {
    cleanup.add(DEAD_KEYS);
    // Not exported: answers are copies of what the nouns export.
    personalData.add({ name: 'idempotency_keys', eraseBatch: deleteKeys });
  }
}
