/** Secrets of authenticator apps, encrypted at rest. After a change of JWT_SECRET all are sealed anew. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { seal, SEAL_IV_BYTES, type SealingKey, sealingKey, unseal } from '../../common/crypto.js';
import { LOGGER } from '../../common/logger.js';
import { Random } from '../../common/random.js';
import { Jobs } from '../../common/schedule.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { lockSealedWith, resealSecret, type SealedSecret } from './totp.query.js';

const EVERY_MS = 3_600_000;
const BATCH = 100;
const NOBODY = '00000000-0000-0000-0000-000000000000';

@Injectable()
export class SealedSecrets {
  private readonly current: SealingKey;
  private readonly previous: SealingKey | undefined;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly jobs: Jobs,
    private readonly random: Random,
  ) {
    const { secret, previousSecret } = config.tokens;
    this.current = sealingKey(secret, 'second factor');
    this.previous = previousSecret === undefined ? undefined : sealingKey(previousSecret, 'second factor');
    if (this.previous)
      jobs.add({
        everyMs: EVERY_MS,
        run: () => this.resealAll(),
        onFault: (error) => {
          logger.warn(
            { event: 'secrets_not_resealed', err: error },
            'second factors could not be encrypted with the new secret: will be retried',
          );
        },
      });
  }

  seal(userId: string, secret: Buffer): Pick<SealedSecret, 'sealed' | 'keyId'> {
    const { key, id } = this.current;
    return { sealed: seal({ key, iv: this.random.bytes(SEAL_IV_BYTES), id: userId }, secret), keyId: id };
  }

  open({ userId, sealed, keyId }: SealedSecret): Buffer | undefined {
    const found = [this.current, this.previous].find((each) => each?.id.equals(keyId));
    const secret = found && unseal({ key: found.key, id: userId }, sealed);
    if (!secret)
      this.logger.error(
        { event: 'second_factor_unreadable', user: userId },
        'a second factor was encrypted with another JWT_SECRET: restore it as JWT_SECRET_PREVIOUS, or reset the factor',
      );
    return secret;
  }

  async resealAll(): Promise<void> {
    const done = { resealed: 0, unreadable: 0 };
    let last: string | undefined = NOBODY;
    while (last !== undefined && !this.jobs.isStopping) last = await this.resealBatch(last, done);
    if (this.jobs.isStopping) return;
    this.logger.info({ event: 'secrets_resealed', ...done }, 'second factors are encrypted with the current secret');
  }

  private resealBatch(after: string, done: { resealed: number; unreadable: number }): Promise<string | undefined> {
    const { previous } = this;
    if (!previous) return Promise.resolve(undefined);
    return this.database.transaction(async (tx) => {
      const batch = await lockSealedWith(tx, { keyId: previous.id, after, limit: BATCH });
      for (const row of batch) {
        const secret = this.open(row);
        if (secret) await resealSecret(tx, { userId: row.userId, ...this.seal(row.userId, secret) });
        done[secret ? 'resealed' : 'unreadable'] += 1;
      }
      return batch.length === BATCH ? batch.at(-1)?.userId : undefined;
    });
  }
}
