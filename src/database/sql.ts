/** Differs after a restart, a failover or a restored dump: transaction numbers may have gone back. */
export const SERVER = `extract(epoch FROM pg_postmaster_start_time()) || '/' || 'revocations'::regclass::oid`;
