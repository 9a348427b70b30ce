/** Writes audit events in the transaction of their cause: who, what, whose account, when, from where. */
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

import type { Principal } from '../common/access.js';
import { Cursors, Page } from '../common/pagination.js';
import { run, type Sql } from '../database/sql.js';
import {
  type AuditEvent,
  type AuditFilter,
  auditInsertion,
  auditKey,
  type ListedAuditEvent,
  selectAuditPage,
} from './audit.query.js';
import type { Client } from '../common/actor.js';

export interface AuditPage {
  readonly cursor: string | undefined;
  readonly limit: number;
}

@Injectable()
export class Audit {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly cursors: Cursors,
  ) {}

  async record(tx: EntityManager | undefined, client: Client, events: readonly AuditEvent[]): Promise<void> {
    if (events.length === 0) return;
    await run(tx ?? this.database.manager, auditInsertion(events, client));
  }

  insertion(client: Client, events: readonly AuditEvent[], where: Sql): Sql {
    return auditInsertion(events, client, where);
  }

  listOwn({ userId }: Principal, page: AuditPage): Promise<Page<ListedAuditEvent>> {
    return this.list(`activity ${userId}`, { subjectId: userId }, page);
  }

  listAll(filter: AuditFilter, page: AuditPage): Promise<Page<ListedAuditEvent>> {
    return this.list('audit', filter, page);
  }

  private async list(
    scope: string,
    filter: AuditFilter,
    { cursor, limit }: AuditPage,
  ): Promise<Page<ListedAuditEvent>> {
    const after = cursor === undefined ? undefined : this.cursors.decode(scope, cursor);
    const rows = await selectAuditPage(this.database.manager, filter, { after, limit: limit + 1 });
    return Page.cut(rows, limit, (last) => this.cursors.encode(scope, auditKey(last)));
  }
}
