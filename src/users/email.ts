import { domainToASCII } from 'node:url';

import { isEmail } from '../http/input/class-validator.js';

export const EMAIL_MAX_LENGTH = 255;

/** `domainToASCII` takes time that grows with the square of a domain. */
const GIVEN_MAX_LENGTH = 1_000;

/** `domainToASCII` reads a URL: it would decode, drop or cut off other characters. */
const ADDRESS = /^(?<local>[!#-?A-~]{1,64})@(?<domain>[\p{L}\p{M}\p{N}.-]+)$/u;

/** The library's limit of 254 is one short of the contract. */
const WHOLE_LENGTH_IS_OURS = { ignore_max_length: true };

/** Lower case, with an IDNA domain. Quoted and non-ASCII local parts are refused: they look alike, and JavaScript
 * and PostgreSQL fold their case differently. */
export function canonicalEmail(email: string): string | undefined {
  if (email.length > GIVEN_MAX_LENGTH) return undefined;
  const { local, domain } = ADDRESS.exec(email)?.groups ?? {};
  if (local === undefined || domain === undefined) return undefined;
  const canonical = `${local}@${domainToASCII(domain)}`.toLowerCase();
  return canonical.length <= EMAIL_MAX_LENGTH && isEmail(canonical, WHOLE_LENGTH_IS_OURS) ? canonical : undefined;
}
