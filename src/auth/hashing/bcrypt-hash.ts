/** bcrypt's hashes as they are stored: `$2b$12$…`. */

/** `$2y$` is PHP's name for `$2b$`; `$2a$` differs only for passwords that are far too long here. */
const BCRYPT = /^\$2(?<version>[aby])\$(?<cost>\d\d)\$(?<rest>[./A-Za-z0-9]{53})$/;

/** No hash of any password: an account that was made by an invitation has none before its owner chooses one. */
export const NO_PASSWORD = '!';

export interface BcryptHash {
  readonly version: string;
  readonly cost: number;
  /** As the library reads it. */
  readonly comparable: string;
}

/** @returns undefined for what is no hash, which no password matches */
export function parseHash(hash: string | undefined): BcryptHash | undefined {
  const { version, cost, rest } = BCRYPT.exec(hash ?? '')?.groups ?? {};
  if (version === undefined || cost === undefined || rest === undefined) return undefined;
  return { version, cost: Number(cost), comparable: `$2b$${cost}$${rest}` };
}
