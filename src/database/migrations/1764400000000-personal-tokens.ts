/** Personal access tokens. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PersonalTokens1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE personal_tokens (
        id uuid CONSTRAINT personal_tokens_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT personal_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
        name varchar(100) NOT NULL,
        scopes text[] NOT NULL,
        -- SHA-256 is enough: the token is 32 random bytes.
        token_hash bytea NOT NULL CONSTRAINT personal_tokens_token_hash_key UNIQUE,
        last_four varchar(4) NOT NULL,
        -- Whether a second factor proved its maker.
        second_factor boolean NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        last_used_at timestamptz(3),
        revoked_at timestamptz(3),
        revoked_reason varchar(32)
      );
      CREATE INDEX personal_tokens_user_id_idx ON personal_tokens (user_id);
      -- Finds ended tokens without reading the live ones.
      CREATE INDEX personal_tokens_end_idx ON personal_tokens (least(expires_at, revoked_at));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE personal_tokens');
  }
}
