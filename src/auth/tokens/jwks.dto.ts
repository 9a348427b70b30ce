/** The public keys on the wire (RFC 7517). */

/** A public key; `crv`, `x` and `y` of an elliptic curve, `n` and `e` of RSA. */
export class JwkResponse {
  kty: string;
  use: string;
  alg: string;
  kid: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
}

export class JwksResponse {
  keys: JwkResponse[];
}
