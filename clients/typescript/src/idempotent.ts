/** Made from openapi.json by npm run client. */

/** The POSTs that take an Idempotency-Key. */
export const IDEMPOTENT: ReadonlySet<string> = new Set([
  '/auth/register',
  '/auth/passkeys',
  '/users/me/email',
  '/tasks',
  '/posts',
  '/admin/users',
]);
