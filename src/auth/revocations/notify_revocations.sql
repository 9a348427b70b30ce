-- A trigger, so that no writer of a revocation can forget to notify.
CREATE OR REPLACE FUNCTION notify_revocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added) THEN PERFORM pg_notify('revocations', ''); END IF;
  RETURN NULL;
END $$;
