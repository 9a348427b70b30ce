/** Encrypts mails in the database, since their tokens are credentials until used. */
import { Inject, Injectable } from '@nestjs/common';

import { Random } from '../common/random.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { deriveKey, fingerprint, seal, SEAL_IV_BYTES, type SealingKey, sealingKey, unseal } from '../common/crypto.js';
import type { MailContent } from './templates.js';

/** Pads to a multiple: the size must reveal neither the content nor whether the address has an account. */
const BLOCK_BYTES = 4_096;

@Injectable()
export class Seals {
  private readonly keys: readonly [SealingKey, ...SealingKey[]];
  private readonly fingerprintKey: Buffer;

  constructor(
    @Inject(CONFIG) { tokens }: Config,
    private readonly random: Random,
  ) {
    const { secret, previousSecret } = tokens;
    const current = sealingKey(secret, 'mail');
    this.keys = previousSecret === undefined ? [current] : [current, sealingKey(previousSecret, 'mail')];
    this.fingerprintKey = deriveKey(secret, 'mail address');
  }

  get keyIds(): readonly Buffer[] {
    return this.keys.map(({ id }) => id);
  }

  seal(id: string, content: MailContent): { readonly sealed: Buffer; readonly keyId: Buffer } {
    const [{ key, id: keyId }] = this.keys;
    return { sealed: seal({ key, iv: this.random.bytes(SEAL_IV_BYTES), id }, padded(JSON.stringify(content))), keyId };
  }

  open(id: string, sealed: Buffer): MailContent | undefined {
    for (const { key } of this.keys) {
      const bytes = unseal({ key, id }, sealed);
      if (bytes) return JSON.parse(bytes.toString()) as MailContent;
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
