/** Which server, and which of its tables, a number of a transaction is of. */

/**
 * SQL: names the server by its start, and the tables by one of them, which a restored dump makes anew. The numbers of
 * transactions go on from a restart, but for those of which nothing was written yet, and may go back with a failover.
 */
export const SERVER = `extract(epoch FROM pg_postmaster_start_time()) || '/' || 'revocations'::regclass::oid`;

/**
 * The database's time when the statement began, moved by the injected clock's offset ($1, in milliseconds; 0 outside
 * tests). Conditions on it can use an index.
 */
export const NOW = `(statement_timestamp() + $1 * interval '1 ms')`;

/** The same at this moment: for what is stored, or compared after a wait for a lock. No index is used by it. */
export const NOW_EXACTLY = `(clock_timestamp() + $1 * interval '1 ms')`;
