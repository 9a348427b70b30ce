-- An xid8 as a number, which never wraps around.
CREATE OR REPLACE FUNCTION current_tx() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT pg_current_xact_id()::text::bigint';
