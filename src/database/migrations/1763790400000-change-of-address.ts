/** Changes of address, and the way back from them; invitations. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChangeOfAddress1763790400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE account_tokens
        ADD COLUMN address varchar(255),
        DROP CONSTRAINT account_tokens_purpose_check,
        ADD CONSTRAINT account_tokens_purpose_check
          CHECK (purpose IN ('email_confirmation', 'password_reset', 'email_change', 'invitation'));

      CREATE TABLE former_addresses (
        id uuid CONSTRAINT former_addresses_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL CONSTRAINT former_addresses_user_id_fkey REFERENCES users ON DELETE CASCADE,
        email varchar(255) NOT NULL,
        token_hash bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT former_addresses_user_email_key UNIQUE (user_id, email)
      );
      CREATE INDEX former_addresses_email_idx ON former_addresses (email);
      CREATE INDEX former_addresses_token_hash_idx ON former_addresses (token_hash);
      CREATE INDEX former_addresses_expires_at_idx ON former_addresses (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE former_addresses;
      DELETE FROM account_tokens WHERE purpose IN ('email_change', 'invitation');
      ALTER TABLE account_tokens
        DROP COLUMN address,
        DROP CONSTRAINT account_tokens_purpose_check,
        ADD CONSTRAINT account_tokens_purpose_check CHECK (purpose IN ('email_confirmation', 'password_reset'));
    `);
  }
}
