/** Refresh tokens: an HMAC over the session's id and generation, so that the database stores no token. */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { deriveKey } from '../../common/crypto.js';

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
  /** The token's first byte names its secret: the previous one stays valid during a rotation. */
  readonly version: number;
  readonly key: KeyObject;
}

@Injectable()
export class RefreshTokens {
  private readonly keys: readonly RefreshKey[];

  constructor(@Inject(CONFIG) { tokens }: Config) {
    this.keys = [tokens.secret, tokens.previousSecret].filter((secret) => secret !== undefined).map(refreshKey);
  }

  /** base64url(version ‖ session id ‖ seq ‖ salt ‖ HMAC-SHA-256). Equal parts give equal tokens, byte for byte. */
  encode({ sessionId, seq, salt }: RefreshTokenParts): string {
    const [{ version, key }] = this.keys as [RefreshKey];
    const head = Buffer.alloc(MAC_OFFSET);
    head.writeUInt8(version);
    head.write(sessionId.replaceAll('-', ''), 1, 'hex');
    head.writeUInt32BE(seq, SEQ_OFFSET);
    salt.copy(head, SALT_OFFSET);
    return Buffer.concat([head, mac(key, head)]).toString('base64url');
  }

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
  const key = createSecretKey(deriveKey(secret, 'refresh token'));
  return { version: deriveKey(secret, 'refresh token key id').readUInt8(), key };
}

function mac(key: KeyObject, head: Buffer): Buffer {
  return createHmac('sha256', key).update(head).digest();
}
