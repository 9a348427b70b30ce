/** Posts, who follows, mutes and blocks whom, and exact counts of both. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Timeline1763790600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- An xid8 as a number, which never wraps around.
      CREATE FUNCTION current_tx() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT pg_current_xact_id()::text::bigint';

      CREATE TABLE posts (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT posts_pkey PRIMARY KEY,
        author_id uuid NOT NULL CONSTRAINT posts_author_id_fkey REFERENCES users,
        text text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        deleted_by uuid,
        -- The order in which streams deliver: ids are given before they commit.
        tx bigint NOT NULL DEFAULT current_tx()
      ) WITH (autovacuum_vacuum_insert_scale_factor = 0.01);
      CREATE INDEX posts_author_idx ON posts (author_id, id DESC) WHERE deleted_at IS NULL;
      CREATE INDEX posts_tx_idx ON posts (tx, id);
      CREATE INDEX posts_created_brin ON posts USING brin (created_at);

      -- Almost nobody is in it: whether an author is hidden costs next to nothing.
      CREATE INDEX users_hidden_idx ON users (id) WHERE status = 'disabled' OR deletion IS NOT NULL;

      -- For people who search for people: by beginnings, and as for staff by any part where there are trigrams.
      CREATE INDEX users_name_idx ON users (lower(display_name) text_pattern_ops);
      DO $$
      BEGIN
        CREATE INDEX users_people_idx ON users USING gin ((username || ' ' || coalesce(display_name, '')) gin_trgm_ops);
      EXCEPTION WHEN undefined_object THEN
        RAISE NOTICE 'no pg_trgm: searches for people read all accounts';
      END $$;

      CREATE TABLE follows (
        follower_id uuid CONSTRAINT follows_follower_id_fkey REFERENCES users,
        followee_id uuid CONSTRAINT follows_followee_id_fkey REFERENCES users,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT follows_pkey PRIMARY KEY (follower_id, followee_id),
        CONSTRAINT follows_self_check CHECK (follower_id <> followee_id)
      ) WITH (autovacuum_vacuum_insert_scale_factor = 0.02);
      CREATE INDEX follows_followers_idx ON follows (followee_id, created_at DESC, follower_id);
      CREATE INDEX follows_following_idx ON follows (follower_id, created_at DESC, followee_id);
      CREATE INDEX follows_created_brin ON follows USING brin (created_at);

      CREATE TABLE mutes (
        user_id uuid CONSTRAINT mutes_user_id_fkey REFERENCES users,
        muted_id uuid CONSTRAINT mutes_muted_id_fkey REFERENCES users,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT mutes_pkey PRIMARY KEY (user_id, muted_id)
      );
      CREATE INDEX mutes_muted_idx ON mutes (muted_id);

      CREATE TABLE blocks (
        blocker_id uuid CONSTRAINT blocks_blocker_id_fkey REFERENCES users,
        blocked_id uuid CONSTRAINT blocks_blocked_id_fkey REFERENCES users,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT blocks_pkey PRIMARY KEY (blocker_id, blocked_id)
      );
      CREATE INDEX blocks_blocked_idx ON blocks (blocked_id);

      -- Not columns of users: hot counters stay off the row that foreign keys lock.
      CREATE TABLE user_stats (
        user_id uuid CONSTRAINT user_stats_pkey PRIMARY KEY
          CONSTRAINT user_stats_user_id_fkey REFERENCES users ON DELETE CASCADE,
        posts_count integer NOT NULL DEFAULT 0 CONSTRAINT user_stats_posts_check CHECK (posts_count >= 0),
        followers_count integer NOT NULL DEFAULT 0 CONSTRAINT user_stats_followers_check CHECK (followers_count >= 0),
        following_count integer NOT NULL DEFAULT 0 CONSTRAINT user_stats_following_check CHECK (following_count >= 0)
      ) WITH (fillfactor = 80);
      INSERT INTO user_stats (user_id) SELECT id FROM users;
      CREATE FUNCTION add_user_stats() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO user_stats (user_id) SELECT id FROM added;
        RETURN NULL;
      END $$;
      CREATE TRIGGER users_add_stats AFTER INSERT ON users REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION add_user_stats();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER users_add_stats ON users;
      DROP FUNCTION add_user_stats;
      DROP INDEX IF EXISTS users_people_idx;
      DROP INDEX users_name_idx, users_hidden_idx;
      DROP TABLE user_stats, blocks, mutes, follows, posts;
      DROP FUNCTION current_tx;
    `);
  }
}
