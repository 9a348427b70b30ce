/** One canonical form for each e-mail address, computed here and nowhere else. */
import { domainToASCII } from 'node:url';

import { isEmail } from 'class-validator';

export const EMAIL_MAX_LENGTH = 255;

/**
 * Lower case, the domain in its ASCII form (IDNA). Local parts beyond ASCII are refused: they look alike, and folding
 * their case differs between JavaScript and PostgreSQL.
 * @returns undefined for what is no address
 */
export function canonicalEmail(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  const local = email.slice(0, at);
  const domain = domainToASCII(email.slice(at + 1));
  const canonical = `${local}@${domain}`.toLowerCase();
  const isAscii = /^[\x21-\x7e]+$/.test(local) && !local.includes('"');
  return isAscii && canonical.length <= EMAIL_MAX_LENGTH && isEmail(canonical) ? canonical : undefined;
}
