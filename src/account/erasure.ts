/** Erases accounts whose deletion is final, in small batches, on any number of instances. A crash loses no progress. */
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { LoginGuard } from '../auth/login-guard/login-guard.js';
import { LOGGER } from '../common/logger.js';
import { PersonalDataRegistry } from '../common/personal-data.js';
import { Jobs } from '../common/schedule.js';
import { closeDueAccount, deleteAccount, lockClosedAccount } from './erasure.query.js';
import { NO_CLIENT } from '../common/actor.js';

const EVERY_MS = 5 * 60_000;
const BATCH = 1_000;

@Injectable()
export class Erasure {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly audit: Audit,
    private readonly personalData: PersonalDataRegistry,
    private readonly loginGuard: LoginGuard,
    private readonly jobs: Jobs,
  ) {
    jobs.add({
      everyMs: EVERY_MS,
      run: () => this.run(),
      onFault: (error) => {
        logger.warn({ event: 'erasures_unread', err: error }, 'accounts to erase could not be read: will be retried');
      },
    });
  }

  async run(batch = BATCH): Promise<number> {
    const passed: string[] = [];
    let erased = 0;
    while (!this.jobs.isStopping) {
      const userId = await closeDueAccount(this.database.manager, passed);
      if (userId === undefined) break;
      if (await this.tryToErase(userId, batch)) erased += 1;
      else passed.push(userId);
    }
    return erased;
  }

  private async tryToErase(userId: string, batch: number): Promise<boolean> {
    try {
      return await this.erase(userId, batch);
    } catch (error) {
      this.logger.warn(
        { event: 'erasure_failed', user: userId, err: error },
        'account could not be erased: will be retried',
      );
      return false;
    }
  }

  private async erase(userId: string, batch: number): Promise<boolean> {
    const erased: Record<string, number> = {};
    for (const { name, eraseBatch } of this.personalData.inOrderOfErasure()) {
      if (!eraseBatch) continue;
      let last = batch;
      erased[name] = 0;
      while (last === batch) {
        const count = await this.database.transaction(async (tx) =>
          !this.jobs.isStopping && (await lockClosedAccount(tx, userId)) ? eraseBatch(tx, userId, batch) : undefined,
        );
        if (count === undefined) return false;
        last = count;
        erased[name] += count;
      }
    }
    if (!(await this.finish(userId))) return false;
    this.logger.info({ event: 'account_erased', user: userId, ...erased }, 'account erased');
    return true;
  }

  private async finish(userId: string): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const account = await lockClosedAccount(tx, userId);
      if (!account) return false;
      await this.loginGuard.forget(tx, account);
      for (const { beforeDelete } of this.personalData.all()) await beforeDelete?.(tx, userId);
      await deleteAccount(tx, userId);
      await this.audit.record(tx, NO_CLIENT, [{ action: 'user.erased', actorId: null, subjectId: userId }]);
      return true;
    });
  }
}
