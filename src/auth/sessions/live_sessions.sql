-- How many sessions of an account live besides one. A volatile function sees what was committed while its caller waited
-- for the account's lock; the caller's own statement does not.
CREATE OR REPLACE FUNCTION live_sessions(owner uuid, besides uuid) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT count(*) FROM sessions
   WHERE user_id = owner AND id <> besides AND revoked_at IS NULL AND expires_at > statement_timestamp()
$$;
