/** Tokens that were mailed: what proves that somebody reads the mail of an account. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AccountTokens1763781000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account_tokens (
        id uuid CONSTRAINT account_tokens_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL CONSTRAINT account_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
        purpose varchar(32) NOT NULL CONSTRAINT account_tokens_purpose_check
          CHECK (purpose IN ('email_confirmation', 'password_reset')),
        token_hash bytea NOT NULL,
        code_hash bytea,
        code_tries integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT account_tokens_user_purpose_key UNIQUE (user_id, purpose)
      );
      CREATE INDEX account_tokens_token_hash_idx ON account_tokens (token_hash);
      CREATE INDEX account_tokens_expires_at_idx ON account_tokens (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE account_tokens');
  }
}
