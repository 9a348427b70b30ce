-- Heard when the transaction commits, by the workers of all instances.
CREATE OR REPLACE FUNCTION notify_mails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('mails', '');
  RETURN NULL;
END $$;
