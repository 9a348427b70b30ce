import { Controller, Get, Query, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';

import { ForServices } from '../../common/access.js';
import { Answers } from '../../http/openapi/answers.js';
import { addLink, type CursorKey, Cursors, linkToNext } from '../../common/pagination.js';
import { ListRevocationsQuery, presentRevocation, RevocationResponse } from './revocations.dto.js';
import { type FeedPosition, selectFeedPage, selectServer } from './revocations.query.js';

const SCOPE = 'revocations';
const PAGE_SIZE = 1_000;

@ApiTags('Authentication')
@Controller('auth/revocations')
export class RevocationsController {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly cursors: Cursors,
  ) {}

  /**
   * What ended, for services that verify access tokens themselves; bearer SERVICE_TOKEN.
   *
   * @remarks
   * Every page has a `Link` to the next one, the last one too: it is where the next look begins. After a page of 1,000
   * entries ask again at once, after a shorter one in a second. Nothing is left out, whatever the order in which
   * transactions commit; an entry may come more than once.
   */
  @Get()
  @ForServices()
  @Answers({ status: 200, type: [RevocationResponse], paged: 'endless', atMost: PAGE_SIZE })
  async listRevocations(
    @Query() { after }: ListRevocationsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RevocationResponse[]> {
    const key = after === undefined ? undefined : this.cursors.decode(SCOPE, after, 'after');
    const server = await selectServer(this.database.manager);
    // A cursor of another server, or of the time before its restart, begins anew.
    const [, ...place] = key?.[0] === server ? key : [];
    const { oldest, rows } = await selectFeedPage(this.database.manager, {
      ...positionOf(place),
      limit: PAGE_SIZE,
    });
    const last = rows.length === PAGE_SIZE ? rows.at(-1) : undefined;
    // A walk over several pages is followed by one that begins where the oldest transaction stood at the walk's start.
    const walk = place.length === 3 ? String(place[0]) : oldest;
    const next = this.cursors.encode(SCOPE, [server, walk, ...(last ? [last.tx, last.id] : [])]);
    addLink(reply, linkToNext(reply.request, 'after', next));
    return rows.map(presentRevocation);
  }
}

function positionOf([since, tx, id]: CursorKey): FeedPosition {
  if (since === undefined) return {};
  return tx === undefined || id === undefined
    ? { since: String(since) }
    : { after: { tx: String(tx), id: String(id) } };
}
