import { Controller, Get, Query, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';

import { Audit } from '../audit/audit.js';
import { Roles, Scoped } from '../common/access.js';
import { Answers } from '../http/openapi/answers.js';
import { parseDayOrTimestamp } from '../common/timestamps.js';
import { AuditEventResponse, ListAuditQuery, presentAuditEvent, presentStats, StatsResponse } from './admin.dto.js';
import { selectStats } from './stats.query.js';

@ApiTags('Administration')
@Controller('admin')
@Roles('admin')
export class AdminController {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly audit: Audit,
  ) {}

  /** What happened to all accounts, the newest first, in keyset pages; the next page is in the `Link` header. */
  @Get('audit')
  @Scoped('admin:audit')
  @Answers({ status: 200, type: [AuditEventResponse], paged: true })
  async listAuditEvents(
    @Query() { actor, subject, action, from, to, cursor, limit }: ListAuditQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditEventResponse[]> {
    const times = { from: parseDayOrTimestamp(from ?? ''), to: parseDayOrTimestamp(to ?? '') };
    const filter = { actorId: actor, subjectId: subject, action, ...times };
    return (await this.audit.listAll(filter, { cursor, limit })).present(reply, presentAuditEvent);
  }

  /** Accounts, who was active, and what was made by day. Days are by UTC. A job counts what takes long. */
  @Get('stats')
  @Scoped('admin:stats')
  @Answers({ status: 200, type: StatsResponse })
  async getStats(): Promise<StatsResponse> {
    return presentStats(await selectStats(this.database.manager));
  }
}
