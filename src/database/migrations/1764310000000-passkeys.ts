/** Passkeys, and the challenges that they answer. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Passkeys1764310000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE passkeys (
        id uuid CONSTRAINT passkeys_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL CONSTRAINT passkeys_user_id_fkey REFERENCES users ON DELETE CASCADE,
        credential_id bytea NOT NULL CONSTRAINT passkeys_credential_id_key UNIQUE
          CONSTRAINT passkeys_credential_id_check CHECK (octet_length(credential_id) <= 1023),
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        name varchar(50) NOT NULL,
        second_factor boolean NOT NULL,
        -- False after a reset by mail: it serves after the password only.
        logs_in_alone boolean NOT NULL DEFAULT true,
        backed_up boolean NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3)
      );
      CREATE INDEX passkeys_user_id_idx ON passkeys (user_id);

      -- Of a login, nobody's: who answers is known afterwards.
      CREATE TABLE passkey_challenges (
        challenge bytea CONSTRAINT passkey_challenges_pkey PRIMARY KEY,
        user_id uuid CONSTRAINT passkey_challenges_user_id_fkey REFERENCES users ON DELETE CASCADE,
        expires_at timestamptz(3) NOT NULL
      );
      CREATE INDEX passkey_challenges_user_id_idx ON passkey_challenges (user_id) WHERE user_id IS NOT NULL;
      CREATE INDEX passkey_challenges_expires_at_idx ON passkey_challenges (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE passkey_challenges, passkeys');
  }
}
