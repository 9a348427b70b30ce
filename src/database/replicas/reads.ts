import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';

import type { Caller, Principal } from '../../common/access.js';
import type { Clock } from '../../common/clock.js';
import type { Database } from '../sql.js';
import { REPLICAS, type Replicas } from './replicas.js';

type Reader = Principal & Partial<Caller>;

export interface ReadsOptions {
  readonly primary: Database;
  readonly clock: Clock;
  readonly accessTtlMs: number;
  readonly replicas?: Replicas | undefined;
}

/** Where lists are read: a replica that shows all that the caller wrote, or else the primary. */
export class Reads implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly options: ReadsOptions) {}

  get replicas(): Replicas | undefined {
    return this.options.replicas;
  }

  /** @param cursor of a later page: the primary shows all that the first page's server had */
  for(caller: Reader, cursor?: string): Database {
    const { replicas, primary } = this.options;
    if (replicas === undefined || cursor !== undefined || this.isNew(caller)) return primary;
    return replicas.for(caller.userId) ?? primary;
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
    const ageMs = this.options.clock.now().getTime() - (expiresAt * 1_000 - this.options.accessTtlMs);
    return ageMs <= REPLICAS.lateMs + 1_000;
  }
}
