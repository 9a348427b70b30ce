import type { IncomingMessage } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { JwtPayload, Secret } from 'jsonwebtoken';
import { Strategy } from 'passport-jwt';

import type { Caller } from '../../common/access.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Revocations } from '../revocations/revocations.js';
import { AccessTokens, type VerifiedToken } from './access-tokens.js';

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
      // judge() checks it, with the injected clock.
      ignoreExpiration: true,
      passReqToCallback: true,
    });
  }

  recall(token: string): VerifiedToken | undefined {
    return this.accessTokens.recall(token);
  }

  async validate(request: Bearing, claims: JwtPayload): Promise<Caller> {
    const verified = this.accessTokens.read(claims);
    // Before anything is awaited: the key may be withdrawn meanwhile, which empties the memory.
    this.accessTokens.remember(bearerToken(request) ?? '', verified);
    return this.judge(verified);
  }

  async judge(verified: VerifiedToken): Promise<Caller> {
    this.accessTokens.requireInTime(verified);
    await this.revocations.check(verified.caller);
    return verified.caller;
  }
}

type Bearing = Pick<IncomingMessage, 'headers'>;

/** RFC 6750 section 2.1, for the whole header: passport-jwt reads two words and ignores text around them. */
export function bearerToken({ headers }: Bearing): string | null {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
