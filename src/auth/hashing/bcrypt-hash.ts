/** `$2y$` is PHP's name for `$2b$`; `$2a$` differs only for passwords that are far too long here. */
const BCRYPT = /^\$2(?<version>[aby])\$(?<cost>\d\d)\$(?<rest>[./A-Za-z0-9]{53})$/;

/** No hash of any password: an invited account before its owner chooses one. */
export const NO_PASSWORD = '!';

export interface BcryptHash {
  readonly version: string;
  readonly cost: number;
  readonly comparable: string;
}

export function parseHash(hash: string | undefined): BcryptHash | undefined {
  const { version, cost, rest } = BCRYPT.exec(hash ?? '')?.groups ?? {};
  if (version === undefined || cost === undefined || rest === undefined) return undefined;
  return { version, cost: Number(cost), comparable: `$2b$${cost}$${rest}` };
}
