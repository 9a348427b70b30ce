import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { CurrentUser, type Principal } from '../common/access.js';
import { PageQuery } from '../http/input/page-query.dto.js';
import { Answers } from '../http/openapi/answers.js';
import { ActivityResponse, presentActivity } from './audit.dto.js';
import { Audit } from './audit.js';

@ApiTags('Users')
@Controller('users/me/activity')
export class ActivityController {
  constructor(private readonly audit: Audit) {}

  /** What happened to the caller's account, the newest first, in keyset pages; the next page is in the `Link` header. */
  @Get()
  @Answers({ status: 200, type: [ActivityResponse], paged: true })
  async listOwnActivity(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit }: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ActivityResponse[]> {
    const page = await this.audit.listOwn(principal, { cursor, limit });
    return page.present(reply, presentActivity);
  }
}
