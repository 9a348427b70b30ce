/** Logins by a mailed code or link that wait to be completed. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class EmailLogins1764420000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE email_logins (
        id uuid CONSTRAINT email_logins_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        -- A keyed hash: one request for an address, also for one that has no account.
        address_key bytea NOT NULL CONSTRAINT email_logins_address_key_key UNIQUE,
        user_id uuid CONSTRAINT email_logins_user_id_fkey REFERENCES users ON DELETE CASCADE,
        -- SHA-256 is enough: the secret and the token are 32 random bytes each. The hash of the code has a key.
        request_hash bytea NOT NULL CONSTRAINT email_logins_request_hash_key UNIQUE,
        token_hash bytea NOT NULL,
        code_hash bytea NOT NULL,
        -- The account as it was: another password or address ends the request.
        standing bytea NOT NULL,
        tries smallint NOT NULL,
        expires_at timestamptz(3) NOT NULL
      );
      CREATE INDEX email_logins_user_id_idx ON email_logins (user_id) WHERE user_id IS NOT NULL;
      CREATE INDEX email_logins_expires_at_idx ON email_logins (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE email_logins');
  }
}
