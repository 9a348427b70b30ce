CREATE OR REPLACE FUNCTION add_user_stats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO user_stats (user_id) SELECT id FROM added;
  RETURN NULL;
END $$;
