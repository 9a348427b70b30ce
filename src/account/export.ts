/** Streams all data of a person as one JSON document, in constant memory, at the reader's pace. */
import { Readable } from 'node:stream';

import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { Revocations } from '../auth/revocations/revocations.js';
import type { Principal } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { LOGGER } from '../common/logger.js';
import { type PersonalData, PersonalDataRegistry } from '../common/personal-data.js';
import { isoTimestamp } from '../common/timestamps.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { type AccountResponse, presentAccount } from '../users/users.dto.js';
import { inOrder } from './export.dto.js';
import { UsersService } from '../users/users.service.js';
import type { Actor } from '../common/actor.js';

const GRACE_MS = 5_000;

@Injectable()
export class Export implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly audit: Audit,
    private readonly revocations: Revocations,
    private readonly personalData: PersonalDataRegistry,
    private readonly clock: Clock,
  ) {}

  beforeApplicationShutdown(): void {
    const graceMs = Math.min(GRACE_MS, this.config.http.shutdownTimeoutMs / 2);
    setTimeout(() => {
      this.stopping.abort();
    }, graceMs).unref();
  }

  /** Stays unfinished when a read fails or the session ends. @throws AppError `invalid_token` without account */
  async begin(actor: Actor): Promise<Readable> {
    const { userId, sessionId } = actor.principal;
    const user = await this.users.require(userId);
    await this.audit.record(undefined, actor, [
      { action: 'user.exported', actorId: userId, subjectId: userId, sessionId },
    ]);
    return Readable.from(this.document(actor.principal, presentAccount(user)), { signal: this.stopping.signal });
  }

  private async *document(principal: Principal, profile: AccountResponse): AsyncGenerator<string> {
    let end: 'whole' | 'broken' | 'left' = 'left';
    let rows = 0;
    try {
      yield `{"exported_at":"${isoTimestamp(this.clock.now())}","profile":${JSON.stringify(profile)}`;
      for (const { name, exportRows } of this.lists()) {
        let opening = `,"${name}":[`;
        for await (const batch of exportRows(this.database.manager, principal)) {
          // A stolen token stops reading when its session ends.
          await this.revocations.check(principal);
          yield opening + batch.map((row) => JSON.stringify(row)).join(',');
          rows += batch.length;
          opening = ',';
        }
        yield opening === ',' ? ']' : `${opening}]`;
      }
      end = 'whole';
      yield '}';
    } catch (error) {
      end = 'broken';
      this.logger.warn({ event: 'export_broken', user: principal.userId, err: error }, 'export broken off');
      throw error;
    } finally {
      this.logger.info({ event: 'export_ended', user: principal.userId, end, rows }, 'export ended');
    }
  }

  private lists(): Required<Pick<PersonalData, 'name' | 'exportRows'>>[] {
    return inOrder(
      this.personalData
        .all()
        .flatMap(({ name, exportRows }) => (exportRows === undefined ? [] : [{ name, exportRows }])),
    );
  }
}
