-- A post, counted in the stats of its author; nulls when the author is gone. A function for its plans, as timeline_page:
-- planning it for each post halved the rate of posting. It returns only what the caller does not know, as text, and has no
-- settings of its own: each of the three costs as much as a statement. Its plans are by primary keys.
CREATE OR REPLACE FUNCTION insert_post(author uuid, body text, OUT id text, OUT username varchar, OUT created_at text)
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_stats s SET posts_count = s.posts_count + 1
    FROM users u WHERE s.user_id = author AND u.id = author RETURNING u.username INTO username;
  IF FOUND THEN
    INSERT INTO posts AS p (author_id, text) VALUES (author, body)
    RETURNING p.id, (p.created_at AT TIME ZONE 'UTC')::text INTO id, created_at;
  END IF;
END $$;
