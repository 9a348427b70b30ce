import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import type { Caller, Principal } from '../../common/access.js';
import { Clock } from '../../common/clock.js';
import { LOGGER } from '../../common/logger.js';
import { Activity } from '../../common/schedule.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { Listener } from '../listener.js';
import type { Database } from '../sql.js';
import { REPLICAS } from './replica.js';
import { Replicas } from './replicas.js';

type Reader = Principal & Partial<Caller>;

/** Where lists are read: a replica that shows all that the caller wrote, or else the primary. */
@Injectable()
export class Reads implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly replicas: Replicas | undefined;
  private readonly primary: Database;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) logger: Logger,
    @InjectDataSource() { manager: primary, options }: DataSource,
    private readonly clock: Clock,
    activity: Activity,
    listener: Listener,
  ) {
    const { url: primaryUrl } = options as { url: string };
    this.primary = primary;
    if (config.database.replicaUrls.length === 0) return;
    this.replicas = new Replicas(config.database, { logger, activity, listener, primary, primaryUrl });
  }

  /** @param cursor of a later page: the primary shows all that the first page's server had */
  for(caller: Reader, cursor?: string): Database {
    if (this.replicas === undefined || cursor !== undefined || this.isNew(caller)) return this.primary;
    return this.replicas.for(caller.userId);
  }

  /** For what somebody else did to a person, after its commit: their next read shows it, as if they had written it. */
  async announce(userId: string): Promise<void> {
    await this.replicas?.writes.announce(userId);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.replicas?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.replicas?.stop();
  }

  /** A replica may not know the account, or whatever changed before its login. */
  private isNew({ expiresAt, scopes }: Reader): boolean {
    if (expiresAt === undefined || scopes !== undefined) return false;
    const issuedAt = expiresAt * 1_000 - this.config.tokens.accessTtlMs;
    return this.clock.now().getTime() - issuedAt <= REPLICAS.lateMs + 1_000;
  }
}
