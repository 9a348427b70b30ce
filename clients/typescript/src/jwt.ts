/** Reads access tokens (RFC 9068) without verifying them, which the server does. */
import type { Tokens } from './tokens.js';

interface Claims {
  readonly sub?: string;
  readonly sid?: string;
}

/** Whose token it is; undefined for a token that is no JWT. */
export function personOf(tokens: Tokens): string | undefined {
  return claimsOf(tokens).sub;
}

/** It stays the same when the tokens are refreshed. A token that is no JWT is taken for a session of its own. */
export function sessionOf(tokens: Tokens): string {
  return claimsOf(tokens).sid ?? tokens.access_token;
}

function claimsOf({ access_token: token }: Tokens): Claims {
  try {
    const [, payload = ''] = token.split('.');
    return { ...(JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as Claims) };
  } catch {
    return {};
  }
}
