-- Follows somebody. The answer is the code of a refusal, or NULL, also where the follow was there before.
-- Both rows of user_stats are locked first, ordered by id: counts stay exact, and nobody deadlocks.
CREATE OR REPLACE FUNCTION follow(self uuid, other uuid, at_most integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  locked uuid[];
  following integer;
BEGIN
  SELECT array_agg(s.user_id), max(s.following_count) FILTER (WHERE s.user_id = self) INTO locked, following FROM (
    SELECT * FROM user_stats WHERE user_id IN (self, other) ORDER BY user_id FOR NO KEY UPDATE) s;
  IF following IS NULL THEN RETURN 'invalid_token'; END IF;
  IF NOT other = ANY (locked) THEN RETURN 'user_not_found'; END IF;
  IF EXISTS (SELECT FROM follows WHERE follower_id = self AND followee_id = other) THEN RETURN NULL; END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = other AND blocked_id = self) THEN RETURN 'user_not_found'; END IF;
  IF EXISTS (SELECT FROM blocks WHERE blocker_id = self AND blocked_id = other) THEN RETURN 'user_blocked'; END IF;
  IF following >= at_most THEN RETURN 'follow_limit_reached'; END IF;
  INSERT INTO follows (follower_id, followee_id) VALUES (self, other);
  UPDATE user_stats SET following_count = following_count + (user_id = self)::integer,
                        followers_count = followers_count + (user_id = other)::integer
   WHERE user_id IN (self, other);
  RETURN NULL;
END $$;
