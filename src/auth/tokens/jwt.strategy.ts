import type { IncomingMessage } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { JwtPayload, Secret } from 'jsonwebtoken';
import { Strategy } from 'passport-jwt';

import type { Caller } from '../../common/access.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Revocations } from '../revocations/revocations.js';
import { AccessTokens } from './access-tokens.js';

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    @Inject(CONFIG) { tokens: { issuer, audience } }: Config,
    private readonly accessTokens: AccessTokens,
    private readonly revocations: Revocations,
  ) {
    super({
      jwtFromRequest: bearerToken,
      secretOrKeyProvider: (_request, _token, done) => {
        done(null, accessTokens.keyFor as unknown as Extract<Secret, string>);
      },
      algorithms: [accessTokens.algorithm],
      issuer,
      audience,
      // principalOf checks it, with the injected clock.
      ignoreExpiration: true,
    });
  }

  async validate(claims: JwtPayload): Promise<Caller> {
    const principal = this.accessTokens.principalOf(claims);
    await this.revocations.check(principal);
    return principal;
  }
}

/** RFC 6750 section 2.1, for the whole header: passport-jwt reads two words and ignores text around them. */
function bearerToken({ headers }: Pick<IncomingMessage, 'headers'>): string | null {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
