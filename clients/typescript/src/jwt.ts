/** Reads access tokens (RFC 9068) without verifying them, which the server does. */
import type { Tokens } from './tokens.js';

/** Whose token it is; undefined for a token that is no JWT. */
export function personOf({ access_token: token }: Tokens): string | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const { sub } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { sub?: string };
    return sub;
  } catch {
    return undefined;
  }
}
