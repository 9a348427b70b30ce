/** Encrypts mails in the database, since their tokens are credentials until used. */
import { createCipheriv, createDecipheriv } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { deriveKey, fingerprint } from '../common/crypto.js';
import type { MailContent } from './templates.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Pads to a multiple: the size must reveal neither the content nor whether the address has an account. */
const BLOCK_BYTES = 4_096;

@Injectable()
export class Seals {
  private readonly keys: readonly [Buffer, ...Buffer[]];
  private readonly fingerprintKey: Buffer;

  constructor(
    @Inject(CONFIG) { tokens }: Config,
    private readonly random: Random,
  ) {
    const { secret, previousSecret } = tokens;
    const current = deriveKey(secret, 'mail');
    this.keys = previousSecret === undefined ? [current] : [current, deriveKey(previousSecret, 'mail')];
    this.fingerprintKey = deriveKey(secret, 'mail address');
  }

  /** @param id authenticated: a sealed mail opens under its own id only */
  seal(id: string, content: MailContent): Buffer {
    const iv = this.random.bytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.keys[0], iv).setAAD(Buffer.from(id));
    const sealed = Buffer.concat([cipher.update(padded(JSON.stringify(content))), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  }

  open(id: string, sealed: Buffer): MailContent | undefined {
    for (const key of this.keys) {
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const text = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES));
      try {
        decipher.final();
      } catch {
        continue;
      }
      return JSON.parse(text.toString()) as MailContent;
    }
    return undefined;
  }

  addressKey(email: string): Buffer {
    return fingerprint(this.fingerprintKey, email);
  }
}

function padded(json: string): Buffer {
  const bytes = Buffer.from(json);
  return Buffer.concat([bytes, Buffer.alloc(BLOCK_BYTES - (bytes.length % BLOCK_BYTES), ' ')]);
}
