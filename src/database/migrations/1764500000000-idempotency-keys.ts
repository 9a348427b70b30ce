/** Requests that may be repeated safely: their keys, and what they were answered. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';

export class IdempotencyKeys1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_keys (
        -- A hash of the key, its owner and the route.
        id bytea CONSTRAINT idempotency_keys_pkey PRIMARY KEY,
        -- Null for a registration, whose key belongs to the address.
        user_id uuid CONSTRAINT idempotency_keys_user_id_fkey REFERENCES users ON DELETE CASCADE,
        -- Sealed: opens for the same request only.
        answer bytea NOT NULL,
        expires_at timestamptz(3) NOT NULL
      );
      CREATE INDEX idempotency_keys_user_id_idx ON idempotency_keys (user_id) WHERE user_id IS NOT NULL;
      CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
    `);
    await createFunctions(runner, 'idempotency/claim_idempotency_key.sql');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION claim_idempotency_key; DROP TABLE idempotency_keys');
  }
}
