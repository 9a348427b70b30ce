/** Access tokens (JWT, RFC 9068 and RFC 8725) and refresh tokens (HMAC chained to the session's row). */
import { createHmac, timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { isUUID } from 'class-validator';
import type { GetPublicKeyOrSecret, JwtHeader, JwtPayload } from 'jsonwebtoken';

import { type Caller, type Principal, ROLES, type Role } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { AppError } from '../common/errors.js';
import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { deriveKey } from '../config/keys.js';
import { SigningKeys } from './signing-keys.js';

/** RFC 9068 section 2.1: no other kind of JWT is taken for an access token. */
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

  /** Life of an access token in seconds. */
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
    // A KeyObject: with a string, jsonwebtoken makes the key anew for every token, at fifty times the cost.
    const { id, key } = this.keys.signer();
    return this.jwt.sign(claims, {
      privateKey: key,
      algorithm: this.algorithm,
      header: { alg: this.algorithm, typ: ACCESS_TOKEN_TYPE, kid: id },
    });
  }

  /** Chooses the key for jsonwebtoken, and refuses headers that it would let pass: `crit`, `b64`, `jwk`, another `typ`. */
  readonly keyFor: GetPublicKeyOrSecret = (header: JwtHeader, done) => {
    const ordinary = header.typ === ACCESS_TOKEN_TYPE && Object.keys(header).every((name) => HEADER_FIELDS.has(name));
    const key = ordinary && typeof header.kid === 'string' ? this.keys.verifier(header.kid) : undefined;
    if (key) done(null, key);
    else done(new AppError('invalid_token'));
  };

  /**
   * Reads the claims of a token whose signature, issuer and audience are verified.
   * @throws AppError `invalid_token` or `token_expired`
   */
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

/** Which generation of which session a refresh token is. */
export interface RefreshTokenParts {
  readonly sessionId: string;
  readonly seq: number;
  readonly salt: Buffer;
}

export const SALT_BYTES = 16;
const ID_BYTES = 16;
const SEQ_OFFSET = 1 + ID_BYTES;
const SALT_OFFSET = SEQ_OFFSET + 4;
const MAC_OFFSET = SALT_OFFSET + SALT_BYTES;
const TOKEN_BYTES = MAC_OFFSET + 32;

interface RefreshKey {
  /** The token's first byte says which secret made it, so that the previous one is accepted while keys rotate. */
  readonly version: number;
  readonly key: Buffer;
}

@Injectable()
export class RefreshTokens {
  private readonly keys: readonly RefreshKey[];

  constructor(@Inject(CONFIG) { tokens }: Config) {
    this.keys = [tokens.secret, tokens.previousSecret].filter((secret) => secret !== undefined).map(refreshKey);
  }

  /** base64url(version ‖ session id ‖ seq ‖ salt ‖ HMAC-SHA-256): the same parts give the same token, byte for byte. */
  encode({ sessionId, seq, salt }: RefreshTokenParts): string {
    const [{ version, key }] = this.keys as [RefreshKey];
    const head = Buffer.alloc(MAC_OFFSET);
    head.writeUInt8(version);
    head.write(sessionId.replaceAll('-', ''), 1, 'hex');
    head.writeUInt32BE(seq, SEQ_OFFSET);
    salt.copy(head, SALT_OFFSET);
    return Buffer.concat([head, mac(key, head)]).toString('base64url');
  }

  /** @returns undefined for every text that {@link encode} did not make; costs no query */
  decode(token: string): RefreshTokenParts | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== token) return undefined;
    const head = bytes.subarray(0, MAC_OFFSET);
    const genuine = this.keys.some(
      ({ version, key }) => version === head[0] && timingSafeEqual(mac(key, head), bytes.subarray(MAC_OFFSET)),
    );
    if (!genuine) return undefined;
    const id = head.toString('hex', 1, SEQ_OFFSET);
    const sessionId = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return { sessionId, seq: head.readUInt32BE(SEQ_OFFSET), salt: head.subarray(SALT_OFFSET) };
  }
}

function refreshKey(secret: string): RefreshKey {
  return { version: deriveKey(secret, 'refresh token key id').readUInt8(), key: deriveKey(secret, 'refresh token') };
}

function mac(key: Buffer, head: Buffer): Buffer {
  return createHmac('sha256', key).update(head).digest();
}

function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}
