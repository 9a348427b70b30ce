import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { isUUID } from 'class-validator';
import type { GetPublicKeyOrSecret, JwtHeader, JwtPayload } from 'jsonwebtoken';

import { type Caller, type Principal, ROLES, type Role } from '../../common/access.js';
import { Clock } from '../../common/clock.js';
import { AppError } from '../../common/errors.js';
import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { SigningKeys } from './signing-keys.js';

/** RFC 9068 section 2.1: no other kind of JWT is accepted. */
const ACCESS_TOKEN_TYPE = 'at+jwt';
const HEADER_FIELDS = new Set(['alg', 'typ', 'kid']);
const LEEWAY_SECONDS = 60;

@Injectable()
export class AccessTokens {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: SigningKeys,
    private readonly jwt: JwtService,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  get algorithm(): SigningKeys['algorithm'] {
    return this.keys.algorithm;
  }

  get ttlSeconds(): number {
    return Math.floor(this.config.tokens.accessTtlMs / 1_000);
  }

  issue(principal: Principal): string {
    const iat = this.clock.epochSeconds();
    const claims = {
      iss: this.config.tokens.issuer,
      aud: this.config.tokens.audience,
      sub: principal.userId,
      sid: principal.sessionId,
      role: principal.role,
      epoch: principal.epoch,
      iat,
      exp: iat + this.ttlSeconds,
      jti: this.random.uuid(),
    };
    // A KeyObject: from a string, jsonwebtoken would parse the key for every token, at fifty times the cost.
    const { id, key } = this.keys.signer();
    return this.jwt.sign(claims, {
      privateKey: key,
      algorithm: this.algorithm,
      header: { alg: this.algorithm, typ: ACCESS_TOKEN_TYPE, kid: id },
    });
  }

  /** Refuses headers that jsonwebtoken would accept: `crit`, `b64`, `jwk`, another `typ`. */
  readonly keyFor: GetPublicKeyOrSecret = (header: JwtHeader, done) => {
    const ordinary = header.typ === ACCESS_TOKEN_TYPE && Object.keys(header).every((name) => HEADER_FIELDS.has(name));
    const key = ordinary && typeof header.kid === 'string' ? this.keys.verifier(header.kid) : undefined;
    if (key) done(null, key);
    else done(new AppError('invalid_token'));
  };

  principalOf(claims: JwtPayload): Caller {
    const { aud, sub, sid, role, epoch, iat, exp, jti } = claims as Record<string, unknown>;
    const now = this.clock.epochSeconds();
    const wellFormed =
      typeof aud === 'string' &&
      isUUID(sub) &&
      isUUID(sid) &&
      isUUID(jti) &&
      isRole(role) &&
      Number.isSafeInteger(epoch) &&
      Number.isSafeInteger(iat) &&
      Number.isSafeInteger(exp);
    if (!wellFormed || (iat as number) > now + LEEWAY_SECONDS) throw new AppError('invalid_token');
    if ((exp as number) <= now - LEEWAY_SECONDS) throw new AppError('token_expired');
    return {
      userId: sub as string,
      sessionId: sid as string,
      role,
      epoch: epoch as number,
      expiresAt: exp as number,
    };
  }
}

function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}
