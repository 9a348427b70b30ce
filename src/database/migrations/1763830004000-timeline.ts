/** Posts, follows, mutes and blocks, and exact counts of posts and follows. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

import { createFunctions } from '../schema/functions.js';
import { hasReplaced } from '../schema/replaced.js';

export class Timeline1763830004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    if (await hasReplaced(runner)) return;
    await createFunctions(runner, 'timeline/posts/current_tx.sql', 'timeline/people/add_user_stats.sql');
    await runner.query(`
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
      -- Of all, also of deleted ones: erasure, exports and the foreign key ask for those, too.
      CREATE INDEX posts_author_idx ON posts (author_id, id) INCLUDE (deleted_at);
      CREATE INDEX posts_tx_idx ON posts (tx, id);
      CREATE INDEX posts_created_brin ON posts USING brin (created_at);

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

      -- Hides a person's posts from the home timeline, followed or not.
      CREATE TABLE mutes (
        user_id uuid CONSTRAINT mutes_user_id_fkey REFERENCES users,
        muted_id uuid CONSTRAINT mutes_muted_id_fkey REFERENCES users,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT mutes_pkey PRIMARY KEY (user_id, muted_id)
      );
      CREATE INDEX mutes_muted_idx ON mutes (muted_id);

      -- Each is hidden from the other, and neither follows.
      CREATE TABLE blocks (
        blocker_id uuid CONSTRAINT blocks_blocker_id_fkey REFERENCES users,
        blocked_id uuid CONSTRAINT blocks_blocked_id_fkey REFERENCES users,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT blocks_pkey PRIMARY KEY (blocker_id, blocked_id)
      );
      CREATE INDEX blocks_blocked_idx ON blocks (blocked_id);

      -- Changed in the transaction of their cause. Not columns of users: hot counters stay off the row that foreign keys lock.
      CREATE TABLE user_stats (
        user_id uuid CONSTRAINT user_stats_pkey PRIMARY KEY
          CONSTRAINT user_stats_user_id_fkey REFERENCES users ON DELETE CASCADE,
        posts_count integer NOT NULL DEFAULT 0 CONSTRAINT user_stats_posts_check CHECK (posts_count >= 0),
        followers_count integer NOT NULL DEFAULT 0 CONSTRAINT user_stats_followers_check CHECK (followers_count >= 0),
        following_count integer NOT NULL DEFAULT 0 CONSTRAINT user_stats_following_check CHECK (following_count >= 0)
      ) WITH (fillfactor = 80);
      CREATE TRIGGER users_add_stats AFTER INSERT ON users REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION add_user_stats();
    `);
    await createFunctions(runner, 'timeline/posts/insert_post.sql', 'timeline/posts/timeline_page.sql');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION timeline_page, insert_post;
      DROP TRIGGER users_add_stats ON users;
      DROP FUNCTION add_user_stats;
      DROP TABLE user_stats, blocks, mutes, follows, posts;
      DROP FUNCTION current_tx;
    `);
  }
}
