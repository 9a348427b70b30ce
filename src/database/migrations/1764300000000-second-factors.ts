/** Second factors, and when a session was proved last. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SecondFactors1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Beside the password hash: a login must know without another query whether it needs a second step.
      ALTER TABLE users ADD second_factors text[] NOT NULL DEFAULT '{}';

      -- Null: the login is the last proof.
      ALTER TABLE sessions ADD proved_at timestamptz(3), ADD second_factor boolean NOT NULL DEFAULT false;

      CREATE TABLE totp_secrets (
        user_id uuid CONSTRAINT totp_secrets_pkey PRIMARY KEY
          CONSTRAINT totp_secrets_user_id_fkey REFERENCES users ON DELETE CASCADE,
        -- AES-256-GCM; the id names the key, which changes with JWT_SECRET.
        sealed bytea NOT NULL,
        key_id bytea NOT NULL,
        -- Of the last accepted code: none is accepted twice.
        last_step bigint NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        confirmed_at timestamptz(3),
        used_at timestamptz(3),
        -- Until the confirmation: the session that began, and how long it may take.
        session_id uuid,
        expires_at timestamptz(3),
        CONSTRAINT totp_secrets_pending_check CHECK ((confirmed_at IS NULL) = (expires_at IS NOT NULL))
      );
      CREATE INDEX totp_secrets_expires_at_idx ON totp_secrets (expires_at) WHERE expires_at IS NOT NULL;
      CREATE INDEX totp_secrets_key_id_idx ON totp_secrets (key_id);

      -- SHA-256 is enough: a code has 120 random bits.
      CREATE TABLE recovery_codes (
        user_id uuid CONSTRAINT recovery_codes_user_id_fkey REFERENCES users ON DELETE CASCADE,
        code_hash bytea,
        CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE recovery_codes, totp_secrets;
      ALTER TABLE sessions DROP second_factor, DROP proved_at;
      ALTER TABLE users DROP second_factors;
    `);
  }
}
