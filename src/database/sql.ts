/** The server's start and a table's oid, which a restored dump renews. Transaction numbers may go back with a failover;
 * a restart only repeats numbers that wrote nothing. */
export const SERVER = `extract(epoch FROM pg_postmaster_start_time()) || '/' || 'revocations'::regclass::oid`;

/** The statement's start, plus the clock's offset ($1, in milliseconds; 0 outside tests). An index can use it. */
export const NOW = `(statement_timestamp() + $1 * interval '1 ms')`;

/** The current moment, for stored values and comparisons after a lock wait. No index can use it. */
export const NOW_EXACTLY = `(clock_timestamp() + $1 * interval '1 ms')`;
