/** The server's start and a table's oid, which a restored dump renews. Transaction numbers may go back with a failover;
 * a restart only repeats numbers that wrote nothing. */
export const SERVER = `extract(epoch FROM pg_postmaster_start_time()) || '/' || 'revocations'::regclass::oid`;
