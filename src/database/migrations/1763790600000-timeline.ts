/** Posts, who follows, mutes and blocks whom, and exact counts of both. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One page of a home timeline: the newest live posts of the *authors*, who are whom the viewer follows and has not muted,
 * and the viewer; without hidden accounts. Why it is exact, and flat: docs/adr/0017-timeline.md.
 *
 * A function, because its plans are then made once for each connection (also behind a pooler) instead of for each page,
 * which took longer than the page itself; and because its settings leave the planner one choice, whatever the statistics
 * say: plans may be made while there is next to nothing, and used after a bulk load. For the same reason rows are looked up
 * by a range and in an order that one index alone has, where an equality would do for any index with that column; and
 * OFFSET 0 keeps lookups from becoming joins. Every limit comes after the filters that it depends on.
 */
const TIMELINE_PAGE = `
  CREATE FUNCTION timeline_page(viewer uuid, before bigint, page integer, moment timestamptz)
  RETURNS TABLE (id bigint, author_id uuid, username varchar, text text, created_at timestamptz)
  LANGUAGE plpgsql STABLE ROWS 20
  SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET enable_memoize = off SET max_parallel_workers_per_gather = 0 SET jit = off
  -- Whether a set is hashed depends on the size that the planner expects of it.
  SET work_mem = '64MB'
  AS $$
  DECLARE
    top CONSTANT bigint := coalesce(before, 9223372036854775807);
    -- Chooses how to search, and so the cost; never the answer.
    followed CONSTANT integer := (SELECT s.following_count FROM user_stats s WHERE s.user_id = viewer);
    ids bigint[] := '{}';
    reach integer;
  BEGIN
    -- Walk the newest posts of everybody and keep those of the authors; a fifth of the way shows whether it is worth it.
    FOREACH reach IN ARRAY
      CASE WHEN followed > 100 THEN ARRAY[2 * followed, least(10 * followed, 20000)] ELSE '{}' END
    LOOP
      ids := ARRAY(
        SELECT w.id
          FROM (SELECT p.id, p.author_id, p.deleted_at FROM posts p WHERE p.id < top ORDER BY p.id DESC LIMIT reach) w
         WHERE w.deleted_at IS NULL
           -- Not joins: the sets are hashed once, and the walk ends with the page.
           AND (w.author_id = viewer
                OR w.author_id IN (SELECT f.followee_id FROM follows f
                                    WHERE f.follower_id BETWEEN viewer AND viewer
                                    ORDER BY f.follower_id, f.followee_id))
           AND w.author_id NOT IN (SELECT m.muted_id FROM mutes m WHERE m.user_id = viewer)
           AND NOT EXISTS (SELECT FROM users u WHERE u.id = w.author_id AND is_hidden(u, moment) OFFSET 0)
         ORDER BY w.id DESC LIMIT page);
      EXIT WHEN cardinality(ids) = page OR cardinality(ids) * 4 < page;
    END LOOP;

    -- Otherwise take each author's newest post: whoever is not among the newest 'page' of these has nothing on the page.
    IF cardinality(ids) < page THEN
      ids := ARRAY(
        WITH heads AS MATERIALIZED (
          SELECT newest.author_id, newest.id, row_number() OVER (ORDER BY newest.id DESC) AS place
            FROM (SELECT author.id AS author_id, post.id
                    FROM ((SELECT f.followee_id AS id FROM follows f
                            WHERE f.follower_id BETWEEN viewer AND viewer
                              AND f.followee_id NOT IN (SELECT m.muted_id FROM mutes m WHERE m.user_id = viewer)
                            ORDER BY f.follower_id, f.followee_id)
                          UNION ALL SELECT viewer) author,
                         LATERAL (SELECT p.id FROM posts p
                                   WHERE (p.author_id, p.id) < (author.id, top) AND p.author_id >= author.id
                                     AND p.deleted_at IS NULL
                                   ORDER BY p.author_id DESC, p.id DESC LIMIT 1) post
                   -- A fence: only those at the top are asked whether they are hidden.
                   ORDER BY post.id DESC OFFSET 0) newest
           WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = newest.author_id AND is_hidden(u, moment) OFFSET 0)
           ORDER BY newest.id DESC LIMIT page)
        SELECT post.id
          FROM heads,
               -- The nth head has n - 1 posts above it, and nothing below the last of a full page is on it.
               LATERAL (SELECT p.id FROM posts p
                         WHERE (p.author_id, p.id) <= (heads.author_id, heads.id)
                           AND (p.author_id, p.id) >= (
                             heads.author_id, coalesce((SELECT last.id FROM heads last WHERE last.place = page), 0))
                           AND p.deleted_at IS NULL
                         ORDER BY p.author_id DESC, p.id DESC LIMIT page + 1 - heads.place) post
         ORDER BY post.id DESC LIMIT page);
    END IF;

    RETURN QUERY
      SELECT post.id, post.author_id, author.username, post.text, post.created_at
        FROM unnest(ids) AS found (id),
             LATERAL (SELECT p.* FROM posts p WHERE p.id BETWEEN found.id AND found.id ORDER BY p.id LIMIT 1) post,
             LATERAL (SELECT u.username FROM users u
                       WHERE u.id BETWEEN post.author_id AND post.author_id ORDER BY u.id LIMIT 1) author
       ORDER BY post.id DESC;
  END $$`;

/**
 * A post with the count of its author's; nulls when the author is gone. A function for its plans, as above: planning it anew
 * halved the rate of posting. It gives back only what the caller does not know, as text, and has no settings of its own:
 * each of the three costs as much as a statement. Its plans are by primary keys.
 */
const INSERT_POST = `
  CREATE FUNCTION insert_post(author uuid, body text, OUT id text, OUT username varchar, OUT created_at text)
  LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE user_stats s SET posts_count = s.posts_count + 1
      FROM users u WHERE s.user_id = author AND u.id = author RETURNING u.username INTO username;
    IF FOUND THEN
      INSERT INTO posts AS p (author_id, text) VALUES (author, body)
      RETURNING p.id, (p.created_at AT TIME ZONE 'UTC')::text INTO id, created_at;
    END IF;
  END $$`;

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
      -- Of all, also of deleted ones: erasure, exports and the foreign key ask for those, too.
      CREATE INDEX posts_author_idx ON posts (author_id, id) INCLUDE (deleted_at);
      CREATE INDEX posts_tx_idx ON posts (tx, id);
      CREATE INDEX posts_created_brin ON posts USING brin (created_at);

      -- Almost nobody is in it: whether an author is hidden costs next to nothing.
      CREATE INDEX users_hidden_idx ON users (id) WHERE status = 'disabled' OR deletion IS NOT NULL;
      -- In one place, for functions ask it, too. It is inlined, so that the index above serves it.
      CREATE FUNCTION is_hidden(u users, at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT u.status = 'disabled' AND (u.disabled_until IS NULL OR u.disabled_until > at) OR u.deletion IS NOT NULL $$;

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
    await runner.query(INSERT_POST);
    await runner.query(TIMELINE_PAGE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION timeline_page, insert_post;
      DROP TRIGGER users_add_stats ON users;
      DROP FUNCTION add_user_stats, is_hidden;
      DROP INDEX IF EXISTS users_people_idx;
      DROP INDEX users_name_idx, users_hidden_idx;
      DROP TABLE user_stats, blocks, mutes, follows, posts;
      DROP FUNCTION current_tx;
    `);
  }
}
