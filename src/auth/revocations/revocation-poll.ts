/** Polls revocations every second, and at once when another instance notifies; rests while nobody uses this instance. */
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Activity } from '../../common/schedule.js';
import { LOGGER } from '../../common/logger.js';
import { Loop } from '../../common/loop.js';
import { Listener } from '../../database/listener.js';
import { TransactionIds } from '../../database/transaction-ids.js';
import { Revocations } from './revocations.js';
import { readRevocations } from './revocations.query.js';

export const REVOCATION_POLL = { everyMs: 1_000 };

@Injectable()
export class RevocationPoll implements OnApplicationBootstrap, OnApplicationShutdown {
  private snapshot: string | undefined;
  private server: string | undefined;
  private readsAll = true;
  private failing = false;
  private readonly loop = new Loop({
    pauseMs: () => REVOCATION_POLL.everyMs,
    run: () => this.read(),
    isDone: () => this.mayRest(),
  });

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly listener: Listener,
    private readonly transactions: TransactionIds,
    private readonly revocations: Revocations,
    private readonly activity: Activity,
  ) {}

  /** Listens, then reads everything, then serves: no revocation is missed. If it fails, requests ask the database. */
  async onApplicationBootstrap(): Promise<void> {
    await this.listener.listen({
      channel: 'revocations',
      onNotification: () => {
        this.loop.wake();
      },
      onReconnect: () => {
        this.readAll();
      },
    });
    await this.read();
    this.loop.start();
  }

  /** Late on purpose: tokens revoked while the last requests are answered must be refused, too. */
  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** The transaction up to which all revocations were read. */
  get cursor(): number {
    return Number(this.snapshot?.split(':')[0] ?? NaN);
  }

  private mayRest(): boolean {
    const { isIdle } = this.activity;
    if (isIdle)
      this.revocations.rest(async () => {
        await this.read();
        this.loop.start();
      });
    return isIdle;
  }

  private readAll(): void {
    this.readsAll = true;
    this.loop.wake();
  }

  private async read(): Promise<void> {
    const startedAt = performance.now();
    const since = this.readsAll ? undefined : this.snapshot;
    this.readsAll = false;
    try {
      const { snapshot, server, rows, isForeign } = await readRevocations(this.database.manager, since);
      // Another or restarted server may know fewer transactions than the snapshot.
      if (since !== undefined && server !== this.server) {
        this.readAll();
        return;
      }
      // A restored dump may have lower epochs: they must not refuse new logins.
      if (this.server !== undefined && server !== this.server) this.revocations.forgetEpochs(startedAt);
      this.revocations.add(rows, startedAt);
      this.snapshot = snapshot;
      this.server = server;
      if (this.failing) this.logger.info({ event: 'revocations_read' }, 'revocations are read again');
      this.failing = false;
      if (isForeign) await this.transactions.makeOld();
    } catch (error) {
      if (this.loop.isStopped) return;
      this.readsAll = true;
      if (!this.failing)
        this.logger.warn({ event: 'revocations_unread', err: error }, 'revocations cannot be read: trying again');
      this.failing = true;
    }
  }
}
