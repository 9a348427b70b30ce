/** Accounts, sessions, revocations and tasks. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Initial1763683200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION keep_timestamps() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.created_at := OLD.created_at;
        NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
        RETURN NEW;
      END $$;

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
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );
      -- "C": what counts as lower case must not depend on the locale of the server.
      CREATE UNIQUE INDEX users_username_key ON users (lower(username COLLATE "C"));
      CREATE TRIGGER users_keep_timestamps BEFORE UPDATE ON users
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_timestamps();

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

      CREATE TABLE revocations (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT revocations_pkey PRIMARY KEY,
        session_id uuid,
        user_id uuid,
        min_epoch integer,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX revocations_created_at_idx ON revocations (created_at);

      CREATE TABLE tasks (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT tasks_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT tasks_user_id_fkey REFERENCES users ON DELETE CASCADE,
        title varchar(200) NOT NULL,
        description text,
        completed boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX tasks_user_created_idx ON tasks (user_id, created_at, id);
      CREATE INDEX tasks_user_completed_created_idx ON tasks (user_id, completed, created_at, id);
      CREATE INDEX tasks_user_updated_idx ON tasks (user_id, updated_at, id);
      CREATE INDEX tasks_user_title_idx ON tasks (user_id, title, id);
      CREATE TRIGGER tasks_keep_timestamps BEFORE UPDATE ON tasks
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_timestamps();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tasks, revocations, sessions, users; DROP FUNCTION keep_timestamps');
  }
}
