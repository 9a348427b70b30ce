-- Whether no other transaction has the key, and what was kept under it. A volatile function looks after it has the lock: it
-- sees what the last holder committed, which its caller's own statement may not.
CREATE OR REPLACE FUNCTION claim_idempotency_key(key bytea, lock bigint, OUT free boolean, OUT answer bytea)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  free := pg_try_advisory_xact_lock(lock);
  SELECT k.answer INTO answer FROM idempotency_keys k WHERE k.id = key AND k.expires_at > statement_timestamp();
END $$;
