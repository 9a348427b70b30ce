/** Which server a number of a transaction is of. */

/**
 * SQL: names the server by its start. The numbers of transactions go on from a restart, but for those of which nothing
 * was written yet, and may go back with a failover or a restored backup.
 */
export const SERVER = `extract(epoch FROM pg_postmaster_start_time())::text`;
