/** The public keys on the wire (RFC 7517). */
import { ApiProperty } from '@nestjs/swagger';

import { ApiText } from '../../http/openapi/fields.js';

/** Characters in base64url: 8,192 bits. */
const NUMBER = 1_366;
const OPTIONAL = { required: false };

/** A public key; `crv`, `x` and `y` of an elliptic curve, `n` and `e` of RSA. */
export class JwkResponse {
  @ApiText(8)
  kty: string;
  @ApiText(8)
  use: string;
  @ApiText(16)
  alg: string;
  @ApiText(64)
  kid: string;
  @ApiText(16, OPTIONAL)
  crv?: string;
  @ApiText(NUMBER, OPTIONAL)
  x?: string;
  @ApiText(NUMBER, OPTIONAL)
  y?: string;
  @ApiText(NUMBER, OPTIONAL)
  n?: string;
  @ApiText(16, OPTIONAL)
  e?: string;
}

export class JwksResponse {
  @ApiProperty({ type: [JwkResponse], maxItems: 10 })
  keys: JwkResponse[];
}
