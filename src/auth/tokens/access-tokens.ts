import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { GetPublicKeyOrSecret, JwtHeader, JwtPayload } from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';

import { type Caller, type Principal, ROLES, type Role } from '../../common/access.js';
import { Clock } from '../../common/clock.js';
import { AppError } from '../../common/errors.js';
import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { isUUID } from '../../http/input/class-validator.js';
import { SigningKeys } from './signing-keys.js';

/** RFC 9068 section 2.1: no other kind of JWT is accepted. */
const ACCESS_TOKEN_TYPE = 'at+jwt';
/** RFC 8176. */
const MULTIPLE_FACTORS = ['mfa'];
const HEADER_FIELDS = new Set(['alg', 'typ', 'kid']);
const LEEWAY_SECONDS = 60;
const MOST_REMEMBERED = 5_000;

/** What a valid signature says. Whether the token is in time is judged for each request. */
export interface VerifiedToken {
  readonly caller: Caller;
  readonly issuedAt: number;
}

@Injectable()
export class AccessTokens {
  private readonly verified = new LRUCache<string, VerifiedToken>({ max: MOST_REMEMBERED });
  private verifiedWith: unknown;

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
      ...(principal.secondFactor && { amr: MULTIPLE_FACTORS }),
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

  /** Verifying a signature costs a tenth of a request, and clients send the same token again and again. */
  remember(token: string, verified: VerifiedToken): void {
    this.verified.set(token, verified);
  }

  recall(token: string): VerifiedToken | undefined {
    const { accepted } = this.keys;
    if (accepted !== this.verifiedWith) this.verified.clear();
    this.verifiedWith = accepted;
    return this.verified.get(token);
  }

  read(claims: JwtPayload): VerifiedToken {
    const { aud, sub, sid, role, epoch, iat, exp, jti, amr } = claims as Record<string, unknown>;
    const wellFormed =
      typeof aud === 'string' &&
      isUUID(sub) &&
      isUUID(sid) &&
      isUUID(jti) &&
      isRole(role) &&
      Number.isSafeInteger(epoch) &&
      Number.isSafeInteger(iat) &&
      Number.isSafeInteger(exp);
    if (!wellFormed) throw new AppError('invalid_token');
    const caller = {
      userId: sub as string,
      sessionId: sid as string,
      role,
      epoch: epoch as number,
      expiresAt: exp as number,
      secondFactor: Array.isArray(amr) && amr.includes(MULTIPLE_FACTORS[0]),
    };
    return { caller, issuedAt: iat as number };
  }

  /** @throws AppError `invalid_token`, `token_expired` */
  requireInTime({ caller, issuedAt }: VerifiedToken): void {
    const now = this.clock.epochSeconds();
    if (issuedAt > now + LEEWAY_SECONDS) throw new AppError('invalid_token');
    if (caller.expiresAt <= now - LEEWAY_SECONDS) throw new AppError('token_expired');
  }
}

function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}
