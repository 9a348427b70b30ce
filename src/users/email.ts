/** One canonical form for each e-mail address, computed here and nowhere else. */
import { domainToASCII } from 'node:url';

import { isEmail } from 'class-validator';

export const EMAIL_MAX_LENGTH = 255;

/** `domainToASCII` reads a URL: anything but letters, digits, dots and hyphens it would decode, drop or cut off. */
const ADDRESS = /^(?<local>[!#-?A-~]{1,64})@(?<domain>[\p{L}\p{M}\p{N}.-]+)$/u;

/** The library stops at 254, one short of the contract. */
const WHOLE_LENGTH_IS_OURS = { ignore_max_length: true };

/**
 * Lower case, the domain in its ASCII form (IDNA). Local parts that are quoted or go beyond ASCII are refused: they look
 * alike, and folding their case differs between JavaScript and PostgreSQL.
 * @returns undefined for what is no address
 */
export function canonicalEmail(email: string): string | undefined {
  const { local, domain } = ADDRESS.exec(email)?.groups ?? {};
  if (local === undefined || domain === undefined) return undefined;
  const canonical = `${local}@${domainToASCII(domain)}`.toLowerCase();
  return canonical.length <= EMAIL_MAX_LENGTH && isEmail(canonical, WHOLE_LENGTH_IS_OURS) ? canonical : undefined;
}
