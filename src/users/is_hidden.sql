-- In one place, for functions ask it, too. It is inlined, so that users_hidden_idx serves it.
CREATE OR REPLACE FUNCTION is_hidden(u users, at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT u.status = 'disabled' AND (u.disabled_until IS NULL OR u.disabled_until > at) OR u.deletion IS NOT NULL $$;
