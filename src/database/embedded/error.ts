/** What keeps the embedded PostgreSQL from running, in words for the person who starts Roost. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError';
}
