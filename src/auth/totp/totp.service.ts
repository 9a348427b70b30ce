import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { renderSVG } from 'uqr';

import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import { AppError } from '../../common/errors.js';
import { Random } from '../../common/random.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { base32, matchingStep, otpauthUrl, SECRET_BYTES } from './codes.js';
import { SealedSecrets } from './sealed-secrets.js';
import { confirmSecret, deleteSecret, putPending, selectPending, selectSecret, useStep } from './totp.query.js';

export const TOTP = 'totp';

export const ENROLMENT_MS = 10 * 60_000;

export interface Enrolment {
  readonly secret: string;
  readonly url: string;
  readonly qrSvg: string;
}

@Injectable()
export class TotpService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly database: DataSource,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly secondFactors: SecondFactors,
    private readonly sealed: SealedSecrets,
  ) {}

  /** @throws AppError `totp_enabled` */
  async begin({ principal }: Actor): Promise<Enrolment> {
    const { userId, sessionId } = principal;
    const secret = this.random.bytes(SECRET_BYTES);
    return this.database.transaction(async (tx) => {
      const user = await this.secondFactors.lockOwner(tx, principal);
      if (user.secondFactors.includes(TOTP)) throw new AppError('totp_enabled');
      await putPending(tx, { userId, sessionId, ...this.sealed.seal(userId, secret), ttlMs: ENROLMENT_MS });
      const url = otpauthUrl(secret, { issuer: this.config.mail.serviceName, account: user.email });
      return { secret: base32(secret), url, qrSvg: renderSVG(url, { border: 4 }) };
    });
  }

  /** @returns recovery codes, for the first second factor. @throws AppError `totp_not_begun`, `wrong_second_factor` */
  async confirm(actor: Actor, code: string): Promise<string[]> {
    const { userId, sessionId } = actor.principal;
    return this.database.transaction(async (tx) => {
      const user = await this.secondFactors.lockOwner(tx, actor.principal);
      const pending = await selectPending(tx, userId, sessionId);
      const secret = pending && this.sealed.open(pending);
      if (!secret) throw new AppError('totp_not_begun');
      const step = matchingStep(secret, code, this.clock.epochSeconds());
      if (step === undefined) throw new AppError('wrong_second_factor');
      await confirmSecret(tx, userId, step);
      return this.secondFactors.enable(tx, actor, { user, name: TOTP });
    });
  }

  async remove(actor: Actor): Promise<void> {
    await this.database.transaction(async (tx) => {
      const user = await this.secondFactors.lockOwner(tx, actor.principal);
      if (!user.secondFactors.includes(TOTP)) throw new AppError('totp_not_enabled');
      await deleteSecret(tx, user.id);
      await this.secondFactors.disable(tx, actor, { user, name: TOTP });
    });
  }

  async take(tx: EntityManager, userId: string, code: string): Promise<boolean> {
    const row = await selectSecret(tx, userId);
    const secret = row && this.sealed.open(row);
    const step = secret && matchingStep(secret, code, this.clock.epochSeconds());
    return step !== undefined && useStep(tx, userId, step);
  }
}
