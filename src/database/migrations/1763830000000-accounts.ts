/** Accounts, sessions, revocations, and what guards them. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';
import { hasReplaced } from '../schema/replaced.js';

export class Accounts1763830000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await hasReplaced(runner)) return;
    await createFunctions(
      runner,
      'database/schema/keep_timestamps.sql',
      'auth/revocations/notify_revocations.sql',
      'users/fold_text.sql',
    );
    await runner.query(`
      CREATE TABLE users (
        id uuid CONSTRAINT users_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        email varchar(255) NOT NULL CONSTRAINT users_email_key UNIQUE,
        username varchar(30) NOT NULL CONSTRAINT users_username_check CHECK (username ~ '^[A-Za-z0-9_]{3,30}$'),
        display_name varchar(50),
        bio varchar(500),
        hashed_password varchar(255) NOT NULL,
        role varchar(16) NOT NULL DEFAULT 'user' CONSTRAINT users_role_check CHECK (role IN ('user', 'moderator', 'admin')),
        status varchar(16) NOT NULL DEFAULT 'active' CONSTRAINT users_status_check CHECK (status IN ('active', 'disabled')),
        email_confirmed_at timestamptz(3),
        token_epoch integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        disabled_until timestamptz(3),
        disabled_reason varchar(500),
        deletion varchar(16) CONSTRAINT users_deletion_check CHECK (deletion IN ('own', 'staff', 'erasing')),
        delete_after timestamptz(3),
        CONSTRAINT users_delete_after_check CHECK ((deletion IS NULL) = (delete_after IS NULL))
      );
      -- "C": what counts as lower case must not depend on the locale of the server.
      CREATE UNIQUE INDEX users_username_key ON users (lower(username COLLATE "C"));
      CREATE INDEX users_created_idx ON users (created_at, id);
      CREATE INDEX users_delete_after_idx ON users (delete_after) WHERE delete_after IS NOT NULL;
      -- Almost nobody is in it: whether an author is hidden costs next to nothing.
      CREATE INDEX users_hidden_idx ON users (id) WHERE status = 'disabled' OR deletion IS NOT NULL;
      CREATE TRIGGER users_keep_timestamps BEFORE UPDATE ON users
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_timestamps();

      -- No secret: an HMAC proves a refresh token, and the row knows the current generation.
      CREATE TABLE sessions (
        id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
        seq integer NOT NULL,
        salt bytea NOT NULL,
        prev_salt bytea,
        rotated_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        revoked_at timestamptz(3),
        revoked_reason varchar(32),
        ip inet,
        user_agent varchar(512)
      );
      CREATE INDEX sessions_user_id_idx ON sessions (user_id);
      -- Finds ended sessions without reading the live ones.
      CREATE INDEX sessions_end_idx ON sessions (least(expires_at, revoked_at));

      CREATE TABLE revocations (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT revocations_pkey PRIMARY KEY,
        session_id uuid,
        user_id uuid,
        min_epoch integer,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        -- Instances read what was revoked since they read last, in the order of commits.
        tx xid8 NOT NULL DEFAULT pg_current_xact_id()
      );
      CREATE INDEX revocations_created_at_idx ON revocations (created_at);
      CREATE INDEX revocations_tx_idx ON revocations (tx, id);
      CREATE TRIGGER revocations_notify AFTER INSERT ON revocations REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION notify_revocations();

      -- Consecutive wrong passwords. The id is an HMAC: the row names neither an account nor an address.
      CREATE TABLE login_failures (
        id bytea CONSTRAINT login_failures_pkey PRIMARY KEY,
        count integer NOT NULL,
        counted_at timestamptz(3) NOT NULL,
        blocked_until timestamptz(3),
        -- The pause that the audit has already.
        told_until timestamptz(3)
      );
      CREATE INDEX login_failures_counted_at_idx ON login_failures (counted_at);

      -- Addresses that accounts were used from. All columns are HMACs: the row names nobody.
      CREATE TABLE known_addresses (
        id bytea CONSTRAINT known_addresses_pkey PRIMARY KEY,
        account bytea NOT NULL,
        seen_at timestamptz(3) NOT NULL,
        session bytea
      );
      CREATE INDEX known_addresses_account_idx ON known_addresses (account, seen_at);
      CREATE INDEX known_addresses_seen_at_idx ON known_addresses (seen_at);

      -- Mailed tokens. An account has one for each purpose; a newer one replaces it. Without an account: a decoy.
      CREATE TABLE account_tokens (
        id uuid CONSTRAINT account_tokens_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid CONSTRAINT account_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
        purpose varchar(32) NOT NULL CONSTRAINT account_tokens_purpose_check
          CHECK (purpose IN ('email_confirmation', 'password_reset', 'email_change', 'invitation')),
        -- SHA-256 is enough: the token is 32 random bytes.
        token_hash bytea NOT NULL,
        -- HMAC of the mailed six digits: a bare hash of so few digits could be guessed.
        code_hash bytea,
        code_tries integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        address varchar(255),
        CONSTRAINT account_tokens_user_purpose_key UNIQUE (user_id, purpose)
      );
      CREATE INDEX account_tokens_token_hash_idx ON account_tokens (token_hash);
      CREATE INDEX account_tokens_expires_at_idx ON account_tokens (expires_at);

      -- Addresses reserved for their former account until the way back expires: their reader may undo the change.
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
    await createFunctions(runner, 'users/is_hidden.sql');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION is_hidden;
      DROP TABLE former_addresses, account_tokens, known_addresses, login_failures, revocations, sessions, users;
      DROP FUNCTION fold_text, notify_revocations, keep_timestamps;
    `);
  }
}
