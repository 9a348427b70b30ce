/** Which server, and which of its tables, a number of a transaction is of. */

/**
 * SQL: names the server by its start, and the tables by one of them, which a restored dump makes anew. The numbers of
 * transactions go on from a restart, but for those of which nothing was written yet, and may go back with a failover.
 */
export const SERVER = `extract(epoch FROM pg_postmaster_start_time()) || '/' || 'revocations'::regclass::oid`;
