-- One page of a home timeline: the newest live posts of the authors, without hidden accounts. The authors are the viewer, and
-- the people whom the viewer follows and has not muted. Why it is exact, and flat: docs/adr/0017-timeline.md.
--
-- A function, because its plans are then made once for each connection, also behind a pooler. Planning each page took longer
-- than the page. Its settings leave the planner one choice, whatever the statistics say: a plan may be made while there is
-- next to nothing, and used after a bulk load. For the same reason rows are looked up by a range, in an order that one index
-- alone has; for an equality, any index with that column would do. OFFSET 0 keeps look-ups from becoming joins. Every limit
-- comes after the filters that it depends on.
CREATE OR REPLACE FUNCTION timeline_page(viewer uuid, before bigint, page integer, moment timestamptz)
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
  -- These choose how to search, and so the cost; never the answer.
  followed CONSTANT integer := (SELECT s.following_count FROM user_stats s WHERE s.user_id = viewer);
  furthest CONSTANT integer := least(30 * followed, 20000);
  reach integer := CASE WHEN followed > 100 THEN greatest(400, followed) END;
  needed integer;
  ids bigint[] := '{}';
BEGIN
  -- Walk the newest posts of everybody and keep those of the authors. Their share tells how far it is to a full page; twice
  -- that, for chance. A share that says "too far" is taken of more posts before it counts, unless there were none at all.
  WHILE reach <= furthest LOOP
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
    EXIT WHEN cardinality(ids) = page;
    needed := 2 * reach * page / nullif(cardinality(ids), 0);
    reach := CASE WHEN needed > furthest AND reach < 2 * followed THEN 2 * followed ELSE needed END;
  END LOOP;

  -- Otherwise take each author's newest post: an author who is not among the newest 'page' of these has nothing on the page.
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
END $$;
